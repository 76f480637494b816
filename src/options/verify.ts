import { z } from 'zod';
import { identityOptions, jobs, storeOptions, trustOptions } from './common.ts';
import { copyStores, fromStore } from './copies.ts';
import { option } from './define.ts';

const text = z.string().min(1, 'is empty');

export const verifyOptions = z.strictObject({
  ...storeOptions,
  copy: copyStores('A store with copies of the backups, for --from.'),
  from: fromStore('Verify what this store holds instead: the URL of a copy.'),
  database: option(z.array(text).default([]), {
    description: 'Only the backups of this database; may be given several times. Unless given: those in lifeboat.yml, else all that the store knows.',
    placeholder: 'NAME',
  }),
  backup: option(text.optional(), {
    description: 'Only this backup of one database: its id, or latest. All of them unless given.',
    placeholder: 'ID',
  }),
  ...identityOptions,
  jobs,
  ...trustOptions,
});

export type VerifyOptions = z.output<typeof verifyOptions>;
