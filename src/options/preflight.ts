import { z } from 'zod';
import { PROVIDERS } from '../providers/profiles.ts';
import { backupOptions } from './backup.ts';
import { database, databaseUrl, jobs, storeOptions } from './common.ts';
import { durationSeconds, option } from './define.ts';
import { drillOptions } from './drill.ts';
import { pruneOptions } from './prune.ts';

const { schema, excludeSchema, excludeTable, excludeTableData, lockTimeout, lockDays } = backupOptions.shape;
const { allowMissingExtension, scratchFolder } = drillOptions.shape;
const { keepWithin, daily, weekly, monthly, yearly } = pruneOptions.shape;

export const preflightOptions = z.strictObject({
  databaseUrl,
  ...storeOptions,
  database: database.optional(),
  timeLimit: option(durationSeconds().default(350 * 60), {
    description: 'How long a backup or a drill may take before the job is ended: 350 minutes in the workflows.',
    placeholder: 'DURATION',
  }),
  profile: option(z.enum(['auto', ...PROVIDERS, 'none'], `is none of auto, ${PROVIDERS.join(', ')} and none`).default('auto'), {
    description: 'Who runs the server: which schemas, roles and extensions are expected. auto: found out by its host and its roles.',
    placeholder: 'PROVIDER',
  }),
  jobs,
  schema,
  excludeSchema,
  excludeTable,
  excludeTableData,
  lockTimeout,
  lockDays,
  allowMissingExtension,
  scratchFolder,
  keepWithin,
  daily,
  weekly,
  monthly,
  yearly,
});

export type PreflightOptions = z.output<typeof preflightOptions>;
