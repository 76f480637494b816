import { z } from 'zod';
import { database, identityOptions, jobs, storeOptions, trustOptions, whichBackup } from './common.ts';
import { copyStores, fromStore } from './copies.ts';
import { option } from './define.ts';

const text = z.string().min(1, 'is empty');

export const restoreOptions = z.strictObject({
  ...storeOptions,
  database,
  backup: whichBackup,
  copy: copyStores('A store with copies of the backups, for --from.'),
  from: fromStore('Restore from this store instead: the URL of a copy.'),
  ...identityOptions,
  targetUrl: option(text, {
    description: 'The database to restore into, as a postgres:// URL.',
    placeholder: 'URL',
    environment: 'TARGET_DATABASE_URL',
    secret: true,
  }),
  confirm: option(text.optional(), {
    description: "The target database's name, typed once more: nothing is written without it.",
    placeholder: 'DBNAME',
    byHand: true,
  }),
  jobs,
  table: option(z.array(text).default([]), {
    description: 'Only this table: definition, rows, sequences, keys and indexes; may be given several times.',
    placeholder: 'SCHEMA.TABLE',
  }),
  clean: option(z.boolean().default(false), {
    description: 'Empty the target first. Every part is checked before anything is dropped.',
    byHand: true,
  }),
  noOwner: option(z.boolean().default(false), {
    description: 'Leave out owners and grants: everything belongs to the role that restores.',
  }),
  overTheSource: option(z.boolean().default(false), {
    description: 'Allow the target to be the very database that the backup was taken from.',
    byHand: true,
  }),
  dryRun: option(z.boolean().default(false), {
    description: 'Say what would be done, and stop there.',
  }),
  ...trustOptions,
});

export type RestoreOptions = z.output<typeof restoreOptions>;
