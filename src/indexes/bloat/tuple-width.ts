import type { IndexColumn } from '../facts.ts';
import { type Interval, within } from './interval.ts';

/** What a column's values take in an index tuple, as far as its statistics tell. */
export interface ColumnWidth {
  readonly column: Pick<IndexColumn, 'length' | 'align' | 'storage'>;
  /** pg_stats.avg_width: with the header of a varlena, as it stands in the heap. */
  readonly averageWidth: number;
  /** Stored lengths of some values; `null` where only the average is known. */
  readonly widths: readonly number[] | null;
  /** Of all values, where `widths` are those of some. */
  readonly allWidths?: readonly number[] | null;
  /** ANALYZE kept none of its values: it keeps none of more than 1 kB. */
  readonly unseen?: boolean;
  /** The statistics are of more rows than are in the index, whose values may be the short ones or the long. */
  readonly ofOtherRows: boolean;
  /** The statistics are of an expression, whose values are measured before their header is made short. */
  readonly expression: boolean;
}

const HEADER = 8;
/** With its null bitmap and alignment (IndexAttributeBitMapData, access/itup.h). */
const HEADER_WITH_NULLS = 16;
/** A varlena of up to 126 bytes gets a header of one byte, and no alignment. */
const SHORT = 127;
/** TOAST_INDEX_TARGET: from here on index_form_tuple tries to compress a value (src/backend/access/common/indextuple.c). */
const COMPRESSED = 510;
/** What may be left of a value that compresses well. */
const SQUEEZED = 0.03;
/** BTMaxItemSize (access/nbtree.h). */
const MOST = 2704;
const ALIGNMENT = { c: 1, s: 2, i: 4, d: 8 } as const;

/** Bytes of an index tuple of these columns: a multiple of eight, or an average of such. Pure. */
export function tupleBytes(columns: readonly ColumnWidth[], withNulls: boolean): Interval {
  const start = withNulls ? HEADER_WITH_NULLS : HEADER;
  const shapes = columns.map(shapeOf);
  const known = shapes.every(({ widths }) => widths !== null);
  const tries = known ? Math.max(1, ...shapes.map(({ widths }) => (widths?.length ?? 1) * (shapes.length > 1 ? 2 : 1))) : 1;
  const average = (pick: keyof Interval, evenly: boolean) => {
    let total = 0;
    for (let i = 0; i < tries; i += 1)
      total += tupleEnd(shapes, start, (shape, place) => valueAt(shape, pick, i * (STRIDES[place % STRIDES.length] ?? 1)), evenly);
    return total / tries;
  };
  if (known) {
    const shift = shapes.reduce((sum, shape) => sum + (shape.shift ?? 0), 0);
    const mid = average('mid', true) + shift;
    return within({ low: Math.min(average('low', true), mid), mid, high: Math.max(average('high', true), mid) }, start, MOST);
  }
  const ends = [true, false].map((evenly) => ({ low: average('low', evenly), mid: average('mid', evenly), high: average('high', evenly) }));
  const [even, uneven] = ends as [Interval, Interval];
  const vagueness = alignmentDoubt(shapes);
  return within(
    { low: Math.min(even.low, uneven.low), mid: (even.mid + uneven.mid) / 2, high: Math.max(even.high, uneven.high) + vagueness },
    start,
    MOST,
  );
}

interface Shape {
  readonly align: number;
  /** Factors to apply to a value's length, or the length itself. */
  readonly bytes: Interval;
  readonly widths: readonly number[] | null;
  /** The shortest and the longest, where it is not known which of them are in the index. */
  readonly ends?: readonly [number, number] | null;
  readonly varies: boolean;
  /** How much wider values are on average than `widths` say. */
  readonly shift?: number;
}

/** Values of two columns are paired as if they had nothing to do with each other. */
const STRIDES = [1, 1009, 1013, 1019, 1021];

