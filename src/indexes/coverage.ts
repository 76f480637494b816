import { displayName, quoteIdentifier } from '../postgres/identifiers.ts';
import { bytes, counted, seconds } from '../report/format.ts';
import { BLOAT_METHODS, type BloatReport } from './bloat/bloat.ts';
import type { IndexFacts, SequenceFacts, ServerFacts } from './facts.ts';
import type { Thresholds } from './finding.ts';
import type { Coverage } from './report.ts';
import type { Usage } from './usage.ts';

const MOST_REASONS = 50;
const EXAMPLES = 5;

/** How many indexes were examined by which method, how many were not and why. Every index is in exactly one of the two. */
export function coverageOf(
  bloat: BloatReport,
  indexes: readonly IndexFacts[],
  sequences: readonly SequenceFacts[],
  server: ServerFacts,
  usage: Usage,
  { unusedAfterSeconds }: Thresholds,
): Coverage {
  const withStorage = indexes.filter(({ partitioned }) => !partitioned);
  const judged = new Set(bloat.judged.map(({ oid }) => oid));
  const reasons = new Map(bloat.notExamined.map((one) => [one.oid, one]));
  const left = withStorage.filter(({ oid }) => !judged.has(oid)).map((index) => ({ index, ...reasonOf(index, reasons.get(index.oid)) }));
  return {
    indexes: withStorage.length,
    methods: Object.fromEntries(
      BLOAT_METHODS.map((method) => [method, bloat.judged.filter((one) => one.method === method).length]),
    ) as Coverage['methods'],
    notExamined: grouped(left),
    other: [
      ...ofDrills(bloat),
      ...ofPages(bloat),
      ...ofUse(usage, server, unusedAfterSeconds),
      ...ofSequences(sequences, server.role),
      ...ofToast(server),
    ],
  };
}

function reasonOf(index: IndexFacts, told: { readonly why: string; readonly remedy: string | null } | undefined) {
  if (index.unread !== null) return { why: index.unread, remedy: 'Run the report again when the lock is gone.' };
  return { why: told?.why ?? 'No method could judge it.', remedy: told?.remedy ?? null };
}

function grouped(left: readonly { readonly index: IndexFacts; readonly why: string; readonly remedy: string | null }[]): Coverage['notExamined'] {
  const groups = [...Map.groupBy(left, ({ why }) => why).values()];
  const all = groups
    .map((group) => ({
      why: group[0]?.why ?? '',
      remedy: remedyOf(group.map(({ remedy }) => remedy)),
      indexes: group.length,
      bytes: group.reduce((sum, { index }) => sum + (index.bytes ?? index.pages * 8192), 0),
      examples: group.slice(0, EXAMPLES).map(({ index }) => displayName(index)),
    }))
    .sort((a, b) => b.indexes - a.indexes || b.bytes - a.bytes);
  const rest = all.slice(MOST_REASONS);
  if (rest.length === 0) return all;
  const sum = (of: 'indexes' | 'bytes') => rest.reduce((total, group) => total + group[of], 0);
  const others = { why: 'Other reasons, each of few indexes.', remedy: null, indexes: sum('indexes'), bytes: sum('bytes'), examples: [] };
  return [...all.slice(0, MOST_REASONS), others];
}

/** The same for each table is said once. */
function remedyOf(remedies: readonly (string | null)[]): string | null {
  const [first = null, ...others] = new Set(remedies);
  return first === null || others.length === 0 ? first : `${first} And ${counted(others.length, 'more statement')} like that.`;
}

function ofDrills({ unmeasured }: BloatReport): Coverage['other'] {
  return unmeasured === null ? [] : [{ object: 'bloat measured by a drill', ...unmeasured }];
}

function ofPages({ uncounted }: BloatReport): Coverage['other'] {
  if (uncounted === null) return [];
  const { indexes, why, remedy } = uncounted;
  return [{ object: `the pages of ${counted(indexes, 'index', 'indexes')} (--exact)`, why, remedy }];
}

function ofUse({ unknown, countedSince }: Usage, { now, counts }: ServerFacts, wanted: number): Coverage['other'] {
  const object = 'unused indexes';
  if (unknown !== null) return [{ object, why: unknown, remedy: counts ? 'Correct --replica-url, or leave it away.' : 'Set track_counts = on.' }];
  const known = (Date.parse(now) - Date.parse(countedSince)) / 1000;
  if (known >= wanted) return [];
  const why = `Scans are known to have been counted for ${seconds(known)} only, and it takes ${seconds(wanted)} to say that nobody uses an index of which no scan is known.`;
  return [{ object, why, remedy: 'Reports that are stored beside the backups (--storage) keep count of the time.' }];
}

function ofSequences(sequences: readonly SequenceFacts[], role: string): Coverage['other'] {
  const closed = sequences.filter(({ mayRead }) => !mayRead);
  const locked = sequences.filter(({ mayRead, unread }) => mayRead && unread !== null);
  const names = (of: readonly SequenceFacts[]) =>
    `${counted(of.length, 'sequence')} (${displayName(of[0] as SequenceFacts)}${of.length > 1 ? ', …' : ''})`;
  return [
    ...(closed.length === 0
      ? []
      : [
          {
            object: names(closed),
            why: 'The role may not read what they hold.',
            remedy: `GRANT pg_read_all_data TO ${quoteIdentifier(role)};`,
          },
        ]),
    ...(locked.length === 0 ? [] : [{ object: names(locked), why: locked[0]?.unread ?? '', remedy: 'Run the report again when the lock is gone.' }]),
  ];
}

function ofToast({ toast }: ServerFacts): Coverage['other'] {
  if (toast.indexes === 0) return [];
  return [
    {
      object: `${counted(toast.indexes, 'index', 'indexes')} of TOAST tables`,
      why: `They take ${bytes(toast.bytes)}, and no method judges them.`,
      remedy: null,
    },
  ];
}
