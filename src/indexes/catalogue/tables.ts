import type { Session } from '../../postgres/connect.ts';
import type { ForeignKeyFacts, TableFacts } from '../facts.ts';
import { readUnlocked } from './locks.ts';
import { isoTime, NOT_OURS } from './sql.ts';

/** Tables, partitioned tables and materialized views, but no temporary ones. A table that is locked is not waited for. */
export async function readTables(session: Session): Promise<TableFacts[]> {
  const rows = await session.query<TableRow>(TABLES_SQL);
  const sizes = await readUnlocked(
    session,
    rows.map(({ oid }) => oid),
    (oid) => oid,
    (some) => session.query<{ oid: number; bytes: string | null }>(SIZES_SQL, [some]),
  );
  const partitions = Map.groupBy(rows, ({ parentOid }) => parentOid);
  const totalsOf = (row: TableRow): Totals => {
    const own = { ...row, bytes: Number(sizes.get(row.oid)?.bytes ?? row.pages * BLOCK) };
    return (partitions.get(row.oid) ?? []).map(totalsOf).reduce(sum, own);
  };
  return rows.map((row) => {
    const { pages: _, parentOid, ...facts } = row;
    const { inserted, updated, deleted, liveRows, bytes } = totalsOf(row);
    return { ...facts, inserted, updated, deleted, liveRows, bytes };
  });
}

/** Foreign keys that are enforced, of tables that hold rows; of a partition, with the partitioned table that it comes from. */
export function readForeignKeys(session: Session): Promise<ForeignKeyFacts[]> {
  return session.query<ForeignKeyFacts>(FOREIGN_KEYS_SQL);
}

type TableRow = Omit<TableFacts, 'bytes'> & { readonly pages: number; readonly parentOid: number | null };
type Totals = Pick<TableFacts, 'inserted' | 'updated' | 'deleted' | 'liveRows' | 'bytes'>;

function sum(a: Totals, b: Totals): Totals {
  return {
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
    liveRows: a.liveRows + b.liveRows,
    bytes: a.bytes + b.bytes,
  };
}

const BLOCK = 8192;

const TABLES_SQL = `
  SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name,
         CASE c.relkind WHEN 'p' THEN 'partitioned' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS kind,
         c.reltuples::float8 AS tuples, c.relpages AS pages, c.relnatts AS columns,
         CASE WHEN pg_catalog.has_table_privilege(c.oid, 'SELECT') AND (NOT c.relrowsecurity OR NOT pg_catalog.row_security_active(c.oid))
              THEN EXISTS (SELECT FROM pg_catalog.pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname) END AS gathered,
         h.inhparent::int8::float8 AS "parentOid",
         pg_catalog.pg_stat_get_numscans(c.oid)::float8 AS "seqScans",
         pg_catalog.pg_stat_get_tuples_returned(c.oid)::float8 AS "seqRows",
         coalesce(x.scans, 0) AS "indexScans",
         pg_catalog.pg_stat_get_tuples_inserted(c.oid)::float8 AS inserted,
         pg_catalog.pg_stat_get_tuples_updated(c.oid)::float8 AS updated,
         pg_catalog.pg_stat_get_tuples_deleted(c.oid)::float8 AS deleted,
         pg_catalog.pg_stat_get_live_tuples(c.oid)::float8 AS "liveRows",
         pg_catalog.pg_stat_get_mod_since_analyze(c.oid)::float8 AS "changedSinceAnalyze",
         ${isoTime('greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid), pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid))')} AS "analyzedAt"
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (SELECT indrelid, sum(pg_catalog.pg_stat_get_numscans(indexrelid))::float8 AS scans FROM pg_catalog.pg_index GROUP BY 1) x ON x.indrelid = c.oid
    LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = c.oid AND c.relispartition
   WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND n.nspname NOT IN ${NOT_OURS}
   ORDER BY 2, 3
`;

const SIZES_SQL = `
  SELECT oid::int8::float8 AS oid, pg_catalog.pg_relation_size(oid)::text AS bytes
    FROM pg_catalog.unnest($1::oid[]) oid
`;

const FOREIGN_KEYS_SQL = `
  SELECT o.oid::int8::float8 AS oid, o.conname AS name, o.conrelid::int8::float8 AS "tableOid",
         k.attnums, k.columns, k."collationOids", k.operators, coalesce((pg_catalog.to_jsonb(o) ->> 'conperiod')::bool, false) AS period,
         o.conindid::int8::float8 AS "referencedIndexOid", o.confrelid::int8::float8 AS "referencedOid",
         rn.nspname AS "referencedSchema", r.relname AS "referencedTable",
         CASE o.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' ELSE 'set default' END AS "onDelete",
         CASE WHEN root.relation <> o.conrelid THEN pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname) END AS "inheritedFrom"
    FROM pg_catalog.pg_constraint o
    JOIN pg_catalog.pg_class c ON c.oid = o.conrelid AND c.relkind = 'r' AND c.relpersistence <> 't'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class r ON r.oid = o.confrelid
    JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
    LEFT JOIN pg_catalog.pg_constraint p ON p.oid = o.conparentid
    LEFT JOIN LATERAL (
      WITH RECURSIVE up (oid, parent, relation) AS (
        SELECT p.oid, p.conparentid, p.conrelid WHERE p.oid IS NOT NULL
        UNION ALL
        SELECT c.oid, c.conparentid, c.conrelid FROM up JOIN pg_catalog.pg_constraint c ON c.oid = up.parent
      )
      SELECT relation FROM up WHERE parent = 0) root ON o.conparentid <> 0
    LEFT JOIN pg_catalog.pg_class t ON t.oid = root.relation
    LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    CROSS JOIN LATERAL (
      SELECT pg_catalog.json_agg(a.attnum ORDER BY u.i) AS attnums, pg_catalog.json_agg(a.attname ORDER BY u.i) AS columns,
             pg_catalog.json_agg(a.attcollation::int8 ORDER BY u.i) AS "collationOids",
             pg_catalog.json_agg(coalesce(nullif(p.oprcom, 0), p.oid)::int8 ORDER BY u.i) AS operators
        FROM ROWS FROM (pg_catalog.unnest(o.conkey), pg_catalog.unnest(o.conpfeqop)) WITH ORDINALITY u (attnum, operator, i)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = u.attnum
        LEFT JOIN pg_catalog.pg_operator p ON p.oid = u.operator) k
   WHERE o.contype = 'f' AND n.nspname NOT IN ${NOT_OURS}
     AND (p.oid IS NULL OR p.conrelid <> o.conrelid)
     -- from Postgres 18 on
     AND coalesce((pg_catalog.to_jsonb(o) ->> 'conenforced')::bool, true)
   ORDER BY n.nspname, c.relname, o.conname
`;
