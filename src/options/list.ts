import { z } from 'zod';
import { database, identityOptions, storeOptions, whichBackup } from './common.ts';

export const listOptions = z.strictObject({ ...storeOptions, database: database.optional() });
export const showOptions = z.strictObject({ ...storeOptions, database, backup: whichBackup, ...identityOptions });

export type ListOptions = z.output<typeof listOptions>;
export type ShowOptions = z.output<typeof showOptions>;
