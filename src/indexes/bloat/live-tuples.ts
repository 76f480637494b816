import type { IndexFacts } from '../facts.ts';

/** How far a table has moved on since reltuples was written, by this server's counters. */
export interface TableChanges {
  readonly oid: number;
  readonly liveRows: number;
  readonly deadRows: number;
  readonly changedSinceAnalyze: number;
  /** A VACUUM or ANALYZE has set the counters: without one, as on a standby, they know only what came since their reset. */
  readonly counted: boolean;
}

export interface LiveTuples {
  /** `null` when nobody knows. */
  readonly tuples: number | null;
  /** Rows of the whole table. */
  readonly rows: number | null;
  /** A sentence on why the number may be wrong by much; `null` when there is no reason to think so. */
  readonly doubt: string | null;
}

/** From this share of changed rows on, statistics are taken for stale. */
export const STALE = 0.2;

/** How many tuples an index has now: reltuples, moved on with the table's counters where they can be trusted. Pure. */
export function liveTuples(
  index: Pick<IndexFacts, 'tuples' | 'tableTuples' | 'predicate' | 'method'>,
  changes: TableChanges | undefined,
): LiveTuples {
  const counted = changes?.counted === true;
  const rows = counted ? changes.liveRows : index.tableTuples >= 0 ? index.tableTuples : null;
  if (rows === null) return { tuples: null, rows, doubt: 'The table was never analyzed.' };
  const moved = counted ? changes.changedSinceAnalyze / Math.max(1, rows) : 0;
  const doubt = moved > STALE ? `${Math.round(moved * 100)} % of the rows changed since the last ANALYZE.` : null;
  if (index.predicate === null) return { tuples: rows, rows, doubt };
  if (index.tuples < 0 || index.tableTuples < 0) return { tuples: null, rows, doubt: 'The table was never analyzed.' };
  const tuples = index.tableTuples === 0 ? index.tuples : (index.tuples * rows) / index.tableTuples;
  return { tuples: Math.round(tuples), rows, doubt };
}
