import type { IndexStatistics } from '../catalogue/statistics.ts';
import type { IndexColumn, IndexFacts } from '../facts.ts';
import type { Confidence } from './bloat.ts';
import { type BtreeShape, builtBytes, DEFAULT_FILLFACTOR, type KeyGroup } from './btree-build.ts';
import { type ColumnStatistics, columnDistinct } from './distinct.ts';
import type { Interval } from './interval.ts';
import { combine, isAllOfIt, type KeyColumn, type Keys, partOf } from './keys.ts';
import type { LiveTuples } from './live-tuples.ts';
import type { NotMeasured } from './measured.ts';
import { type ColumnWidth, tupleBytes } from './tuple-width.ts';

/** What a REINDEX of a B-tree would leave, by the statistics. */
export interface Estimate {
  readonly bytes: Interval;
  readonly confidence: Confidence;
  readonly evidence: readonly string[];
}

/**
 * Builds a B-tree on paper from the planner's statistics: so many keys, so often each, so wide. What the statistics cannot know widens the
 * answer, and a wide answer has low confidence. Pure.
 * @param version `server_version_num`: Postgres 13 was the first to merge duplicates
 */
export function estimateBtree(index: IndexFacts, statistics: IndexStatistics, live: LiveTuples, version: number): Estimate | NotMeasured {
  const { tuples, rows } = live;
  if (tuples === null || rows === null) return { why: 'Its table was never analyzed.', remedy: analyzeOf(index) };
  const known = index.columns.map((column) => ({ column, stats: statistics.column(index, column.position) }));
  if (known.some(({ stats }) => stats === 'hidden')) return HIDDEN;
  if (known.some(({ stats }) => stats === 'behind policies')) return BEHIND_POLICIES;
  const missing = known.find(({ stats }) => stats === null);
  if (missing !== undefined && tuples > 0) {
    return { why: `There are no statistics of ${missing.column.text}.`, remedy: analyzeOf(index) };
  }
  const columns = known.filter((one): one is KnownColumn => typeof one.stats === 'object' && one.stats !== null);
  const doubts = [...new Set([live.doubt, live.stale])].filter((doubt) => doubt !== null);
  const keys = keysOf(index, columns, statistics, { tuples, rows });
  const deduplicates = mergesDuplicates(index, version);
  const shape = { deduplicate: deduplicates, fillfactor: index.fillfactor ?? DEFAULT_FILLFACTOR };
  const bytes = builtBetween(groupsOf(columns, keys, index.predicate, tuples), shape);
  const wide = Math.max(bytes.high / bytes.mid, bytes.mid / bytes.low);
  const unsure = doubts.length > 0 || keys.nullsUnknown;
  if (wide > HIGH || unsure) doubts.push(...keys.doubts, ...widthDoubts(columns));
  if (wide > HIGH) doubts.push(`A rebuilt index may have anything from ${bytes.low} to ${bytes.high} bytes.`);
  const confidence = unsure || wide > MEDIUM ? 'low' : wide > HIGH ? 'medium' : 'high';
  const merged = deduplicates ? 'its duplicates merged' : 'duplicates not merged';
  const about = `By the statistics it has ${tuples} tuples of ${Math.round(keys.distinct.mid)} distinct keys, ${merged}.`;
  return { bytes, confidence, evidence: [about, ...doubts] };
}

/** How far the ends of an estimate may be from its middle. */
const HIGH = 1.2;
const MEDIUM = 1.5;

interface KnownColumn {
  readonly column: IndexColumn;
  readonly stats: ColumnStatistics;
}

/** As `_bt_allequalimage` and `_bt_load` decide it; a unique index is built without posting lists. */
export function mergesDuplicates(index: IndexFacts, version: number): boolean {
  if (version < 130_000 || index.unique || index.deduplicateItems === false) return false;
  return index.columns.every(({ key, equalimage, type }) => key && equalimage && !type.startsWith('interval'));
}

function keysOf(
  index: IndexFacts,
  columns: readonly KnownColumn[],
  statistics: IndexStatistics,
  { tuples, rows }: { tuples: number; rows: number },
): Keys {
  const keyColumns = columns
    .filter(({ column }) => column.key)
    .map(({ column, stats }): KeyColumn => {
      const own = column.attnum === 0;
      const population = own ? tuples : rows;
      const whole = {
        distinct: columnDistinct(own ? { ...stats, sampleRows: stats.sampleRows * share(tuples, rows) } : stats, population),
        nulls: stats.nullFraction,
      };
      return own || index.predicate === null ? whole : partOf(whole, { tuples, rows, predicate: index.predicate, column: column.text });
    });
  const attnums = columns.filter(({ column }) => column.key).map(({ column }) => column.attnum);
  const combination = index.predicate === null && !attnums.includes(0) ? statistics.combination(index, attnums) : null;
  return combine(keyColumns, tuples, combination);
}

