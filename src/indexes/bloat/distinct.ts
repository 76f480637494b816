import { exactly, type Interval } from './interval.ts';

/** A row of pg_stats, as much as is needed. */
export interface ColumnStatistics {
  readonly nullFraction: number;
  readonly averageWidth: number;
  /** n_distinct: negative as a share of the rows. */
  readonly distinct: number;
  readonly commonValues: number;
  /** Sum of their frequencies, and the largest; 0 without any. */
  readonly commonTotal: number;
  readonly commonMost: number;
  /** The frequency of the last of them. */
  readonly commonLeast: number;
  /** How many rows ANALYZE looks at in a large table: 300 for each bit of the statistics target. */
  readonly sampleRows: number;
  /** Stored lengths of values that stand for equal shares of the rows, with their header; `null` where nobody looked. */
  readonly widths: readonly number[] | null;
  /** The same of the frequent values alone, and of all others. */
  readonly commonWidths: readonly number[] | null;
  readonly restWidths: readonly number[] | null;
  /** How many values its histogram has; 0 without one. */
  readonly histogram: number;
  /** n_distinct was set by ALTER TABLE: nobody has counted. */
  readonly byHand: boolean;
  /** ANALYZE makes a histogram or a list of frequent values of such a type. */
  readonly ordered: boolean;
}

/** How a column's values are spread. */
export interface Distinct {
  /** Distinct values, NULL and those of `common` left out. */
  readonly rest: Interval;
  /** Values that stand out as more frequent. */
  readonly common: { readonly values: number; readonly share: number } | null;
  /** No value of the rest is in more rows, where ANALYZE saw them all. */
  readonly most?: number;
  /** The statistics cannot know how many rare values there are beside the frequent ones. */
  readonly skewed: boolean;
}

/**
 * How many values a column has, given what a sample can know. n_distinct is an estimate from the sample (Haas and Stokes, as in
 * compute_scalar_stats of src/backend/commands/analyze.c): it is right where the sample saw each value often, or where values are spread
 * evenly; beside frequent values it can be far too small. Pure.
 * @param rows of the table, or of the index where the statistics are its own
 */
export function columnDistinct(stats: ColumnStatistics, rows: number): Distinct {
  const filled = rows * (1 - stats.nullFraction);
  const distinct = Math.min(filled, Math.max(filled > 0 ? 1 : 0, stats.distinct < 0 ? -stats.distinct * rows : stats.distinct));
  const sample = Math.min(stats.sampleRows, rows);
  const sampled = sample * (1 - stats.nullFraction);
  const plain = (rest: Interval): Distinct => ({ rest, common: null, skewed: false });
  if (distinct === 0) return plain(exactly(0));
  const common = { values: stats.commonValues, share: stats.commonTotal };
  const left = distinct - common.values;
  if (common.values > 0 && (left < 1 || common.share + stats.nullFraction > 0.9999)) return { rest: exactly(0), common, skewed: false };
  const standsOut = common.values > 0 && stats.commonMost * sample > byChanceAtMost(sampled / distinct, distinct);
  const seenAll = sample >= rows * 0.99;
  if (!standsOut && seenAll) return { ...plain(exactly(distinct)), most: Math.max(1, stats.commonMost * rows) };
  if (!standsOut) return plain(even({ distinct, rows: filled, sampled, most: mostSeen(stats, sample, sampled / distinct, rows) }));
  const leftRows = Math.max(left, filled - common.share * rows);
  if (seenAll) return { rest: exactly(left), common, skewed: false, most: Math.max(1, stats.commonLeast * rows) };
  return { rest: skewed({ distinct, left, rows: filled, leftRows, sampled }), common, skewed: true };
}

/** From here on a value is seen so often in a sample that hardly any other is missed. */
export const SEEN_OFTEN = 10;

