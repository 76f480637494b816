import { LifeboatError } from '../errors.ts';
import { type Column, rowsAndChecksumSql } from './checksum.ts';
import type { Session } from './connect.ts';
import { qualifiedName } from './identifiers.ts';

export interface CountedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** `WHERE …` of an extension's configuration table; `null` for all rows. */
  readonly extensionCondition: string | null;
}

export interface RowCount {
  readonly rows: number;
  /** `null` when not asked for. */
  readonly checksum: string | null;
}

/** Columns by table, for the checksum. */
export async function readColumns(session: Session, oids: readonly number[]): Promise<Map<number, Column[]>> {
  const rows = await session.query<{ oid: number; columns: Column[] }>(
    `SELECT a.attrelid::int8::float8 AS oid,
            pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname, 'typmod', a.atttypmod,
              'builtinType', CASE WHEN t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN t.typname END)) AS columns
       FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
      WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
      GROUP BY 1`,
    [oids],
  );
  return new Map(rows.map((row) => [row.oid, row.columns]));
}

/** Counts one table, and sums its rows' hashes when `columns` are given. One pass over the table. */
export async function countRows(session: Session, table: CountedTable, columns: readonly Column[] | null): Promise<RowCount> {
  const from = `ONLY ${qualifiedName(table)} t ${table.extensionCondition ?? ''}`;
  if (columns === null) {
    const [row] = await session.query<{ rows: string }>(`SELECT pg_catalog.count(*)::text AS rows FROM ${from}`);
    return { rows: Number(row?.rows), checksum: null };
  }
  const [row] = await session.query<{ rows: string; checksum: string }>(rowsAndChecksumSql(from, columns));
  return { rows: Number(row?.rows), checksum: row?.checksum ?? null };
}

/** Counts large objects, and sums the hashes of their contents when asked. An object of 1 GB or more cannot be read whole: then there is no sum. */
export async function countLargeObjects(session: Session, withChecksum: boolean): Promise<{ count: number; checksum: string | null }> {
  const [row] = await session.query<{ count: string }>('SELECT pg_catalog.count(*)::text AS count FROM pg_catalog.pg_largeobject_metadata');
  const count = Number(row?.count);
  if (!withChecksum) return { count, checksum: null };
  await session.query('SAVEPOINT large_objects');
  try {
    const [sum] = await session.query<{ checksum: string }>(`
      SELECT coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
               m.oid::text || ' ' || pg_catalog.encode(pg_catalog.sha256(pg_catalog.lo_get(m.oid)), 'hex') COLLATE "C", 0)), 0)::text AS checksum
        FROM pg_catalog.pg_largeobject_metadata m
    `);
    return { count, checksum: sum?.checksum ?? null };
  } catch (error) {
    if (!(error instanceof LifeboatError) || error.code !== 'query-failed') throw error;
    await session.query('ROLLBACK TO SAVEPOINT large_objects');
    return { count, checksum: null };
  }
}
