import type { IndexFacts } from '../facts.ts';

/** How far a table has moved on since reltuples was written, by this server's counters. */
export interface TableChanges {
  readonly oid: number;
  readonly liveRows: number;
  readonly deadRows: number;
  /** Since the counters' reset. */
  readonly inserted: number;
  readonly deleted: number;
  readonly changedSinceAnalyze: number;
  /** A VACUUM or ANALYZE has set the counters: without one, as on a standby, they know only what came since their reset. */
  readonly counted: boolean;
}

/** How many rows a table has now, and how far that can be believed. */
export interface LiveRows {
  readonly count: number;
  /** Changes that the counters have once more than there were, so that `changedSinceAnalyze` is as much too large. */
  readonly countedTwice: number;
  /** A sentence; `null` when there is none. */
  readonly doubt: string | null;
}

export interface LiveTuples {
  /** `null` when nobody knows. */
  readonly tuples: number | null;
  /** Rows of the whole table. */
  readonly rows: number | null;
  /** A sentence on why the number may be wrong by much; `null` when there is no reason to think so. */
  readonly doubt: string | null;
  /** A sentence on how much has changed since the statistics were gathered; `null` when that is little. */
  readonly stale: string | null;
  /** That share of the rows; of a partial index, what it would be of its tuples. */
  readonly moved: number;
}

/** From this share of changed rows on, statistics are taken for stale. */
const STALE = 0.2;
const NEVER: LiveTuples = { tuples: null, rows: null, doubt: 'The table was never analyzed.', stale: null, moved: 0 };

/** How many tuples an index has now: reltuples, moved on with the table's counters where they can be trusted. Pure. */
export function liveTuples(
  index: Pick<IndexFacts, 'tuples' | 'tableTuples' | 'predicate' | 'pages' | 'bytes'>,
  changes: TableChanges | undefined,
): LiveTuples {
  // what was counted twice has added no pages since relpages was written with reltuples
  const grown = index.bytes !== null && index.bytes > (index.pages * 1.02 + 2) * 8192;
  const rows = liveRows(index.tableTuples, changes, grown);
  if (rows === null || (index.predicate !== null && (index.tuples < 0 || index.tableTuples < 0))) return NEVER;
  const changed = Math.max(0, (changes?.changedSinceAnalyze ?? 0) - rows.countedTwice);
  const share = index.predicate === null ? 1 : index.tableTuples === 0 ? 0 : index.tuples / index.tableTuples;
  const tuples = Math.round(rows.count * share);
  // of a partial index nobody knows which rows have changed: all of them may be in it, or may have been
  const moved = changed / Math.max(1, index.predicate === null ? rows.count : tuples);
  const ofWhat = index.predicate === null ? 'the rows' : 'as many rows as it has';
  const stale = moved > STALE ? `${Math.round(moved * 100)} % of ${ofWhat} changed since the last ANALYZE.` : null;
  const doubt = rows.doubt ?? (index.predicate === null ? null : stale);
  return { tuples, rows: rows.count, doubt, stale, moved };
}

/**
 * Rows now. A session that changes rows and analyzes them at once has its changes counted twice: by ANALYZE, and when its counters arrive a
 * second later. What was inserted less what was deleted since the counters' reset has them once, and so can tell who is right. Pure.
 * @param tuples reltuples
 */
export function liveRows(tuples: number, changes: Omit<TableChanges, 'oid' | 'deadRows'> | undefined, grown = false): LiveRows | null {
  const sure = { countedTwice: 0, doubt: null };
  if (changes?.counted !== true) return tuples < 0 ? null : { ...sure, count: tuples };
  const { liveRows: live, inserted, deleted, changedSinceAnalyze } = changes;
  const balance = inserted - deleted;
  if (tuples < 0 || near(live, balance)) return { ...sure, count: live };
  // the counter of live rows goes no lower than zero
  if (near(tuples, balance) && !grown) return { ...sure, count: tuples, countedTwice: live === 0 ? changedSinceAnalyze : Math.abs(live - tuples) };
  if (Math.abs(live - tuples) <= STALE * tuples) return { ...sure, count: live };
  return { ...sure, count: Math.max(live, tuples), doubt: `reltuples says that the table has ${tuples} rows, and the counters say ${live}.` };
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 0.02 * Math.max(a, b);
}

/** How far ANALYZE may be from how many rows are in a partial index, as a share of them: it counts those of its sample. Two standard deviations. */
export function samplingLuck(tuples: number, rows: number, sampleRows = USUAL_SAMPLE): number {
  const sampled = Math.min(rows, sampleRows);
  const seen = Math.max(1, (sampled * tuples) / Math.max(1, rows));
  return sampled >= rows * 0.99 ? 0 : 2 * Math.sqrt(((1 - tuples / Math.max(1, rows)) * (1 - sampled / rows)) / seen);
}

/** Of the default statistics target. */
const USUAL_SAMPLE = 30_000;
