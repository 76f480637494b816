import { z } from 'zod';
import { PROVIDERS } from '../providers/profiles.ts';
import { database, identityOptions, jobs, signingKey, storeOptions, trustOptions, whichBackup } from './common.ts';
import { copyStores, fromStore } from './copies.ts';
import { durationSeconds, option } from './define.ts';

const text = z.string().min(1, 'is empty');

export const drillOptions = z.strictObject({
  ...storeOptions,
  database,
  backup: option(whichBackup, {
    description: 'Which backup: its id, latest, or random, which is by chance one that is older than the newest.',
    placeholder: 'ID',
  }),
  copy: copyStores('A store with copies of the backups, for --from.'),
  from: fromStore(
    'Drill what this store holds instead: the URL of a copy, or any, which is by chance one of the store and its copies. The proof goes where the backup came from.',
  ),
  ...identityOptions,
  rto: option(durationSeconds().default(3600), { description: 'How long a recovery may take.', placeholder: 'DURATION' }),
  rpo: option(durationSeconds().default(86_400), { description: 'How old the newest backup may be.', placeholder: 'DURATION' }),
  into: option(text.optional(), {
    description: 'Use a throwaway database on this server rather than a throwaway server here.',
    placeholder: 'URL',
    environment: 'SCRATCH_DATABASE_URL',
    secret: true,
  }),
  keep: option(z.boolean().default(false), {
    description: 'Leave the restored database for a look at it, and say how to connect.',
  }),
  jobs,
  assert: option(z.array(text).default([]), {
    description: 'A query that must return true, as "name: SELECT …"; $1 is the time of the snapshot. May be given several times.',
    placeholder: 'ASSERTION',
  }),
  allowMissingExtension: option(z.array(text).default([]), {
    description: 'An extension that scratch may lack: it and what hangs on it are listed as not proven. May be given several times.',
    placeholder: 'NAME',
  }),
  profile: option(z.enum(['auto', ...PROVIDERS, 'none'], `is none of auto, ${PROVIDERS.join(', ')} and none`).default('auto'), {
    description:
      'Who runs the source: what is theirs alone may be missing from scratch, and is listed as not proven. auto: as the backup says; none: nothing may be missing.',
    placeholder: 'PROVIDER',
  }),
  scratchFolder: option(text.optional(), {
    description: "Where scratch is made; the system's folder for temporary files unless given.",
    placeholder: 'FOLDER',
  }),
  ...trustOptions,
  signingKey,
});

export type DrillOptions = z.output<typeof drillOptions>;
