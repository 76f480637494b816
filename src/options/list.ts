import { z } from 'zod';
import { database, identityOptions, storeOptions, trustOptions, whichBackup } from './common.ts';

export const listOptions = z.strictObject({ ...storeOptions, database: database.optional(), ...trustOptions });
export const showOptions = z.strictObject({ ...storeOptions, database, backup: whichBackup, ...identityOptions, ...trustOptions });

export type ListOptions = z.output<typeof listOptions>;
export type ShowOptions = z.output<typeof showOptions>;
