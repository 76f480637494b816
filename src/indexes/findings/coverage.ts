import type { ForeignKeyFacts, IndexColumn, IndexFacts } from '../facts.ts';

/** Methods whose order of columns decides what they can find. */
const ORDERED = 'btree';

export function keysOf(index: IndexFacts): readonly IndexColumn[] {
  return index.columns.filter(({ key }) => key);
}

export function isUsable({ valid, ready, live }: IndexFacts): boolean {
  return valid && ready && live;
}

/** Whether everything that tells it from another was read. */
export function isReadable(index: IndexFacts): boolean {
  return index.definition !== null && index.predicate !== '?' && index.columns.every(({ text }) => text !== '?');
}

/** Whether somebody relies on the very index: a constraint, a replica identity, a partitioned index, an extension. */
export function isBound(index: IndexFacts): boolean {
  return (
    index.constraint !== null || index.primary || index.exclusion || index.replicaIdentity || index.parentOid !== null || index.extension !== null
  );
}

/** Same table, method, keys in their order, opclass, collation, sort order, predicate, INCLUDE and uniqueness. */
export function isSame(a: IndexFacts, b: IndexFacts): boolean {
  return signature(a) === signature(b);
}

/** Equal for indexes that can do exactly the same. */
export function signature(index: IndexFacts): string {
  const included = index.columns.filter(({ key }) => !key).map(textOf);
  return JSON.stringify([
    index.tableOid,
    index.method,
    keysOf(index).map((column) => [textOf(column), column.opclassOid, column.collationOid, column.descending, column.nullsFirst]),
    [...new Set(included)].sort(),
    index.predicate,
    index.exclusion,
    ...uniqueness(index),
  ]);
}

/**
 * Whether every scan that `narrow` serves can be served by `wide`, which is another B-tree of the same table: its keys begin with those of
 * `narrow`, sorted the same way or, all of them, exactly the other way; the same rows are in it; and all of `narrow`'s columns are.
 * A unique index is covered only by one that is unique on the same keys in the same way.
 */
export function covers(wide: IndexFacts, narrow: IndexFacts): boolean {
  if (wide.tableOid !== narrow.tableOid || wide.method !== ORDERED || narrow.method !== ORDERED) return false;
  if (wide.predicate !== narrow.predicate || narrow.exclusion) return false;
  const [wideKeys, narrowKeys] = [keysOf(wide), keysOf(narrow)];
  if (narrowKeys.length > wideKeys.length) return false;
  if (narrow.unique && (narrowKeys.length !== wideKeys.length || JSON.stringify(uniqueness(wide)) !== JSON.stringify(uniqueness(narrow))))
    return false;
  const along = (flipped: boolean) => narrowKeys.every((key, i) => serves(wideKeys[i] as IndexColumn, key, flipped));
  if (!along(false) && !along(true)) return false;
  const has = new Set(wide.columns.map(textOf));
  return narrow.columns.every((column) => column.key || has.has(textOf(column)));
}

/** Whether deleting or changing a referenced row finds those that refer to it by this index. */
export function coversForeignKey(index: IndexFacts, { tableOid, attnums }: ForeignKeyFacts): boolean {
  if (index.tableOid !== tableOid || !isUsable(index)) return false;
  const keys = keysOf(index).slice(0, attnums.length);
  const isRightMethod = index.method === ORDERED || (index.method === 'hash' && attnums.length === 1);
  if (!isRightMethod || keys.length < attnums.length) return false;
  if (!attnums.every((attnum) => keys.some((key) => key.attnum === attnum))) return false;
  // a referencing row that is looked for has no NULL there
  const harmless = keys.length === 1 ? `(${quoted(keys[0]?.text ?? '')} IS NOT NULL)` : null;
  return index.predicate === null || index.predicate === harmless;
}

/** Whether it finds them by some of the columns at least. */
export function helpsForeignKey(index: IndexFacts, { tableOid, attnums }: ForeignKeyFacts): boolean {
  const [first] = keysOf(index);
  return (
    index.tableOid === tableOid && isUsable(index) && index.method === ORDERED && index.predicate === null && attnums.includes(first?.attnum ?? 0)
  );
}

function textOf({ attnum, text }: IndexColumn): string {
  return attnum === 0 ? text : `#${attnum}`;
}

function serves(wide: IndexColumn, narrow: IndexColumn, flipped: boolean): boolean {
  return (
    textOf(wide) === textOf(narrow) &&
    wide.opclassOid === narrow.opclassOid &&
    wide.collationOid === narrow.collationOid &&
    wide.descending === (narrow.descending !== flipped) &&
    wide.nullsFirst === (narrow.nullsFirst !== flipped)
  );
}

function uniqueness(index: IndexFacts): readonly boolean[] {
  return index.unique ? [true, index.nullsNotDistinct, index.immediate] : [false];
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
