import type { IndexStatistics } from '../catalogue/statistics.ts';
import type { IndexFacts } from '../facts.ts';
import type { Confidence } from './bloat.ts';
import { DEFAULT_FILLFACTOR } from './btree-build.ts';
import type { Interval } from './interval.ts';
import type { LiveTuples } from './live-tuples.ts';
import type { NotMeasured } from './measured.ts';
import { type KnownColumn, possibleSizes } from './possible-sizes.ts';

/** What a REINDEX of a B-tree would leave, by the statistics. */
export interface Estimate {
  readonly bytes: Interval;
  /** That it is built of. */
  readonly tuples: number;
  /** That the statistics are from. */
  readonly sampleRows: number;
  readonly confidence: Confidence;
  /** It is not just wide: the statistics are of other rows, or do not tell at all. */
  readonly unfounded: boolean;
  readonly evidence: readonly string[];
}

/**
 * Counted up whenever the answers are others, also by what is read for them (src/indexes/catalogue/statistics.ts, widths.ts): a report
 * compares them with those of a drill.
 */
export const MODEL = 1;

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
  const deduplicates = mergesDuplicates(index, version);
  const shape = { deduplicate: deduplicates, fillfactor: index.fillfactor ?? DEFAULT_FILLFACTOR };
  const { bytes, keys } = possibleSizes(index, columns, statistics, { ...live, tuples, rows }, shape);
  const wide = Math.max(bytes.high / bytes.mid, bytes.mid / bytes.low);
  const varying = columns.filter(({ column }) => column.length < 0);
  if (doubts.length === 0 && live.moved > RENEWED && varying.length > 0)
    doubts.push(`${Math.round(live.moved * 100)} % of the rows changed since the last ANALYZE, and may be of any width now.`);
  const unsure = doubts.length > 0 || keys.unknown;
  // what is known of names is their 64 bytes
  const unfounded = unsure || columns.some(({ column }) => column.length === -2);
  if (wide > HIGH || unsure) doubts.push(...keys.doubts, ...widthDoubts(columns));
  if (wide > HIGH) doubts.push(`A rebuilt index may have anything from ${bytes.low} to ${bytes.high} bytes.`);
  const confidence = unsure || wide > MEDIUM ? 'low' : wide > HIGH ? 'medium' : 'high';
  const merged = deduplicates ? 'its duplicates merged' : 'duplicates not merged';
  const about = `By the statistics it has ${tuples} tuples of ${Math.round(keys.distinct.mid)} distinct keys, ${merged}.`;
  const sampleRows = Math.max(1, ...columns.map(({ stats }) => stats.sampleRows));
  return { bytes, tuples, sampleRows, confidence, unfounded, evidence: [about, ...doubts] };
}

/** How far the ends of an estimate may be from its middle. */
const HIGH = 1.05;
const MEDIUM = 1.5;
/** From this share of changed rows on, values of any width may have become far wider on average. */
const RENEWED = 0.1;

/** As `_bt_allequalimage` and `_bt_load` decide it; a unique index is built without posting lists. */
export function mergesDuplicates(index: IndexFacts, version: number): boolean {
  if (version < 130_000 || index.unique || index.deduplicateItems === false) return false;
  return index.columns.every(({ key, equalimage, type }) => key && equalimage && !type.startsWith('interval'));
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
