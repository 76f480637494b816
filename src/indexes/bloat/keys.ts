import { isOnlyNotNull } from '../predicate.ts';
import { type Distinct, SEEN_OFTEN } from './distinct.ts';
import { exactly, type Interval, within } from './interval.ts';
import { type NullPattern, nullPatterns } from './null-patterns.ts';

/** How one key column's values are spread in the index. */
export interface KeyColumn {
  readonly distinct: Distinct;
  readonly nulls: number;
  /** Why this is not known better. */
  readonly doubt?: string;
  /** Nobody knows how many values or NULLs there are. */
  readonly unknown?: boolean;
}

/** Some of an index's keys: those with NULLs in the same columns. */
export interface KeyPart {
  readonly keys: Interval;
  /** Of all tuples. */
  readonly share: number;
  readonly isNull: readonly boolean[];
  /** Whether it is the frequent values of a single column, or the others. */
  readonly of: 'common' | 'rest' | 'all';
  /** No key is in more tuples, where that is known. */
  readonly most?: number;
}

/** How an index's keys are spread. */
export interface Keys {
  /** More than one where it is not known how much frequent values of several columns fall together. */
  readonly spreads: readonly (readonly KeyPart[])[];
  /** Of all of them together. */
  readonly distinct: Interval;
  /** Sentences on why the number of keys is not known better. */
  readonly doubts: readonly string[];
  readonly unknown: boolean;
}

const SKEWED = 'Beside frequent values there may be more rare ones than the statistics can know.';
const COMBINED = 'How its columns go together is not known: CREATE STATISTICS (ndistinct) on them would say it.';

/**
 * Puts the key columns together. A combination has at least as many values as its richest column, and at most as many as if its columns
 * had nothing to do with each other. Pure.
 * @param combination distinct combinations by extended statistics; `null` without
 * @param patterns the first of each are of the key columns
 * @param sampleRows that the extended statistics are from
 */
export function combine(
  columns: readonly KeyColumn[],
  tuples: number,
  combination: number | null,
  patterns: readonly NullPattern[] = nullPatterns(
    columns.map(({ nulls }) => nulls),
    'chance',
  ),
  sampleRows = 30_000,
): Keys {
  const doubts = [
    ...new Set(columns.flatMap(({ doubt, distinct }) => [...(doubt === undefined ? [] : [doubt]), ...(distinct.skewed ? [SKEWED] : [])])),
  ];
  const unknown = columns.some((column) => column.unknown === true);
  const [only] = columns;
  if (columns.length === 1 && only !== undefined) {
    return { spreads: [patterns.flatMap((pattern) => alone(only, pattern))], distinct: totalOf(only), doubts, unknown };
  }
  const free = patterns.map((pattern) => {
    const present = columns.filter((_, i) => pattern.isNull[i] !== true);
    if (present.length === 0) return exactly(1);
    return together(
      present.map((column) => partially(totalOf({ ...column, nulls: 0 }), column, pattern.share, tuples)),
      tuples * pattern.share,
    );
  });
  const sum = (pick: keyof Interval) => free.reduce((total, keys) => total + keys[pick], 0);
  const known = combination === null ? null : around(combination, columns, tuples, sampleRows);
  const parts = patterns.map(({ share, isNull }, i): KeyPart => {
    const own = free[i] as Interval;
    const part = own.mid / Math.max(1, sum('mid'));
    const keys =
      known === null ? own : within({ low: known.low * part, mid: known.mid * part, high: known.high * part }, 1, Math.max(1, tuples * share));
    return { keys, share, isNull, of: 'all' };
  });
  const distinct = known ?? within({ low: sum('low'), mid: sum('mid'), high: sum('high') }, 0, tuples);
  const { least, most, values } = frequentTogether(columns, tuples);
  const spreads = most > 0.001 && most < 0.999 ? [parts.flatMap(withFrequent(least, values)), parts.flatMap(withFrequent(most, values))] : [parts];
  return { spreads, distinct, unknown, doubts: combination === null ? [...doubts, COMBINED] : doubts };
}

/** Extended statistics are from a sample, too, and by the same estimator: beside frequent combinations there may be many rare ones. */
function around(combination: number, columns: readonly KeyColumn[], tuples: number, sampleRows: number): Interval {
  if (sampleRows >= tuples * 0.99) return exactly(combination);
  const { most } = frequentTogether(columns, tuples);
  const sampled = Math.min(sampleRows, tuples);
  const isSpread = most <= 0.001 || most >= 0.999;
  if (isSpread && sampled / combination >= SEEN_OFTEN) return { low: combination, mid: combination, high: combination * 1.05 };
  const once = (combination * sampled) / (sampled + combination * (1 - sampled / tuples));
  const high = Math.min(tuples, Math.max(combination * 1.2, (once * tuples) / sampled));
  return { low: combination * 0.9, mid: combination, high };
}

