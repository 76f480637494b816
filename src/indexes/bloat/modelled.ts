import type { IndexStatistics } from '../catalogue/statistics.ts';
import type { IndexFacts } from '../facts.ts';
import { PAGE_BYTES } from './btree-build.ts';
import { type Estimate, estimateBtree } from './estimated.ts';
import type { Interval } from './interval.ts';
import type { LiveTuples } from './live-tuples.ts';
import type { NotMeasured } from './measured.ts';

/** What the model makes of a rebuilt B-tree, in bytes for each of its tuples. */
export interface Modelled extends Interval {
  /** That ANALYZE takes of a large table: others leave other things open. */
  readonly sampleRows: number;
}

/** How much more of a rebuilt index a tuple takes than it did. */
export interface TupleGrowth {
  readonly factor: number;
  /** The statistics of then and of now exclude each other. */
  readonly isCertain: boolean;
  /** The factor may be off by more than a few percent and some pages. */
  readonly isVague: boolean;
}

/** What ANALYZE's samples may add to a difference. */
const SAMPLING = 0.01;
const PAGES = 2;
/** So differently the ends may have moved. */
const VAGUE = 0.025;
/** From this ratio of its ends on, keys may have changed a good deal without the statistics showing it. */
const WIDE = 2;
/** From this share of changed rows on, the statistics may be of other keys. */
const MOVED = 0.05;
/** Farther than that outside of what it may be, an index is not what the model takes it for. */
const OUTSIDE = 0.1;

/**
 * By the statistics as they are, whatever has changed since they were gathered. `null` where they are no foundation. Pure.
 * @param estimate of the same arguments, to spare a second one
 */
export function modelled(
  index: IndexFacts,
  statistics: IndexStatistics,
  live: LiveTuples,
  version: number,
  estimate: Estimate | NotMeasured,
): Modelled | null {
  if ('why' in estimate || estimate.unfounded) return null;
  const settled = live.moved === 0 ? estimate : estimateBtree(index, statistics, { ...live, moved: 0 }, version);
  if ('why' in settled || settled.tuples === 0) return null;
  const { bytes, tuples, sampleRows } = settled;
  const each = (of: number) => Math.round((100 * of) / tuples) / 100;
  return { low: each(bytes.low), mid: each(bytes.mid), high: each(bytes.high), sampleRows };
}

/**
 * Keys became longer or shorter, or occur more or less often. What the model is wrong about, it is wrong about on both sides, so that the
 * difference is far surer than either. What is within the noise of it counts for nothing, and beyond it the less the nearer it is (the
 * shrinkage of James and Stein). Pure.
 * @param built the index that `before` was made of
 * @param moved share of the rows that changed since the statistics for `now` were gathered
 * @returns `null` where they cannot be compared, or the model does not describe the index
 */
export function tupleGrowth(
  before: Modelled,
  now: Modelled,
  built: { readonly rebuiltBytes: number; readonly tuples: number },
  moved: number,
): TupleGrowth | null {
  const perTuple = built.rebuiltBytes / built.tuples;
  if (before.sampleRows !== now.sampleRows || perTuple < before.low * (1 - OUTSIDE) || perTuple > before.high * (1 + OUTSIDE)) return null;
  const pages = (PAGES * PAGE_BYTES) / built.rebuiltBytes;
  const noise = SAMPLING + pages;
  const change = Math.log(now.mid / before.mid);
  const moves = [now.low / before.low, now.mid / before.mid, now.high / before.high].map(Math.log);
  const leftOpen = (Math.max(...moves) - Math.min(...moves)) / 2;
  const factor = Math.abs(change) <= noise ? 1 : Math.exp(change * (1 - (noise / change) ** 2));
  const isCertain = most(now) < least(before) || least(now) > most(before);
  const isUnsure = (factor !== 1 && !isCertain) || leftOpen > VAGUE + pages;
  return { factor, isCertain, isVague: isUnsure || now.high > WIDE * now.low || moved > MOVED };
}

/** Where the last page makes the difference, a middle may lie outside of its bounds. */
function least({ low, mid }: Interval): number {
  return Math.min(low, mid);
}

function most({ mid, high }: Interval): number {
  return Math.max(mid, high);
}
