import { isOnlyNotNull } from '../predicate.ts';
import type { Distinct } from './distinct.ts';
import { exactly, type Interval, within } from './interval.ts';

/** How one key column's values are spread in the index. */
export interface KeyColumn {
  readonly distinct: Distinct;
  readonly nulls: number;
  /** Why this is not known better. */
  readonly doubt?: string;
  /** The share of NULLs may be any other. */
  readonly nullsUnknown?: boolean;
}

/** How an index's keys are spread. */
export interface Keys {
  readonly groups: readonly { readonly keys: Interval; readonly share: number; readonly nulls: boolean }[];
  /** Of all groups together. */
  readonly distinct: Interval;
  /** Sentences on why the number of keys is not known better. */
  readonly doubts: readonly string[];
  readonly nullsUnknown: boolean;
}

const SKEWED = 'Beside frequent values there may be more rare ones than the statistics can know.';
const COMBINED = 'How its columns go together is not known: CREATE STATISTICS (ndistinct) on them would say it.';

/**
 * Puts the key columns together. A combination has at least as many values as its richest column, and at most as many as if its columns
 * had nothing to do with each other. Pure.
 * @param combination distinct combinations by extended statistics; `null` without
 */
export function combine(columns: readonly KeyColumn[], tuples: number, combination: number | null): Keys {
  const doubts = [
    ...new Set(columns.flatMap(({ doubt, distinct }) => [...(doubt === undefined ? [] : [doubt]), ...(distinct.skewed ? [SKEWED] : [])])),
  ];
  const [only] = columns;
  const nullsUnknown = columns.some((column) => column.nullsUnknown === true);
  if (columns.length === 1 && only !== undefined) return { ...alone(only), doubts, nullsUnknown };
  const nulls = 1 - columns.reduce((none, column) => none * (1 - column.nulls), 1);
  const filled = together(
    columns.map((column) => totalOf({ ...column, nulls: 0 })),
    tuples * (1 - nulls),
  );
  const all = together(columns.map(totalOf), tuples);
  const holed = together(columns.map(holesOf(columns)), tuples * nulls);
  const known = (free: Interval, most: number) =>
    combination === null ? free : within(around(combination * (free.mid / Math.max(1, all.mid))), 1, most);
  const groups = [
    { keys: known(filled, tuples * (1 - nulls)), share: 1 - nulls, nulls: false },
    { keys: known(holed, tuples * nulls), share: nulls, nulls: true },
  ];
  const distinct = known(all, tuples);
  return { groups, distinct, nullsUnknown, doubts: combination === null ? [...doubts, COMBINED] : doubts };
}

/** Extended statistics are from a sample, too. */
function around(combination: number): Interval {
  return { low: combination * 0.9, mid: combination, high: combination * 1.2 };
}

/** From as many keys as the richest column has to as many as chance would have it. */
function together(counts: readonly Interval[], tuples: number): Interval {
  const most = (pick: keyof Interval) => {
    const product = counts.reduce((total, count) => total * Math.max(1, count[pick]), 1);
    return Math.max(richest(pick), Math.min(tuples, product * -Math.expm1(-tuples / product)));
  };
  const richest = (pick: keyof Interval) => Math.min(tuples, Math.max(1, ...counts.map((count) => count[pick])));
  return { low: richest('low'), mid: Math.sqrt(richest('mid') * most('mid')), high: most('high') };
}

/** Of the keys that have a NULL: a column that has any is NULL in most of those, and has its values in few. */
function holesOf(columns: readonly KeyColumn[]): (column: KeyColumn) => Interval {
  const nullable = columns.filter(({ nulls }) => nulls > 0).length;
  return (column) => (column.nulls > 0 && nullable === 1 ? exactly(1) : column.nulls > 0.5 ? exactly(1) : totalOf(column));
}

function alone(column: KeyColumn): Pick<Keys, 'groups' | 'distinct'> {
  const { distinct, nulls } = column;
  const common = distinct.common;
  const filled = Math.max(0, 1 - nulls - (common?.share ?? 0));
  const groups = [
    { keys: exactly(1), share: nulls, nulls: true },
    ...(common === null ? [] : [{ keys: exactly(common.values), share: common.share, nulls: false }]),
    ...(distinct.rest.high > 0 ? [{ keys: distinct.rest, share: filled, nulls: false }] : []),
  ];
  return { groups, distinct: totalOf(column) };
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
    nullsUnknown: column.nulls > 0.05,
  };
}
