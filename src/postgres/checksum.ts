import { quoteIdentifier } from './identifiers.ts';

/**
 * Names the hash below in manifests: change it whenever the same rows would give another sum.
 *
 * Each row becomes one 64-bit hash, and a table's checksum is the sum of its rows' hashes. A sum (not an XOR) counts a duplicated row
 * twice, and does not depend on order. `hash_record_extended` is linear in its columns' hashes (src/backend/utils/adt/rowtypes.c:
 * `result * 31 + hash`), so that swapping a value between two rows would leave the sum as it was: its result is therefore mixed once
 * more, as the 64-bit seed of a last hash.
 *
 * What it cannot see: anything that is not in a row's values (physical order, the way a value is compressed), and a change that someone
 * computes on purpose to collide. It is a checksum, not a signature.
 */
export const CHECKSUM_ALGORITHM = 'record-hash-sum-1';

export interface Column {
  readonly name: string;
  /** Type name in pg_catalog, or `null` for any other type. */
  readonly builtinType: string | null;
  /** atttypmod: -1 when the type has no length or scale. */
  readonly typmod: number;
}

/** Types whose hash differs whenever their text does, and does not depend on the cluster as an enum's or a regclass's would. */
const HASHED_AS_IS = new Set(['bool', 'int2', 'int4', 'uuid', 'date', 'bytea']);
/** Eight-byte values, which Postgres folds to four before it hashes them: their binary form is hashed whole. */
const HASHED_AS_BINARY = new Map([
  ['int8', 'int8send'],
  ['time', 'time_send'],
  ['timestamp', 'timestamp_send'],
  ['timestamptz', 'timestamptz_send'],
]);
const HASHED_AS_C_TEXT = new Set(['text', 'varchar']);
/** Their hash treats 1.0 and 1.00, or 0 and -0, as equal: only their text tells. */
const HASHED_AS_CAST = new Set(['json', 'jsonb', 'float4', 'float8']);

/**
 * `SELECT rows, checksum` of one table as SQL, to be run in a session with pinned output settings (src/postgres/snapshot.ts).
 * Columns are taken by name: a restore may reorder those of an inheriting table.
 * @param from the FROM clause's item, with `ONLY` where partitions or children must not be counted twice; its alias must be `t`
 */
export function rowsAndChecksumSql(from: string, columns: readonly Column[]): string {
  const expression = rowHash(columns);
  return `SELECT pg_catalog.count(*)::text AS rows, ${expression === null ? "'0'" : `coalesce(pg_catalog.sum(${expression}), 0)::text`} AS checksum FROM ${from}`;
}

function rowHash(columns: readonly Column[]): string | null {
  const sorted = [...columns].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (sorted.length === 0) return null;
  const asText: string[] = [];
  const elements: string[] = [];
  for (const column of sorted) {
    const value = `t.${quoteIdentifier(column.name)}`;
    const element = hashableElement(column, value);
    if (element === null) asText.push(value);
    else elements.push(element);
  }
  if (asText.length > 0) elements.push(`ROW(${asText.join(', ')})::text COLLATE "C"`);
  return `pg_catalog.hashint4extended(0, pg_catalog.hash_record_extended(ROW(${elements.join(', ')}), 0))`;
}

function hashableElement(column: Column, value: string): string | null {
  const type = column.builtinType;
  if (type === null) return null;
  if (HASHED_AS_IS.has(type)) return value;
  const send = HASHED_AS_BINARY.get(type);
  if (send !== undefined) return `pg_catalog.${send}(${value})`;
  if (HASHED_AS_C_TEXT.has(type)) return `${value} COLLATE "C"`;
  if (HASHED_AS_CAST.has(type)) return `${value}::text COLLATE "C"`;
  // with a declared scale, equal numbers print alike
  if (type === 'numeric' && column.typmod !== -1) return value;
  return null;
}
