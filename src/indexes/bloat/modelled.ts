import type { Session } from '../../postgres/connect.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { readIndexes } from '../catalogue/indexes.ts';
import { readIndexStatistics, STATISTICS_AT_ONCE } from '../catalogue/statistics.ts';
import { PAGE_BYTES } from './btree-build.ts';
import { type Estimate, estimateBtree } from './estimated.ts';
import type { Interval } from './interval.ts';
import { liveTuples } from './live-tuples.ts';
import type { NotMeasured } from './measured.ts';

/**
 * What the model makes of every B-tree by the statistics, in bytes of the index for each of its tuples, by displayName; nothing where they
 * are no foundation. The session is careful (src/indexes/catalogue/session.ts) and in no transaction.
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
  if ('why' in estimate || estimate.unfounded || estimate.tuples === 0) return null;
  const { bytes, tuples } = estimate;
  const each = (of: number) => Math.round((1000 * of) / tuples) / 1000;
  return { low: each(bytes.low), mid: each(bytes.mid), high: each(bytes.high) };
}

/** What a rebuilt index turned out to take. */
export interface Built {
  readonly rebuiltBytes: number;
  readonly tuples: number;
}

/** How much more of a rebuilt index a tuple takes than it did. */
export interface TupleGrowth {
  readonly factor: number;
  /** It may be off by more than a few percent and some pages. */
  readonly isVague: boolean;
}

/** What ANALYZE's samples may add to a difference. */
const SAMPLING = 0.01;
const PAGES = 2;
const VAGUE = 0.025;
/** Farther than that outside of what it may be, an index is not what the model takes it for. */
const OUTSIDE = 0.1;

/**
 * Keys became longer or shorter, or occur more or less often. What the statistics leave open, the drill has decided: where between the ends
 * the built index was then, there it is taken to be now. What is within the noise counts for nothing, and beyond it the less the nearer it
 * is (the shrinkage of James and Stein). Pure.
 * @returns `null` where the model does not describe the index
 */
export function tupleGrowth(before: Interval, now: Interval, { rebuiltBytes, tuples }: Built): TupleGrowth | null {
  const built = rebuiltBytes / tuples;
  if (built < before.low * (1 - OUTSIDE) || built > before.high * (1 + OUTSIDE)) return null;
  const change = Math.log(corresponding(built, before, now) / built);
  const pages = (PAGES * PAGE_BYTES) / rebuiltBytes;
  const noise = SAMPLING + pages;
  const factors = [now.low / before.low, now.mid / before.mid, now.high / before.high].map(Math.log);
  const leftOpen = (Math.max(...factors) - Math.min(...factors)) / 2;
  return { factor: Math.abs(change) <= noise ? 1 : Math.exp(change * (1 - (noise / change) ** 2)), isVague: leftOpen > VAGUE + pages };
}

/** A value of one interval at its place in another. */
function corresponding(value: number, from: Interval, to: Interval): number {
  if (value <= from.low) return (value * to.low) / from.low;
  if (value >= from.high) return (value * to.high) / from.high;
  const [start, end, toStart, toEnd] = value < from.mid ? [from.low, from.mid, to.low, to.mid] : [from.mid, from.high, to.mid, to.high];
  return toStart + ((toEnd - toStart) * (value - start)) / (end - start);
}