/** What share of the tuples may have a frequent value in every column: by the bounds of Fréchet. */
function frequentTogether(columns: readonly KeyColumn[], tuples: number): { least: number; most: number; values: number } {
  const shares = columns.map(({ distinct: { common, rest }, nulls }) => {
    const filled = Math.max(1e-9, 1 - nulls);
    if (common !== null) return { least: Math.min(1, common.share / filled), most: Math.min(1, common.share / filled), values: common.values };
    // of values that are all about as frequent any may be the one, unless none is frequent
    return { least: 0, most: rest.mid * 2 < tuples ? 1 : 0, values: rest.mid };
  });
  if (shares.every(({ least }) => least === 0)) return { least: 0, most: 0, values: 0 };
  const most = Math.min(...shares.map((share) => share.most));
  const least = Math.max(0, 1 - shares.reduce((sum, share) => sum + 1 - share.least, 0));
  return { least, most, values: Math.min(...shares.filter((share) => share.most === most).map(({ values }) => values)) };
}

/** Frequent keys by themselves, and as many others as are left. */
function withFrequent(share: number, values: number): (part: KeyPart) => KeyPart[] {
  return (part) => {
    const few = Math.min(values, part.keys.low / 2);
    if (few < 1 || share <= 0.001) return [part];
    const left = (keys: number) => Math.max(1, keys - few);
    const { low, mid, high } = part.keys;
    return [
      { ...part, keys: exactly(few), share: part.share * share },
      { ...part, keys: { low: left(low), mid: left(mid), high: left(high) }, share: part.share * (1 - share) },
    ];
  };
}

/** How many of a column's values are in some of its rows. */
function partially(values: Interval, { nulls }: KeyColumn, share: number, tuples: number): Interval {
  const filled = Math.max(1, tuples * (1 - nulls));
  const part = Math.min(1, (tuples * share) / filled);
  if (part > 0.9999) return values;
  const kept = (of: number) => (of <= 0 ? 0 : of * -Math.expm1((filled / of) * Math.log1p(-part)));
  return { low: kept(values.low), mid: kept(values.mid), high: kept(values.high) };
}

/** From as many keys as the richest column has to as many as chance would have it. */
function together(counts: readonly Interval[], tuples: number): Interval {
  const most = (pick: keyof Interval) => {
    const product = counts.reduce((total, count) => total * Math.max(1, count[pick]), 1);
    return Math.max(richest(pick), Math.min(tuples, product * -Math.expm1(-tuples / product)));
  };
  const richest = (pick: keyof Interval) => Math.min(tuples, Math.max(1, ...counts.map((count) => count[pick])));
  // columns that complement each other, as an order and its lines do, have more than chance would give them
  const product = counts.reduce((total, count) => total * Math.max(1, count.high), 1);
  return { low: richest('low'), mid: Math.sqrt(richest('mid') * most('mid')), high: Math.min(tuples, product) };
}

function alone({ distinct, nulls }: KeyColumn, { share, isNull }: NullPattern): KeyPart[] {
  if (isNull[0] === true) return [{ keys: exactly(1), share, isNull, of: 'all' }];
  const common = distinct.common;
  const often = common === null ? 0 : Math.min(1, common.share / Math.max(1e-9, 1 - nulls));
  return [
    ...(common === null ? [] : [{ keys: exactly(common.values), share: share * often, isNull, of: 'common' as const }]),
    ...(distinct.rest.high > 0
      ? [
          {
            keys: distinct.rest,
            share: share * (1 - often),
            isNull,
            of: common === null ? ('all' as const) : ('rest' as const),
            ...(distinct.most === undefined ? {} : { most: distinct.most }),
          },
        ]
      : []),
  ];
}

/** Distinct values of a column, NULL being one. */
function totalOf({ distinct, nulls }: KeyColumn): Interval {
  const beside = (distinct.common?.values ?? 0) + (nulls > 0 ? 1 : 0);
  return { low: distinct.rest.low + beside, mid: distinct.rest.mid + beside, high: distinct.rest.high + beside };
}

interface Part {
  /** In the index, of so many in the table. */
  readonly tuples: number;
  readonly rows: number;
  readonly predicate: string;
  /** The column's name. */
  readonly column: string;
}

/** Whether a partial index has every value of a column, and only lacks its NULLs. */
export function isAllOfIt(predicate: string, column: string): boolean {
  return isOnlyNotNull(predicate, [column]);
}

/** What of a column a partial index has, when only the table's statistics are known. */
export function partOf(column: KeyColumn, { tuples, rows, predicate, column: name }: Part): KeyColumn {
  const filled = rows * (1 - column.nulls);
  if (isAllOfIt(predicate, name)) {
    const common = column.distinct.common;
    const share = common === null || filled === 0 ? 0 : Math.min(1, (common.share * rows) / filled);
    return { ...column, nulls: 0, distinct: { ...column.distinct, common: common === null ? null : { ...common, share } } };
  }
  const all = totalOf({ ...column, nulls: 0 });
  const part = rows === 0 ? 1 : Math.min(1, tuples / rows);
  const kept = (of: number) => (of <= 0 ? 0 : Math.min(tuples, of * -Math.expm1((rows / of) * Math.log1p(-Math.min(part, 1 - 1e-9)))));
  // values that occur once in the table occur once in any part of it
  const unique = filled > 0 && all.mid >= filled * 0.999;
  const least = unique ? tuples * (1 - column.nulls) : 1;
  const rest = within({ low: least, mid: kept(all.mid), high: all.high }, Math.min(1, tuples), tuples);
  return {
    nulls: column.nulls,
    distinct: { rest: unique ? exactly(rest.low) : rest, common: null, skewed: column.distinct.skewed },
    doubt: 'Its predicate picks rows for which the statistics of the table do not speak.',
    unknown: column.nulls > 0.05,
  };
}
