/**
 * How large Postgres makes a B-tree when it builds one, page by page as src/backend/access/nbtree/nbtsort.c fills them: `_bt_load` merges
 * equal keys into posting lists, `_bt_buildadd` ends a page at fillfactor and moves its last tuple on to the next. Pages of 8 kB.
 */
export const PAGE_BYTES = 8192;
const PAGE_HEADER = 24;
const SPECIAL = 16;
const ITEM_POINTER = 4;
const HEAP_POINTER = 6;
/** BTREE_DEFAULT_FILLFACTOR, and BTREE_NONLEAF_FILLFACTOR, which nobody can set (nbtree.h). */
export const DEFAULT_FILLFACTOR = 90;
const INNER_FILLFACTOR = 70;
/** `_bt_load`: a tenth of a page less an item pointer is 812; posting tuples are multiples of eight. */
const MAX_POSTING = 808;
/** IndexTupleData: the first item of an inner page has no key. */
const TUPLE_HEADER = 8;

/** Keys that occur about equally often. */
export interface KeyGroup {
  readonly keys: number;
  /** In all; at least one for each key. */
  readonly tuples: number;
  /** Of one index tuple without a posting list: header, key and alignment. An average may be fractional. */
  readonly tupleBytes: number;
}

export interface BtreeShape {
  readonly groups: readonly KeyGroup[];
  readonly deduplicate: boolean;
  readonly fillfactor: number;
  /** Whether every key of a group occurs equally often, or as often as chance would have it (Poisson). */
  readonly spread: 'even' | 'chance';
  /** Of a key on an inner page, header and all; that of the average tuple unless given. */
  readonly separator?: number;
}

/** Bytes of the built index: leaves, inner pages and metapage. Pure. */
export function builtBytes(shape: BtreeShape): number {
  const kinds = shape.groups.filter(({ tuples }) => tuples > 0).map((group) => itemsOf(group, shape));
  if (kinds.length === 0) return PAGE_BYTES;
  const leaves = Math.max(1, Math.ceil(sum(kinds.map(({ pages }) => pages)) - ROUNDING));
  return (1 + leaves + innerPages(leaves, kinds, shape.separator)) * PAGE_BYTES;
}

/**
 * Bytes of an index that is built of these very items, posting lists among them, none split or merged. Pure.
 * @param keyBytes of an item without its posting list
 */
export function packedBytes(items: number, itemBytes: number, keyBytes: number, fillfactor: number): number {
  if (items === 0) return PAGE_BYTES;
  const average = itemBytes / items;
  const mean = average + ITEM_POINTER;
  const spread = average > keyBytes ? mean : 0;
  const perLeaf = leafBytes({ tupleBytes: Math.min(average, keyBytes), mean, meanSquare: mean ** 2 + spread }, fillfactor);
  const leaves = Math.max(1, Math.ceil((items * mean) / perLeaf - ROUNDING));
  const group = { keys: items, tuples: items, tupleBytes: Math.min(average, keyBytes) };
  return (1 + leaves + innerPages(leaves, [{ group, items, pages: leaves }])) * PAGE_BYTES;
}

/** An average is not worth a page more. */
const ROUNDING = 0.02;

/** What a group becomes: so many items, on a share of the leaves. */
interface Kind {
  readonly group: KeyGroup;
  readonly items: number;
  readonly pages: number;
}

/** The items that a group becomes: full posting lists, and whatever is left over. */
function itemsOf(group: KeyGroup, { deduplicate, fillfactor, spread }: BtreeShape): Kind {
  const { keys, tuples, tupleBytes } = group;
  const single = tupleBytes + ITEM_POINTER;
  const most = Math.floor((MAX_POSTING - tupleBytes) / HEAP_POINTER);
  if (!deduplicate || most < 2 || tuples <= keys) {
    return {
      group,
      items: tuples,
      pages: (tuples * single) / leafBytes({ tupleBytes, mean: single, meanSquare: single ** 2 }, fillfactor),
    };
  }
  const mean = tuples / keys;
  let count = 0;
  let bytes = 0;
  const posting = aligned8Down(tupleBytes + most * HEAP_POINTER) + ITEM_POINTER;
  const occurrences = (keys === 1 || spread === 'even' ? evenly(mean) : byChance(mean)).map(({ times, share }) => {
    const left = times % most;
    const size = left === 0 ? 0 : ITEM_POINTER + (left === 1 ? tupleBytes : aligned(tupleBytes + left * HEAP_POINTER));
    const lists = Math.floor(times / most);
    count += share * (lists + (size > 0 ? 1 : 0));
    bytes += share * (lists * posting + size);
    return { lists, size, share };
  });
  const perLeaf = leafOf({ occurrences, keys: Math.round(keys), posting, tupleBytes }, fillfactor);
  return { group, items: keys * count, pages: (keys * bytes) / perLeaf };
}

interface KeySequence {
  /** What a key becomes: so many full posting lists, and an item of what is left; 0 for none. */
  readonly occurrences: readonly { readonly lists: number; readonly size: number; readonly share: number }[];
  readonly keys: number;
  readonly posting: number;
  readonly tupleBytes: number;
}

/** Leaves that are filled to see what one keeps. */
const LEAVES = 60;
const GOLDEN = 0.6180339887498949;