function shapeOf({ column, averageWidth, widths, allWidths, unseen, ofOtherRows, expression }: ColumnWidth): Shape {
  const { length, storage } = column;
  const align = ALIGNMENT[column.align];
  if (length > 0) return { align, bytes: { low: length, mid: length, high: length }, widths: [length], varies: false };
  const compressible = storage === 'x' || storage === 'm';
  const typical = meanOf(allWidths ?? widths);
  if (widths !== null && typical !== null && (length === -2 || isAlike(typical, averageWidth))) {
    const stored = widths.map((width) => (length === -2 || width <= SHORT ? width : width + 3));
    const ends = ofOtherRows ? ([Math.min(...stored), Math.max(...stored)] as const) : null;
    const wide = compressible && stored.some((width) => width > COMPRESSED);
    const shift = wide || length === -2 || ends !== null ? 0 : shiftOf(allWidths ?? widths, typical, averageWidth, expression);
    return { align, bytes: { low: wide ? SQUEEZED : 1, mid: wide ? 0.5 : 1, high: 1 }, widths: stored, ends, varies: true, shift };
  }
  // in the heap they are compressed, or a pointer of 18 bytes
  if (unseen === true && averageWidth >= TOAST_POINTER && length === -1)
    return { align, bytes: { low: Math.min(averageWidth, MOST * SQUEEZED), mid: MOST / 2, high: MOST }, widths: null, varies: true };
  // statistics know a name by its 64 bytes; the index stores it without padding
  if (length === -2) return { align: 1, bytes: { low: 4, mid: 16, high: 64 }, widths: null, varies: true };
  const least = expression && averageWidth - 3 < SHORT ? Math.max(1, averageWidth - 3) : averageWidth;
  const shrunk = !compressible || averageWidth < COMPRESSED / 2 ? least : averageWidth < COMPRESSED ? least * 0.7 : least * SQUEEZED;
  // ANALYZE cuts the fraction off
  const most = Math.max(averageWidth + 0.99, typical ?? 0);
  const [shorter, longer] = ofOtherRows ? [0.5, 2] : [1, 1];
  return { align, bytes: { low: shrunk * shorter, mid: (shrunk + most) / 2, high: most * longer }, widths: null, varies: true };
}

const TOAST_POINTER = 18;

function meanOf(widths: readonly number[] | null): number | null {
  return widths === null || widths.length === 0 ? null : widths.reduce((sum, width) => sum + width, 0) / widths.length;
}

/** A hundred values are a small sample, and the average is of all that ANALYZE saw, less its fraction. */
function shiftOf(widths: readonly number[], typical: number, averageWidth: number, expression: boolean): number {
  const alike = Math.min(...widths) === Math.max(...widths);
  const average = expression && averageWidth - 3 < SHORT ? averageWidth - 3 : averageWidth;
  return alike || (typical >= average && typical < average + 1) ? 0 : average + 0.5 - typical;
}

/** ANALYZE keeps no value of more than 1 kB, and measures those that are compressed in the table as they are there. */
function isAlike(typical: number, averageWidth: number): boolean {
  return Math.abs(typical - averageWidth) <= 8 + 0.3 * Math.max(typical, averageWidth);
}

function valueAt({ bytes, widths, ends, varies }: Shape, pick: keyof Interval, i: number): number {
  if (widths === null || !varies) return bytes[pick];
  const end = pick === 'mid' ? undefined : ends?.[pick === 'low' ? 0 : 1];
  const width = end ?? (widths[i % widths.length] as number);
  return width > COMPRESSED ? width * bytes[pick] : width;
}

function tupleEnd(shapes: readonly Shape[], start: number, bytesOf: (shape: Shape, place: number) => number, evenly: boolean): number {
  let end = start;
  let vague = false;
  shapes.forEach((shape, place) => {
    const bytes = bytesOf(shape, place);
    const align = shape.varies && bytes <= SHORT ? 1 : shape.align;
    end = alignedTo(end, align, vague && !evenly) + bytes;
    vague ||= shape.varies;
  });
  return alignedTo(end, 8, vague && !evenly);
}

/** Where only averages are known, lengths a little above a multiple of eight take a whole one more. */
function alignmentDoubt(shapes: readonly Shape[]): number {
  return shapes.some(({ varies, widths }) => varies && widths === null) ? 2 : 0;
}

/** Where it is not known how an offset is spread, half of the padding is needed on average. */
function alignedTo(offset: number, to: number, vague: boolean): number {
  return vague ? offset + (to - 1) / 2 : Math.ceil(offset / to - 1e-9) * to;
}
