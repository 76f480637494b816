import { z } from 'zod';
import { database, identityOptions, jobs, lockOptions, recipientOptions, signingKey, storeOptions, trustOptions } from './common.ts';
import { option } from './define.ts';

export const rotateRecipientsOptions = z.strictObject({
  ...storeOptions,
  database,
  backup: option(z.string().min(1, 'is empty').default('all'), {
    description: 'Which backup: its id, latest, or all.',
    placeholder: 'ID',
  }),
  ...recipientOptions,
  ...identityOptions,
  jobs,
  ...lockOptions,
  ...trustOptions,
  signingKey,
  apply: option(z.boolean().default(false), {
    description: 'Encrypt the parts anew. Otherwise it is only said what would be done.',
    byHand: true,
  }),
});

export type RotateRecipientsOptions = z.output<typeof rotateRecipientsOptions>;
