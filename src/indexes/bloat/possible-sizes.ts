import type { IndexStatistics } from '../catalogue/statistics.ts';
import type { IndexColumn, IndexFacts } from '../facts.ts';
import { type BtreeShape, builtBytes, type KeyGroup, PAGE_BYTES } from './btree-build.ts';
import { type ColumnStatistics, columnDistinct } from './distinct.ts';
import { exactly, type Interval } from './interval.ts';
import { combine, isAllOfIt, type KeyColumn, type KeyPart, type Keys, partOf } from './keys.ts';
import { samplingLuck } from './live-tuples.ts';
import { type Coupling, nullPatterns } from './null-patterns.ts';
import { type ColumnWidth, tupleBytes } from './tuple-width.ts';

export interface KnownColumn {
  readonly column: IndexColumn;
  readonly stats: ColumnStatistics;
}

/** How many tuples there are to build it of. */
export interface Known extends Rows {
  /** Share of the rows that changed since the statistics were gathered. */
  readonly moved: number;
}

interface Rows {
  readonly tuples: number;
  readonly rows: number;
}

/** Every size that a rebuilt index may have: whatever the statistics leave open is built one way and the other. Pure. */
export function possibleSizes(
  index: IndexFacts,
  columns: readonly KnownColumn[],
  statistics: IndexStatistics,
  { tuples, rows, moved }: Known,
  shape: Pick<BtreeShape, 'deduplicate' | 'fillfactor'>,
): { bytes: Interval; keys: Keys } {
  const keyColumns = keyColumnsOf(index, columns, { tuples, rows });
  const included = columns.filter(({ column }) => !column.key).map(({ stats }) => stats.nullFraction);
  const nulls = [...keyColumns.map((column) => column.nulls), ...included];
  const sampleRows = Math.max(1, ...columns.map(({ stats }) => stats.sampleRows));
  const attnums = columns.filter(({ column }) => column.key).map(({ column }) => column.attnum);
  const combination = index.predicate === null && !attnums.includes(0) ? statistics.combination(index, attnums) : null;
  const couplings: readonly Coupling[] = nulls.filter((share) => share > 0 && share < 1).length > 1 ? ['chance', 'together', 'apart'] : ['chance'];
  const all = couplings.map((coupling) => combine(keyColumns, tuples, combination, nullPatterns(nulls, coupling), sampleRows));
  const keys = all[0] as Keys;
  const separator = separatorBytes(index, columns, keyColumns, { tuples, merged: shape.deduplicate ? keys.distinct.mid : tuples });
  const built = all.map(({ spreads }) =>
    spreads.map((parts) => builtBetween(groupsOf(columns, parts, { predicate: index.predicate, tuples, moved }), { ...shape, separator })),
  );
  const flat = built.flat();
  const mids = (built[0] as Interval[]).map(({ mid }) => mid);
  const mid = (Math.min(...mids) + Math.max(...mids)) / 2;
  // changed rows may have any values now, also those that are there already, or none
  const mayShrink = shape.deduplicate || columns.some(({ column }) => column.length < 0) ? 1 - 0.7 * moved : 1;
  const luck = index.predicate === null ? 0 : samplingLuck(tuples, rows, sampleRows);
  // how the last of a few pages is filled depends on which key comes when
  const page = shape.deduplicate && keys.distinct.mid < tuples * 0.99 ? PAGE_BYTES : 0;
  return {
    keys,
    bytes: {
      low: Math.max(PAGE_BYTES, Math.floor(Math.min(...flat.map(({ low }) => low)) * mayShrink * (1 - Math.min(0.9, luck)) - page)),
      mid,
      high: Math.ceil(Math.max(...flat.map(({ high }) => high)) * (1 + luck) + page),
    },
  };
}

/** `_bt_truncate`: as many columns as it takes to tell two neighbours apart, and never those of INCLUDE. */
function separatorBytes(
  { predicate }: IndexFacts,
  columns: readonly KnownColumn[],
  keyColumns: readonly KeyColumn[],
  { tuples, merged }: { tuples: number; merged: number },
): number {
  const widths = widthsOf(columns, predicate, 'all');
  let bytes = 0;
  let before = 0;
  let alike = 1;
  for (let some = 1; some <= keyColumns.length && alike > 0.001; some += 1) {
    const whole = tupleBytes(widths.slice(0, some), false).mid;
    bytes += alike * (whole - before);
    before = whole;
    alike = Math.max(0, 1 - combine(keyColumns.slice(0, some), tuples, null).distinct.mid / Math.max(1, merged));
  }
  return bytes;
}