/** Equally frequent values: what is uncertain is how many pairs the sample happened to have. */
function even({ distinct, rows, sampled, most }: Even): Interval {
  if (sampled / distinct >= SEEN_OFTEN) return { low: distinct, mid: distinct, high: distinct * 1.02 };
  const pairs = Math.max(0, sampled ** 2 * (1 / distinct - 1 / rows));
  const chance = 2 * Math.sqrt(2 * pairs) + 3;
  const withPairs = (seen: number) => Math.min(rows, 1 / (1 / rows + Math.max(0, seen) / sampled ** 2));
  return {
    low: Math.min(distinct / 1.05, withPairs(pairs + chance)),
    mid: Math.min(rows, Math.max(distinct, byChance(distinct, rows, sampled))),
    high: Math.min(rows, Math.max(distinct * 1.15, withPairs(pairs - chance), mixed({ distinct, rows, sampled, most }))),
  };
}

interface Even {
  readonly distinct: number;
  readonly rows: number;
  readonly sampled: number;
  /** How often the sample may have seen a value. */
  readonly most: number;
}

/** As many as the list of frequent values says; without one, what `analyze_mcv_list` (analyze.c) would not yet take for more than usual. */
function mostSeen(stats: ColumnStatistics, sample: number, rate: number, rows: number): number {
  if (stats.commonValues > 0) return Math.round(stats.commonMost * sample);
  const left = 1 - sample / rows;
  return Math.floor((Math.sqrt(left) + Math.sqrt(left + rate + 0.5)) ** 2);
}

/** Where rows picked their values by chance, n_distinct is too small: Haas and Stokes reckon with equally frequent ones. */
function byChance(distinct: number, rows: number, sampled: number): number {
  const said = (values: number) => (values * -Math.expm1(-sampled / values)) / (1 - Math.exp(-sampled / values) * (1 - sampled / rows));
  let [low, high] = [distinct, rows * 100];
  for (let i = 0; i < 50; i += 1) {
    const middle = Math.sqrt(low * high);
    if (said(middle) < distinct) low = middle;
    else high = middle;
  }
  return low * -Math.expm1(-rows / low);
}

/**
 * The most values that give the same n_distinct: some that occur once, and others that all occur as often as they can without one of them
 * being seen more than `most` times. With so many of the second kind, each in `rate` rows of the sample, Haas and Stokes' formula is linear.
 */
function mixed({ distinct, rows, sampled, most }: Even): number {
  const part = sampled / rows;
  let found = distinct;
  for (let rate = 2 * part; rate <= most + 1; rate *= 1.05) {
    const seen = -Math.expm1(-rate);
    const keys = (sampled * (sampled - distinct * part)) / (distinct * (1 - part) * rate * seen + sampled * (rate - seen));
    if (keys * rate > sampled) continue;
    if (keys * poissonAbove(rate, most) > 3) break;
    found = Math.max(found, rows - (keys * rate) / part + keys);
  }
  return found;
}

function poissonAbove(rate: number, most: number): number {
  let term = Math.exp(-rate);
  let atMost = 0;
  for (let times = 0; times <= most; times += 1) {
    atMost += term;
    term *= rate / (times + 1);
  }
  return Math.max(0, 1 - atMost);
}

interface Skewed {
  readonly distinct: number;
  readonly rows: number;
  readonly sampled: number;
  /** Those without the frequent values. */
  readonly left: number;
  readonly leftRows: number;
}

/** Up to as many as if every value that the sample saw once stood for others that it did not see. */
function skewed({ distinct, rows, sampled, left, leftRows }: Skewed): Interval {
  if ((sampled * leftRows) / rows / left >= SEEN_OFTEN) return { low: left, mid: left, high: left * 1.1 };
  // the estimator's own formula, with as few values seen more than once as there can be
  const once = (distinct * sampled) / (sampled + distinct * (1 - sampled / rows));
  const high = Math.min(leftRows, Math.max(left, (once * rows) / sampled));
  return { low: left * 0.8, mid: Math.sqrt(left * high), high };
}

/** How often the luckiest of so many equally frequent values turns up in a sample, but for one time in a hundred. */
function byChanceAtMost(rate: number, values: number): number {
  if (rate > 100) return rate + 4 * Math.sqrt(rate * Math.log(values + 2));
  let term = Math.exp(-rate);
  let atLeast = 1;
  for (let times = 1; ; times += 1) {
    atLeast -= term;
    term *= rate / times;
    if (values * Math.max(atLeast, term) < 0.01) return times + 1;
  }
}
