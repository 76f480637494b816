import { z } from 'zod';
import { database, databaseUrl, jobs, lockOptions, patterns, recipientOptions, signingKey, storeOptions, trustOptions } from './common.ts';
import { copyStores } from './copies.ts';
import { durationSeconds, option, wholeNumber } from './define.ts';

export const backupOptions = z.strictObject({
  databaseUrl,
  ...storeOptions,
  database: database.optional(),
  jobs,
  checksums: option(z.boolean().optional(), {
    description: "Take a checksum of every table's rows beside their count; on for databases under 10 GB unless told otherwise.",
  }),
  schema: patterns('Only schemas that match, as in pg_dump --schema; may be given several times.'),
  excludeSchema: patterns('No schema that matches, as in pg_dump --exclude-schema.'),
  excludeTable: patterns('No table that matches, as in pg_dump --exclude-table.'),
  excludeTableData: patterns('No rows of a table that matches, as in pg_dump --exclude-table-data.'),
  lockTimeout: option(durationSeconds().default(60), {
    description: 'How long to wait for a lock on a table before giving up.',
    placeholder: 'DURATION',
  }),
  compressionLevel: option(wholeNumber(1, 19).optional(), {
    description: "zstd's level, 1 to 19; 1 unless given, which keeps up with pg_dump.",
    placeholder: 'N',
  }),
  copy: copyStores('Copy the backup to this store too when it is done.'),
  copyWithin: option(durationSeconds().default(7 * 86_400), {
    description: 'Of earlier backups that such a store lacks, copy those as young as this too, newest first; lifeboat copy brings all.',
    placeholder: 'DURATION',
  }),
  ...recipientOptions,
  encryptManifest: option(z.boolean().default(false), {
    description: 'Hide the names of tables and all else in the manifest and in proofs too: only counts, sizes and digests stay readable.',
  }),
  ...lockOptions,
  signingKey,
  ...trustOptions,
});

export type BackupOptions = z.output<typeof backupOptions>;