function keyColumnsOf(index: IndexFacts, columns: readonly KnownColumn[], { tuples, rows }: Rows): KeyColumn[] {
  return columns
    .filter(({ column }) => column.key)
    .map(({ column, stats }): KeyColumn => {
      const own = column.attnum === 0;
      const population = own ? tuples : rows;
      const whole: KeyColumn = {
        distinct: columnDistinct(own ? { ...stats, sampleRows: stats.sampleRows * share(tuples, rows) } : stats, population),
        nulls: stats.nullFraction,
        ...(stats.byHand ? { unknown: true, doubt: `n_distinct of ${column.text} was set by hand: nobody has counted its values.` } : {}),
      };
      return own || index.predicate === null ? whole : partOf(whole, { tuples, rows, predicate: index.predicate, column: column.text });
    });
}

function share(tuples: number, rows: number): number {
  return rows === 0 ? 1 : Math.min(1, tuples / rows);
}

interface Sized {
  readonly keys: Interval;
  readonly tuples: number;
  readonly bytes: Interval;
  readonly most?: number;
}

interface Grouped {
  readonly predicate: string | null;
  readonly tuples: number;
  readonly moved: number;
}

/** NULLs have no width, values that stand out are counted for themselves, and the rest shares what is left. */
function groupsOf(columns: readonly KnownColumn[], parts: readonly KeyPart[], { predicate, tuples, moved }: Grouped): Sized[] {
  const sized = new Map<string, Interval>();
  const bytesOf = ({ isNull, of }: KeyPart): Interval => {
    const name = `${of} ${isNull.map(Number).join('')}`;
    const found =
      sized.get(name) ??
      tupleBytes(
        widthsOf(columns, predicate, of).filter((_, i) => isNull[i] !== true),
        isNull.includes(true),
      );
    sized.set(name, found);
    return found;
  };
  const mayWiden = columns.some(({ column }) => column.length < 0) ? 1 + moved : 1;
  return parts
    .filter((part) => part.share > 0)
    .map((part) => {
      const bytes = bytesOf(part);
      const { low, mid, high } = part.keys;
      const most = Math.max(high, Math.min(part.share * tuples, high + moved * tuples));
      const known = part.most === undefined ? {} : { most: part.most };
      return { keys: { low, mid, high: most }, tuples: part.share * tuples, bytes: { ...bytes, high: bytes.high * mayWiden }, ...known };
    });
}

function widthsOf(columns: readonly KnownColumn[], predicate: string | null, of: KeyPart['of']): ColumnWidth[] {
  return columns.map(({ column, stats }): ColumnWidth => {
    const expression = column.attnum === 0;
    const ofOtherRows = predicate !== null && !expression && !isAllOfIt(predicate, column.text);
    const own = of === 'common' ? stats.commonWidths : of === 'rest' ? stats.restWidths : null;
    const unseen = stats.ordered && stats.histogram === 0 && stats.commonValues === 0 && stats.distinct !== 0;
    return { column, averageWidth: stats.averageWidth, allWidths: stats.widths, widths: own ?? stats.widths, ofOtherRows, expression, unseen };
  });
}

function builtBetween(groups: readonly Sized[], shape: Pick<BtreeShape, 'deduplicate' | 'fillfactor' | 'separator'>): Interval {
  const build = (pick: keyof Interval, spread: BtreeShape['spread'], some: readonly Sized[]) =>
    builtBytes({
      ...shape,
      spread,
      groups: some.map(({ keys, tuples, bytes }): KeyGroup => ({ keys: Math.max(1, keys[pick]), tuples, tupleBytes: bytes[pick] })),
    });
  const apart = groups.some(({ most }) => most !== undefined);
  const all = (pick: keyof Interval) => [
    build(pick, 'even', groups),
    build(pick, 'chance', groups),
    ...(apart ? [build(pick, 'even', groups.flatMap(extremes))] : []),
  ];
  const mids = all('mid');
  return { low: Math.min(...all('low')), mid: (Math.min(...mids) + Math.max(...mids)) / 2, high: Math.max(...all('high')) };
}

/** As many keys for as many tuples, and as uneven as they can be: all occur once, or as often as one may. */
function extremes(group: Sized): Sized[] {
  const { keys, tuples, most } = group;
  if (most === undefined || most <= 1 || tuples <= keys.mid) return [group];
  const often = Math.min(keys.mid, (tuples - keys.mid) / (most - 1));
  const once = keys.mid - often;
  return once < 1
    ? [group]
    : [
        { ...group, keys: exactly(once), tuples: once },
        { ...group, keys: exactly(often), tuples: tuples - once },
      ];
}