function share(tuples: number, rows: number): number {
  return rows === 0 ? 1 : Math.min(1, tuples / rows);
}

interface Sized {
  readonly keys: Interval;
  readonly tuples: number;
  readonly bytes: Interval;
}

/** NULLs have no width, values that stand out are counted for themselves, and the rest shares what is left. */
function groupsOf(columns: readonly KnownColumn[], keys: Keys, predicate: string | null, tuples: number): Sized[] {
  const widths = columns.map(({ column, stats }): ColumnWidth => {
    const expression = column.attnum === 0;
    const ofOtherRows = predicate !== null && !expression && !isAllOfIt(predicate, column.text);
    return { column, averageWidth: stats.averageWidth, widths: stats.widths, ofOtherRows, expression };
  });
  const filled = tupleBytes(widths, false);
  return keys.groups
    .filter((group) => group.share > 0)
    .map((group) => ({
      keys: group.keys,
      tuples: group.share * tuples,
      bytes: group.nulls ? withNulls(columns, widths) : filled,
    }));
}

/** More columns than that with NULLs are taken to be NULL together. */
const NULLABLE = 4;

/** A tuple with at least one NULL, averaged over which columns are NULL, as if those had nothing to do with each other. */
function withNulls(columns: readonly KnownColumn[], widths: readonly ColumnWidth[]): Interval {
  const nullable = columns.flatMap(({ stats }, i) => (stats.nullFraction > 0 ? [i] : [])).slice(0, NULLABLE);
  const total = { low: 0, mid: 0, high: 0 };
  let shares = 0;
  for (let pattern = 1; pattern < 2 ** nullable.length; pattern += 1) {
    const isNull = (i: number) => nullable.includes(i) && (pattern >> nullable.indexOf(i)) % 2 === 1;
    const chance = nullable.reduce((share, i) => {
      const { nullFraction } = (columns[i] as KnownColumn).stats;
      return share * (isNull(i) ? nullFraction : 1 - nullFraction);
    }, 1);
    const bytes = tupleBytes(
      widths.filter((_, i) => !isNull(i)),
      true,
    );
    for (const pick of ['low', 'mid', 'high'] as const) total[pick] += chance * bytes[pick];
    shares += chance;
  }
  return shares === 0 ? tupleBytes([], true) : { low: total.low / shares, mid: total.mid / shares, high: total.high / shares };
}

function builtBetween(groups: readonly Sized[], shape: Pick<BtreeShape, 'deduplicate' | 'fillfactor'>): Interval {
  const build = (pick: keyof Interval, spread: BtreeShape['spread']) =>
    builtBytes({
      ...shape,
      spread,
      groups: groups.map(({ keys, tuples, bytes }): KeyGroup => ({ keys: Math.max(1, keys[pick]), tuples, tupleBytes: bytes[pick] })),
    });
  const both = (pick: keyof Interval) => [build(pick, 'even'), build(pick, 'chance')] as const;
  const mid = both('mid');
  return { low: Math.min(...both('low')), mid: (mid[0] + mid[1]) / 2, high: Math.max(...both('high')) };
}

function widthDoubts(columns: readonly KnownColumn[]): string[] {
  return columns.flatMap(({ column, stats }) => {
    if (column.length === -2) return [`How long the names in ${column.text} are is not in the statistics.`];
    return column.length === -1 && stats.averageWidth > 250 ? [`Wide values of ${column.text} may be compressed in the index.`] : [];
  });
}

function analyzeOf({ schema, table }: IndexFacts): string {
  return `ANALYZE ${quoted(schema)}.${quoted(table)};`;
}

const HIDDEN: NotMeasured = {
  why: 'The role may not see the statistics of its columns (pg_stats).',
  remedy: 'GRANT pg_read_all_data TO the role (Postgres 14 and later), or ask as the owner of the table.',
};
const BEHIND_POLICIES: NotMeasured = {
  why: 'Row security hides the statistics of its table from the role (pg_stats).',
  remedy: 'ALTER ROLE the role BYPASSRLS, or ask as the owner of the table.',
};

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
