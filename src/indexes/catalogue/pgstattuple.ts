import { LifeboatError } from '../../errors.ts';
import type { Session } from '../../postgres/connect.ts';
import { quoteIdentifier } from '../../postgres/identifiers.ts';

/** What pgstattuple counts in a B-tree. It reads the whole index twice, past the shared buffers. */
export interface IndexPages {
  /** Items on leaf pages: single tuples and posting lists, high keys not among them; those marked dead are left out. */
  readonly items: number;
  readonly itemBytes: number;
  readonly leafPages: number;
  readonly innerPages: number;
  /** Half-dead, and deleted: avg_leaf_density does not count them. */
  readonly emptyPages: number;
  readonly deletedPages: number;
  /** Percent. */
  readonly leafDensity: number;
}

/** The schema where the extension's functions lie, or why they cannot be used. */
export type Pgstattuple = { readonly schema: string } | { readonly why: string; readonly remedy: string };

/** Whether the role may read indexes page by page. */
export async function findPgstattuple(session: Session): Promise<Pgstattuple> {
  const [found] = await session.query<{ schema: string; reachable: boolean; permitted: boolean }>(`
    SELECT n.nspname AS schema, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS reachable,
           pg_catalog.bool_and(pg_catalog.has_function_privilege(p.oid, 'EXECUTE')) AS permitted
      FROM pg_catalog.pg_extension e
      JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
      JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
      JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
     WHERE e.extname = 'pgstattuple' AND p.proname IN ('pgstattuple', 'pgstatindex')
     GROUP BY n.oid, n.nspname
  `);
  if (found === undefined) return { why: 'The extension pgstattuple is not installed.', remedy: 'CREATE EXTENSION pgstattuple;' };
  if (!found.permitted) return { why: 'The role may not use pgstattuple.', remedy: 'GRANT pg_stat_scan_tables TO the role.' };
  const schema = quoteIdentifier(found.schema);
  if (!found.reachable) return { why: 'The role may not use the schema of pgstattuple.', remedy: `GRANT USAGE ON SCHEMA ${schema} TO the role.` };
  return { schema: found.schema };
}

/**
 * Counts one index, outside any transaction of the caller's.
 * @returns the sentence of the server where it would not: a timeout, a lock, an index that is gone
 */
export async function countPages(session: Session, schema: string, oid: number): Promise<IndexPages | string> {
  const functions = quoteIdentifier(schema);
  try {
    const [row] = await session.query<IndexPages>(
      `SELECT t.tuple_count::float8 AS items, t.tuple_len::float8 AS "itemBytes", s.leaf_pages::float8 AS "leafPages",
              s.internal_pages::float8 AS "innerPages", s.empty_pages::float8 AS "emptyPages", s.deleted_pages::float8 AS "deletedPages",
              CASE s.leaf_pages WHEN 0 THEN 0 ELSE s.avg_leaf_density END AS "leafDensity"
         FROM ${functions}.pgstattuple($1::oid::pg_catalog.regclass) t, ${functions}.pgstatindex($1::oid::pg_catalog.regclass) s`,
      [oid],
    );
    return row ?? 'It told nothing.';
  } catch (error) {
    if (error instanceof LifeboatError && (error.code === 'lock-timeout' || error.details['sqlstate'] !== undefined)) return error.message;
    throw error;
  }
}
