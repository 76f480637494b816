import type { ForeignKeyFacts, IndexColumn, IndexFacts } from '../facts.ts';
import { isOnlyNotNull } from '../predicate.ts';

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
  return index.definition !== null && index.predicate !== '?' && index.columns.every(({ attnum, text }) => attnum !== 0 || text !== '?');
}

/** Whether somebody relies on the very index: a constraint, a replica identity, a partitioned index, an extension. */
export function isBound(index: IndexFacts): boolean {
  return (
    index.constraint !== null || index.primary || index.exclusion || index.replicaIdentity || index.parentOid !== null || index.extension !== null
  );
}

/** Parameters that say how it is kept up; all others shape what it finds, or how well. */
const UPKEEP = new Set(['fillfactor', 'deduplicate_items', 'fastupdate', 'gin_pending_list_limit', 'buffering', 'autosummarize']);

/** Same table, method, parameters, keys in their order, opclass and its options, collation, sort order, predicate, INCLUDE and uniqueness. */
export function isSame(a: IndexFacts, b: IndexFacts): boolean {
  return beginsAlike(a, b) && signature(a) === signature(b);
}

/** Most pairs are told apart by as much, without anything being written down. */
function beginsAlike(a: IndexFacts, b: IndexFacts): boolean {
  return a.tableOid === b.tableOid && a.method === b.method && a.columns[0]?.attnum === b.columns[0]?.attnum;
}

/** Equal for indexes that can do exactly the same. */
export function signature(index: IndexFacts): string {
  const included = index.columns.filter(({ key }) => !key).map(textOf);
  return JSON.stringify([
    index.tableOid,
    index.method,
    keysOf(index).map((column) => [
      textOf(column),
      column.opclassOid,
      column.opclassOptions,
      column.collationOid,
      column.descending,
      column.nullsFirst,
    ]),
    [...new Set(included)].sort(),
    index.parameters.filter((parameter) => !UPKEEP.has(parameter.split('=', 1)[0] as string)),
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
  if (!beginsAlike(wide, narrow) || wide.method !== ORDERED) return false;
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
export function coversForeignKey(index: IndexFacts, foreignKey: ForeignKeyFacts): boolean {
  const { tableOid, period } = foreignKey;
  if (index.tableOid !== tableOid || !isUsable(index)) return false;
  // rows that are alike but for their PERIOD are few
  const columns = period ? foreignKey.attnums.slice(0, -1) : foreignKey.attnums;
  const keys = keysOf(index).slice(0, columns.length);
  const isRightMethod = index.method === ORDERED || (index.method === 'hash' && columns.length === 1) || (index.method === 'gist' && period);
  if (!isRightMethod || !columns.every((_, i) => keys.some((key) => finds(index, key, foreignKey, i)))) return false;
  // a referencing row that is looked for has no NULL there
  const names = keys.map(({ text }) => text);
  return index.predicate === null || isOnlyNotNull(index.predicate, names);
}

/** Whether it finds them by some of the columns at least. */
export function helpsForeignKey(index: IndexFacts, foreignKey: ForeignKeyFacts): boolean {
  const { tableOid, attnums } = foreignKey;
  const [first] = keysOf(index);
  if (index.tableOid !== tableOid || !isUsable(index) || index.method !== ORDERED || index.predicate !== null) return false;
  return first !== undefined && attnums.some((_, i) => finds(index, first, foreignKey, i));
}

/** Whether the server's own question for a foreign key's column can be put to a key: in that collation, and with that operator. */
function finds({ method }: IndexFacts, key: IndexColumn, { attnums, collationOids, operators }: ForeignKeyFacts, i: number): boolean {
  if (key.attnum !== attnums[i] || key.collationOid !== collationOids[i]) return false;
  // operator classes of GiST number their operators each in its own way
  return method === 'gist' || key.equalityOperators.includes(operators[i] as number);
}

function textOf({ attnum, text }: IndexColumn): string {
  return attnum === 0 ? text : `#${attnum}`;
}

function serves(wide: IndexColumn, narrow: IndexColumn, flipped: boolean): boolean {
  return (
    textOf(wide) === textOf(narrow) &&
    wide.opclassOid === narrow.opclassOid &&
    wide.opclassOptions === narrow.opclassOptions &&
    wide.collationOid === narrow.collationOid &&
    wide.descending === (narrow.descending !== flipped) &&
    wide.nullsFirst === (narrow.nullsFirst !== flipped)
  );
}

function uniqueness(index: IndexFacts): readonly boolean[] {
  return index.unique ? [true, index.nullsNotDistinct, index.immediate] : [false];
}
