import { z } from 'zod';
import { parseWindow } from '../indexes/repair/window.ts';
import { isTimeZone } from '../retention/calendar.ts';
import { storeOptions, trustOptions } from './common.ts';
import { byteSize, durationSeconds, option } from './define.ts';

const text = z.string().min(1, 'is empty');
const GIB = 1024 ** 3;

/** Postgres takes 0 for no limit at all, and counts milliseconds in 32 bits. */
function isLockTimeout(seconds: number): boolean {
  return seconds >= 0.001 && seconds <= 24 * 86_400;
}

export const reindexOptions = z.strictObject({
  databaseUrl: option(text, {
    description: 'The database whose indexes are rebuilt, as a postgres:// URL: the primary, and no pooler.',
    placeholder: 'URL',
    environment: 'DATABASE_URL',
    secret: true,
  }),
  ...storeOptions,
  storage: option(text.optional(), {
    description: 'Where reports lie, and where is noted what is under way: s3://bucket/prefix or file:///folder.',
    placeholder: 'STORE',
    environment: 'LIFEBOAT_STORAGE',
  }),
  database: option(text.optional(), {
    description: "The database's name in the store; its own name unless given.",
    placeholder: 'NAME',
  }),
  index: option(z.array(text).default([]), {
    description: 'Rebuild this index; of a partitioned one, all of its leaves. May be given several times.',
    placeholder: 'SCHEMA.INDEX',
    byHand: true,
  }),
  fromReport: option(text.optional(), {
    description: 'Rebuild the indexes that a report calls bloated: latest, or the file of one.',
    placeholder: 'FILE',
    byHand: true,
  }),
  apply: option(z.boolean().default(false), {
    description: 'Rebuild them. Otherwise it is only said what would be done.',
    byHand: true,
  }),
  maxBytes: option(byteSize().optional(), {
    description: 'How much disk an index may take while it is built, beside the old one; it needs 1.2 times its predicted size. Needed to apply.',
    placeholder: 'SIZE',
  }),
  window: option(
    z
      .string()
      .transform((value, context) => {
        const window = parseWindow(value);
        if (window === null) context.addIssue({ code: 'custom', message: 'is not a time window: write it like 01:00-05:00' });
        return window ?? z.NEVER;
      })
      .optional(),
    {
      description: 'Rebuild only between these hours; at the end of them, what is under way is cancelled.',
      placeholder: 'HH:MM-HH:MM',
    },
  ),
  timezone: option(z.string().refine(isTimeZone, 'is not a time zone: write one like UTC or Europe/Berlin').default('UTC'), {
    description: 'Whose hours those are.',
    placeholder: 'ZONE',
  }),
  deadline: option(durationSeconds().optional(), {
    description: 'Be done after so long; what is under way then is cancelled.',
    placeholder: 'DURATION',
  }),
  maxTransactionAge: option(durationSeconds().default(300), {
    description: 'Begin nothing while a transaction has been open for longer: a rebuild would wait for it.',
    placeholder: 'DURATION',
  }),
  lockTimeout: option(durationSeconds().refine(isLockTimeout, 'is not a time that Postgres can wait: write one from 0.001s to 24d').default(600), {
    description: 'How long a rebuild waits for a lock or for a transaction, in which it keeps nobody from reading or writing.',
    placeholder: 'DURATION',
  }),
  maxReplicaLag: option(byteSize().default(GIB), {
    description: 'Cancel when a replica is so many bytes of WAL behind.',
    placeholder: 'SIZE',
  }),
  maxSlotWal: option(byteSize().default(10 * GIB), {
    description: 'Cancel when a replication slot holds back so many bytes of WAL.',
    placeholder: 'SIZE',
  }),
  state: option(text.optional(), {
    description: 'Note in this file what is under way, instead of in the store.',
    placeholder: 'FILE',
  }),
  removeLeftovers: option(z.boolean().default(false), {
    description: 'With --apply, also drop invalid _ccnew and _ccold indexes of which it is not noted whose they are.',
    byHand: true,
  }),
  ...trustOptions,
});

export type ReindexOptions = z.output<typeof reindexOptions>;
