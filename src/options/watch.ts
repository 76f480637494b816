import { z } from 'zod';
import { storeOptions, trustOptions } from './common.ts';
import { durationSeconds, option } from './define.ts';

const text = z.string().min(1, 'is empty');

export const watchOptions = z.strictObject({
  ...storeOptions,
  database: option(z.array(text).default([]), {
    description:
      'Only this database, which must have a backup; may be given several times. Unless given: those in lifeboat.yml, else all that the store knows.',
    placeholder: 'NAME',
  }),
  maxBackupAge: option(durationSeconds().default(26 * 3600), {
    description: 'How old the newest backup may be.',
    placeholder: 'DURATION',
  }),
  maxProofAge: option(durationSeconds().default(8 * 86_400), {
    description: 'How old the newest proof may be. Only a drill that proved everything counts.',
    placeholder: 'DURATION',
  }),
  schedules: option(z.boolean().optional(), {
    description:
      "Look at the repository's scheduled workflows too: whether they are enabled, and ran when they should have. GitHub may be late by half the interval, at least 1 hour and at most 3. On in GitHub Actions unless told otherwise; elsewhere nobody can be asked.",
  }),
  workflow: option(z.array(text).default([]), {
    description: 'Of the scheduled workflows, only this file, which must be there: backup.yml; may be given several times.',
    placeholder: 'FILE',
  }),
  ...trustOptions,
});

export type WatchOptions = z.output<typeof watchOptions>;
