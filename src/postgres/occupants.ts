import type { Session } from './connect.ts';
import { quoteIdentifier } from './identifiers.ts';

export interface Occupant {
  readonly schema: string;
  readonly name: string;
}

/** Tables, views, sequences, functions and types beside those of extensions; none in an empty database. */
export async function readOccupants(session: Session): Promise<Occupant[]> {
  return session.query<Occupant>(`
    SELECT n.nspname AS schema, c.relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype IN ('e', 'i'))
    UNION
    SELECT n.nspname, p.proname
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
    UNION
    SELECT n.nspname, t.typname
      FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype IN ('d', 'e', 'r') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype IN ('e', 'i'))
     ORDER BY 1, 2
  `);
}

/**
 * Empties the database in one transaction: event triggers, publications, extensions, schemas and large objects. `public` is made anew, as
 * initdb makes it. What the role may not drop makes all of it fail, and then nothing was dropped.
 */
export async function removeOccupants(session: Session): Promise<void> {
  const statements = await session.query<{ sql: string }>(DROPS_SQL);
  const [owner] = await session.query<{ name: string }>(`
    SELECT CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 150000 THEN 'pg_database_owner' ELSE current_user END AS name
  `);
  await session.query('BEGIN');
  try {
    for (const { sql } of statements) await session.query(sql);
    await session.query(`CREATE SCHEMA public AUTHORIZATION ${quoteIdentifier(owner?.name ?? '')}`);
    await session.query(`GRANT ${session.versionNumber >= 150_000 ? 'USAGE' : 'ALL'} ON SCHEMA public TO PUBLIC`);
    await session.query("COMMENT ON SCHEMA public IS 'standard public schema'");
    await session.query('COMMIT');
  } catch (error) {
    await session.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

const DROPS_SQL = `
  SELECT sql FROM (
    SELECT 1 AS turn, pg_catalog.format('DROP EVENT TRIGGER %I', evtname) AS sql FROM pg_catalog.pg_event_trigger
    UNION ALL
    SELECT 2, pg_catalog.format('DROP PUBLICATION %I', pubname) FROM pg_catalog.pg_publication
    UNION ALL
    SELECT 3, pg_catalog.format('DROP EXTENSION IF EXISTS %I CASCADE', extname) FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql'
    UNION ALL
    SELECT 4, pg_catalog.format('DROP SCHEMA IF EXISTS %I CASCADE', nspname) FROM pg_catalog.pg_namespace
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    UNION ALL
    SELECT 5, pg_catalog.format('SELECT pg_catalog.lo_unlink(%s)', oid) FROM pg_catalog.pg_largeobject_metadata
  ) drops
  ORDER BY turn, sql
`;
