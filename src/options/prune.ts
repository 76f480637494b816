import { z } from 'zod';
import { isTimeZone } from '../retention/calendar.ts';
import { database, storeOptions, trustOptions } from './common.ts';
import { durationSeconds, option, wholeNumber } from './define.ts';

const slots = (unit: string) =>
  option(wholeNumber(0, 10_000).optional(), {
    description: `Keep the newest proven backup of each of so many ${unit}s; of the last so many that have none, the first unproven one.`,
    placeholder: 'N',
  });

export const pruneOptions = z.strictObject({
  ...storeOptions,
  database,
  keepLast: option(wholeNumber(0, 10_000).optional(), {
    description: 'Keep every backup until so many newer ones are proven.',
    placeholder: 'N',
  }),
  keepWithin: option(durationSeconds().optional(), {
    description: 'Keep every backup that is as young.',
    placeholder: 'DURATION',
  }),
  daily: slots('day'),
  weekly: slots('ISO week'),
  monthly: slots('month'),
  yearly: slots('year'),
  timezone: option(z.string().refine(isTimeZone, 'is not a time zone: write one like UTC or Europe/Berlin').default('UTC'), {
    description: 'Where days, weeks, months and years begin.',
    placeholder: 'ZONE',
  }),
  keepFailed: option(durationSeconds().default(14 * 86_400), {
    description: 'Keep a backup whose drill failed for so long after that, to look into it. It takes no place of those above.',
    placeholder: 'DURATION',
  }),
  minKeep: option(wholeNumber(1, 10_000).default(3), {
    description: 'Whatever else is said, delete no backup before so many newer ones are proven. The newest proven one is never deleted.',
    placeholder: 'N',
  }),
  apply: option(z.boolean().default(false), {
    description: 'Delete what is not kept. Otherwise it is only said what would be deleted.',
    byHand: true,
  }),
  ...trustOptions,
});

export type PruneOptions = z.output<typeof pruneOptions>;

/** Without any of these, nothing is deleted. */
export const RETENTION_KEYS = ['keep-last', 'keep-within', 'daily', 'weekly', 'monthly', 'yearly'] as const;