/** Fills leaves with one key after the other as `_bt_buildadd` does, the frequent and the rare well mixed: bytes of items that one keeps. */
function leafOf({ occurrences, keys, posting, tupleBytes }: KeySequence, fillfactor: number): number {
  const room = PAGE_BYTES - PAGE_HEADER - SPECIAL - 2 * ITEM_POINTER;
  const leave = Math.floor((PAGE_BYTES * (100 - fillfactor)) / 100);
  let [used, items, last, spare, leaves, kept, everything] = [0, 0, 0, 0, 0, 0, 0];
  const add = (size: number) => {
    const free = room - used;
    if (free < size - ITEM_POINTER + 8 || (free + spare < leave && items > 1)) {
      leaves += 1;
      kept += used - (items > 1 ? last : 0);
      [used, items] = items > 1 ? [last, 1] : [0, 0];
    }
    used += size;
    items += 1;
    last = size;
    everything += size;
    // the last item of a page loses its posting list as a high key
    spare = Math.max(0, size - ITEM_POINTER - tupleBytes);
  };
  const whole = occurrences.reduce((sum, { share }) => sum + share, 0);
  let end = 0;
  const ends = occurrences.map(({ lists, size, share }) => {
    end += share / whole;
    return { lists, size, end };
  });
  for (let key = 0; key < keys && leaves < LEAVES; key += 1) {
    const place = ((key + 0.5) * GOLDEN) % 1;
    const found = ends.find(({ end }) => place <= end) ?? ends.at(-1);
    for (let list = 0; list < (found?.lists ?? 0) && leaves < LEAVES; list += 1) add(posting);
    if (found !== undefined && found.size > 0) add(found.size);
  }
  return leaves === 0 ? Math.max(everything, room - leave) : kept / leaves;
}

/**
 * Bytes of items that a leaf keeps. It ends when its free space, were the last posting list truncated to a high key, is less than fillfactor
 * leaves, or when the next item does not fit; then the last item moves on.
 */
function leafBytes({ tupleBytes, mean, meanSquare }: { tupleBytes: number; mean: number; meanSquare: number }, fillfactor: number): number {
  const room = PAGE_BYTES - PAGE_HEADER - SPECIAL - ITEM_POINTER;
  const leave = Math.floor((PAGE_BYTES * (100 - fillfactor)) / 100);
  const soft = room - ITEM_POINTER - leave - (tupleBytes + ITEM_POINTER);
  if (meanSquare - mean ** 2 > 1) {
    // the item that ends a page is a large one more often than not
    const last = meanSquare / mean;
    return Math.max(mean, Math.min(soft + last / 2, room - 8 - last));
  }
  const untilSoft = Math.max(1, Math.floor(soft / mean) + 1);
  const untilHard = Math.max(1, Math.floor((room - 8 - mean) / mean));
  return Math.min(untilSoft, untilHard) * mean;
}

function innerPages(leaves: number, kinds: readonly Kind[], given?: number): number {
  const items = sum(kinds.map((kind) => kind.items));
  const keys = sum(kinds.map(({ group }) => Math.min(group.keys, group.tuples)));
  const tuples = sum(kinds.map(({ group }) => group.tuples));
  const key = given ?? sum(kinds.map(({ group }) => group.tupleBytes * group.tuples)) / tuples;
  // between two items of the same key the separator has a heap pointer, too
  const separator = key + 8 * Math.max(0, 1 - keys / items) + ITEM_POINTER;
  const room = PAGE_BYTES - PAGE_HEADER - SPECIAL - ITEM_POINTER;
  const soft = room - ITEM_POINTER - (PAGE_BYTES * (100 - INNER_FILLFACTOR)) / 100 - (TUPLE_HEADER + ITEM_POINTER);
  const most = Math.max(2, Math.floor((room - ITEM_POINTER) / separator) - 1);
  const children = Math.min(most, Math.max(2, Math.floor(soft / separator) + 1));
  let inner = 0;
  for (let level = leaves; level > 1; ) {
    level = Math.ceil(level / children);
    inner += level;
  }
  return inner;
}

interface Occurrence {
  /** A whole number. */
  readonly times: number;
  /** Of the keys. */
  readonly share: number;
}

function evenly(mean: number): Occurrence[] {
  const fewer = Math.floor(mean);
  return [
    { times: fewer, share: 1 - (mean - fewer) },
    { times: fewer + 1, share: mean - fewer },
  ];
}

/** Normal quantiles at the middles of ten equal shares. */
const DECILES = [-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645];
const FEW = 30;
const NEVER = 1e-7;

/** As often as keys occur that were drawn at random, of those that occur at all. */
function byChance(mean: number): Occurrence[] {
  if (mean > FEW) {
    return DECILES.flatMap((z) => evenly(mean + z * Math.sqrt(mean)).map(({ times, share }) => ({ times, share: share / DECILES.length })));
  }
  const rate = rateOf(mean);
  const occurrences: Occurrence[] = [];
  let share = (rate * Math.exp(-rate)) / -Math.expm1(-rate);
  for (let times = 1; times < 4 * FEW && (share > NEVER || times < mean); times += 1) {
    occurrences.push({ times, share });
    share *= rate / (times + 1);
  }
  return occurrences;
}

/** The rate of a Poisson distribution that has this mean once its zeros are left out. */
function rateOf(mean: number): number {
  let rate = mean;
  for (let step = rate; Math.abs(step) > 1e-6 * rate && rate > 1e-9; rate -= step) {
    const zeros = Math.exp(-rate);
    // Newton's method on rate = mean (1 - zeros)
    step = (rate - mean * (1 - zeros)) / Math.max(1e-9, 1 - mean * zeros);
  }
  return Math.max(rate, 1e-9);
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8 - 1e-9) * 8;
}

function aligned8Down(bytes: number): number {
  return Math.min(MAX_POSTING, aligned(bytes));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
