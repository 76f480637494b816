import { z } from 'zod';
import { FINDING_KINDS, type FindingKind } from '../indexes/finding.ts';
import type { IgnoreRule } from '../indexes/ignore.ts';
import { database, databaseUrl, storeOptions, trustOptions } from './common.ts';
import { byteSize, decimalNumber, durationSeconds, option, wholeNumber } from './define.ts';

const text = z.string().min(1, 'is empty');

const percent = (least: number, description: string, fallback: number) =>
  option(wholeNumber(least, 100).default(fallback), { description, placeholder: 'PERCENT' });

const IGNORE =
  /^(?<object>(?:"(?:[^"]|"")*"|[^\s:"])+)(?:\s+(?!until\s)(?<kind>[a-z-]+))?(?:\s+until\s+(?<until>\d{4}-\d\d-\d\d))?\s*:\s+(?<reason>\S.*)$/s;

/** As lifeboat.yml has it, where it was looked through (src/options/config-schema.ts). */
export interface IgnoreMapping {
  readonly index: string;
  readonly kind?: FindingKind | null;
  readonly until?: string | null;
  readonly reason: string;
}

const ignoreRule = z.custom<string | IgnoreMapping>().transform((rule, context): IgnoreRule => {
  if (typeof rule !== 'string') return { object: rule.index, kind: rule.kind ?? null, until: rule.until ?? null, reason: rule.reason };
  const { object = '', kind, until, reason = '' } = IGNORE.exec(rule)?.groups ?? {};
  const isKind = kind === undefined || (FINDING_KINDS as readonly string[]).includes(kind);
  if (object === '')
    context.addIssue({ code: 'custom', message: 'is not a rule: write "NAME [KIND] [until 2027-01-31]: REASON"; a reason is needed' });
  else if (!isKind) context.addIssue({ code: 'custom', message: `names a kind that does not exist: there are ${FINDING_KINDS.join(', ')}` });
  else if (until !== undefined && !isDay(until)) context.addIssue({ code: 'custom', message: 'names a day that does not exist' });
  return { object, kind: (kind as FindingKind | undefined) ?? null, until: until ?? null, reason };
});

/** As 2027-01-31; there is no 2027-02-30. */
export function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const { storage, ...otherStoreOptions } = storeOptions;

export const indexesOptions = z.strictObject({
  databaseUrl: option(databaseUrl, {
    description: 'The database to look at, as a postgres:// URL. A role with pg_monitor and pg_read_all_data sees everything.',
    placeholder: 'URL',
    environment: 'DATABASE_URL',
    secret: true,
  }),
  replicaUrl: option(z.array(text).default([]), {
    description:
      'A replica whose scans are added up before an index is called unused, or several with spaces between them; may be given several times.',
    placeholder: 'URL',
    environment: 'REPLICA_DATABASE_URLS',
    secret: true,
  }),
  storage: option(storage.optional(), {
    description:
      'Where backups live: s3://bucket/prefix or file:///folder. Without one, nothing is measured by a drill, and no report remembers another.',
    placeholder: 'STORE',
    environment: 'LIFEBOAT_STORAGE',
  }),
  ...otherStoreOptions,
  database: option(database.optional(), { description: "The database's name in the store; the one in the URL unless given.", placeholder: 'NAME' }),
  exact: option(z.boolean().default(false), {
    description: 'Where nothing is measured, count with the extension pgstattuple: it reads every page of the indexes in question.',
  }),
  out: option(text.optional(), {
    description: 'Write report.json, report.md, report.sql and report.svg into this folder.',
    placeholder: 'FOLDER',
  }),
  failOn: option(z.enum(['never', 'warn', 'act'], 'is none of never, warn and act').default('never'), {
    description: 'Exit with status 1 when there are findings of this level or above: warn or act.',
    placeholder: 'LEVEL',
  }),
  warnRatio: option(decimalNumber(1.5, 100).default(1.5), {
    description: 'Warn of an index that is so many times as large as it would be rebuilt. Less than 1.5 is normal.',
    placeholder: 'RATIO',
  }),
  actRatio: option(decimalNumber(1.5, 100).default(2), {
    description: 'Say that it is time to act when it was measured at so many times, in reports a day or more apart.',
    placeholder: 'RATIO',
  }),
  minWasted: option(byteSize().default(100 * 1024 ** 2), {
    description: 'Call an index bloated, and warn of duplicate, redundant and unused ones, only when as much would be gained.',
    placeholder: 'SIZE',
  }),
  unusedAfter: option(durationSeconds().default(30 * 86_400), {
    description: 'Call an index unused when it is known that nothing scanned it for so long.',
    placeholder: 'DURATION',
  }),
  minTable: option(byteSize().default(100 * 1024 ** 2), {
    description: 'Warn of foreign keys and statistics, and speak of sequential scans, only of tables of that size.',
    placeholder: 'SIZE',
  }),
  sequenceUsed: percent(1, 'Warn of a sequence that has used up so much of its numbers; at 90 it is time to act.', 75),
  staleRows: percent(1, 'Call statistics stale when so many of the rows have changed since.', 50),
  ageUsed: percent(1, 'Warn when the oldest transaction is so near to the point where Postgres takes no more writes; at 75 it is time to act.', 40),
  ignore: option(z.array(ignoreRule).default([]), {
    description:
      'A finding to live with, as "NAME [KIND] [until 2027-01-31]: REASON"; * and ? stand for others. May be given several times. In lifeboat.yml a list of { index, kind, reason, until }.',
    placeholder: 'RULE',
  }),
  keepReports: option(wholeNumber(1, 10_000).default(60), {
    description: 'Keep as many reports in the store.',
    placeholder: 'N',
  }),
  ...trustOptions,
});

export type IndexesOptions = z.output<typeof indexesOptions>;
