import { z } from 'zod';
import { database, identityOptions, storeOptions, trustOptions, whichBackup } from './common.ts';
import { copyStores } from './copies.ts';
import { option } from './define.ts';

export const listOptions = z.strictObject({
  ...storeOptions,
  database: database.optional(),
  copy: copyStores('A store with copies of the backups, for --all-copies.'),
  allCopies: option(z.boolean().default(false), {
    description: 'Show in which of the store and its copies each backup is, and whether it is whole and the same there.',
  }),
  ...trustOptions,
});
export const showOptions = z.strictObject({ ...storeOptions, database, backup: whichBackup, ...identityOptions, ...trustOptions });

export type ListOptions = z.output<typeof listOptions>;
export type ShowOptions = z.output<typeof showOptions>;
