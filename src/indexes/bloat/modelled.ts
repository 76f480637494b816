import type { Session } from '../../postgres/connect.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { readIndexes } from '../catalogue/indexes.ts';
import { readIndexStatistics, STATISTICS_AT_ONCE } from '../catalogue/statistics.ts';
import { type Estimate, estimateBtree } from './estimated.ts';
import type { Interval } from './interval.ts';
import { liveTuples } from './live-tuples.ts';
import type { NotMeasured } from './measured.ts';

/**
 * What the model makes of every B-tree by the statistics, in bytes of the index for each of its tuples, by displayName; none of which it
 * is not sure. The session is careful (src/indexes/catalogue/session.ts) and in no transaction.
 */
export async function modelIndexes(session: Session, signal: AbortSignal): Promise<Map<string, Interval>> {
  const modelled = new Map<string, Interval>();
  const indexes = (await readIndexes(session)).filter(({ method, partitioned, bytes }) => method === 'btree' && !partitioned && bytes !== null);
  for (let start = 0; start < indexes.length; start += STATISTICS_AT_ONCE) {
    signal.throwIfAborted();
    const some = indexes.slice(start, start + STATISTICS_AT_ONCE);
    const statistics = await readIndexStatistics(session, some);
    for (const index of some) {
      const live = liveTuples(index, statistics.changes(index.tableOid));
      const perTuple = bytesPerTuple(estimateBtree(index, statistics, live, session.versionNumber));
      if (perTuple !== null) modelled.set(displayName(index), perTuple);
    }
  }
  return modelled;
}

/** `null` where the estimate is not one to build upon. Pure. */
export function bytesPerTuple(estimate: Estimate | NotMeasured): Interval | null {
  if ('why' in estimate || estimate.confidence === 'low' || estimate.tuples === 0) return null;
  const { bytes, tuples } = estimate;
  const each = (of: number) => Math.round((1000 * of) / tuples) / 1000;
  return { low: each(bytes.low), mid: each(bytes.mid), high: each(bytes.high) };
}

/** What ANALYZE's sample may add to a difference. */
const SAMPLING = 0.005;
const VAGUE = 0.03;

/** How much more of a rebuilt index a tuple takes than it did. */
export interface TupleGrowth {
  readonly factor: number;
  /** It may be off by more than a few percent and a page. */
  readonly isVague: boolean;
}

/**
 * Keys became longer or shorter, or occur more or less often. What the model is wrong about, it is wrong about on both sides, so that the
 * difference is surer than either; what is within the noise of it counts for nothing, and beyond it the less the nearer it is (the shrinkage
 * of James and Stein). Pure.
 * @param pages that the index had
 */
export function tupleGrowth(before: Interval, now: Interval, pages: number): TupleGrowth {
  const factors = [now.low / before.low, now.mid / before.mid, now.high / before.high].map(Math.log);
  const [, change = 0] = factors;
  const page = 1 / Math.max(1, pages);
  const noise = (Math.max(...factors) - Math.min(...factors)) / 2 + SAMPLING + page;
  return { factor: Math.abs(change) <= noise ? 1 : Math.exp(change * (1 - (noise / change) ** 2)), isVague: noise > VAGUE + 2 * page };
}
