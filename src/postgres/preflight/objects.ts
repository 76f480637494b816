import type { Session } from '../connect.ts';

/** A function that restoring an index, a column, a constraint, a materialized view or an event trigger runs or may run. */
export interface RestoredFunction {
  /** `schema.name`. */
  readonly name: string;
  /** Its text: never part of a result. */
  readonly body: string;
  readonly usedBy: readonly string[];
}

/** Functions in SQL or PL/pgSQL that set no search_path of their own; those of extensions are none of ours. */
export async function readRestoredFunctions(session: Session): Promise<RestoredFunction[]> {
  return session.query<RestoredFunction>(`
    WITH used (fn, by) AS (
      SELECT d.refobjid, 'index ' || d.objid::regclass
        FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('i', 'I')
       WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_proc'::regclass
      UNION
      SELECT d.refobjid, 'column ' || a.adrelid::regclass || '.' || quote_ident(t.attname)
        FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid JOIN pg_attribute t ON t.attrelid = a.adrelid AND t.attnum = a.adnum
       WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_proc'::regclass
      UNION
      SELECT d.refobjid, 'constraint ' || quote_ident(k.conname) || ' on ' || k.conrelid::regclass
        FROM pg_depend d JOIN pg_constraint k ON k.oid = d.objid AND k.conrelid <> 0
       WHERE d.classid = 'pg_constraint'::regclass AND d.refclassid = 'pg_proc'::regclass
      UNION
      SELECT d.refobjid, 'materialized view ' || r.ev_class::regclass
        FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = r.ev_class AND c.relkind = 'm'
       WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_proc'::regclass
      UNION
      SELECT evtfoid, 'event trigger ' || quote_ident(evtname) FROM pg_event_trigger
    )
    SELECT format('%I.%I', n.nspname, p.proname) AS name, p.prosrc AS body, array_agg(u.by ORDER BY u.by) AS "usedBy"
      FROM used u
      JOIN pg_proc p ON p.oid = u.fn
      JOIN pg_namespace n ON n.oid = p.pronamespace
      JOIN pg_language l ON l.oid = p.prolang
     WHERE l.lanname IN ('sql', 'plpgsql') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
       AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
     GROUP BY p.oid, n.nspname, p.proname, p.prosrc
     ORDER BY 1
  `);
}

/** Names of relations, functions and types that are found through a search_path only. */
export async function readUserNames(session: Session): Promise<Set<string>> {
  const rows = await session.query<{ name: string }>(`
    SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION
    SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION
    SELECT t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE t.typtype IN ('e', 'd', 'r') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  `);
  return new Set(rows.map(({ name }) => name));
}

/** Of these relations, the unlogged tables. */
export async function readUnlogged(session: Session, oids: readonly number[]): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = ANY ($1::oid[]) AND c.relpersistence = 'u' AND c.relkind = 'r' ORDER BY 1`,
    [oids],
  );
  return rows.map(({ name }) => name);
}

export interface LargeObjectFacts {
  readonly count: number;
  readonly unreadable: number;
}

export async function countLargeObjectsFor(session: Session, readable: string): Promise<LargeObjectFacts> {
  const [row] = await session.query<LargeObjectFacts>(
    `SELECT count(*)::int AS count, count(*) FILTER (WHERE NOT (${readable}))::int AS unreadable FROM pg_largeobject_metadata m`,
  );
  return row as LargeObjectFacts;
}

/** Of these schemas, those that the role may not look into. */
export async function readClosedSchemas(session: Session, schemas: readonly string[]): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    "SELECT nspname::text AS name FROM pg_namespace WHERE nspname::text = ANY ($1::text[]) AND NOT has_schema_privilege(oid, 'USAGE') ORDER BY 1",
    [schemas],
  );
  return rows.map(({ name }) => name);
}
