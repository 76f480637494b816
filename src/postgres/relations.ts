import { LifeboatError } from '../errors.ts';
import type { Selection } from '../format/manifest.ts';
import type { Session } from './connect.ts';
import { displayName } from './identifiers.ts';
import { schemaPattern, tablePattern } from './patterns.ts';

/** A relation that a pg_dump with this selection dumps. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** pg_class.relkind: table, partitioned table, view, materialized view, foreign table, sequence. */
  readonly kind: 'r' | 'p' | 'v' | 'm' | 'f' | 'S';
  /** The extension it belongs to; pg_dump then dumps nothing but its rows, and those only of a configuration table. */
  readonly extension: string | null;
  /** `WHERE …`, when an extension wants only some rows of its configuration table dumped. */
  readonly extensionCondition: string | null;
  /** Why its rows stay out of the dump on purpose. */
  readonly leftOut: 'excluded' | 'unlogged-on-standby' | null;
  /** Of a partition: the tables that it is a partition of, from its parent up; else `null`. */
  readonly ancestors: readonly { readonly oid: number; readonly schema: string; readonly name: string }[] | null;
  /**
   * The partitioned table among whose leaves a restore may move this leaf's rows. pg_dump loads through the parent where a hash partition
   * key is an enum, since enums hash by OID (src/bin/pg_dump/pg_dump.c, forcePartitionRootLoad).
   */
  readonly movesWithin: string | null;
  readonly readable: boolean;
  readonly rowSecurity: boolean;
}

/**
 * Lists what a pg_dump with this selection would dump. Needs the role's own search path, which decides what an unqualified pattern means,
 * and takes no lock.
 */
export async function listRelations(session: Session, selection: Selection): Promise<Relation[]> {
  const excluded = selection.excludeTables.map(tablePattern);
  const emptied = selection.excludeTableData.map(tablePattern);
  return session.query<Relation>(RELATIONS_SQL, [
    selection.schemas.map(schemaPattern),
    selection.excludeSchemas.map(schemaPattern),
    excluded.map((pattern) => pattern.schema),
    excluded.map((pattern) => pattern.name),
    emptied.map((pattern) => pattern.schema),
    emptied.map((pattern) => pattern.name),
  ]);
}

/** Tables that hold rows of their own (a partitioned parent does not), whether or not they are left out. */
export function holdsRows(relation: Relation): boolean {
  return relation.kind === 'r';
}

/** What pg_dump locks, and so do we. */
export function isLockable(relation: Relation): boolean {
  return (relation.kind === 'r' || relation.kind === 'p') && relation.readable;
}

/** Refuses, before a byte is dumped, what would make pg_dump fail or be cut short. */
export function assertReadable(relations: readonly Relation[], role: string): void {
  const unreadable = relations.filter((r) => (r.kind === 'r' || r.kind === 'p' || r.kind === 'S') && !r.readable && r.extension === null);
  if (unreadable.length > 0) {
    throw new LifeboatError(
      'table-not-readable',
      `The role ${role} may not read ${listNames(unreadable)}.`,
      `GRANT pg_read_all_data TO the role (Postgres 14 and later), or grant SELECT on each, or leave them out with --exclude-table.`,
      { details: { role, tables: unreadable.map(displayName) } },
    );
  }
  const guarded = relations.filter((r) => holdsRows(r) && r.rowSecurity && r.leftOut === null);
  if (guarded.length > 0) {
    throw new LifeboatError(
      'row-security-active',
      `Row-level security would hide rows of ${listNames(guarded)} from the role ${role}.`,
      'Back up with a role that has BYPASSRLS or owns the tables (without FORCE ROW LEVEL SECURITY), or leave their data out with --exclude-table-data.',
      { details: { role, tables: guarded.map(displayName) } },
    );
  }
}

/**
 * The same for large objects, to which pg_read_all_data gives no right.
 * @throws LifeboatError `table-not-readable`
 */
export async function assertLargeObjectsReadable(session: Session, role: string): Promise<void> {
  const readable = readableLargeObject(session);
  const [row] = await session.query<{ count: number; some: string }>(`
    SELECT pg_catalog.count(*)::int AS count,
           pg_catalog.array_to_string((pg_catalog.array_agg(m.oid ORDER BY m.oid))[:5], ', ') AS some
      FROM pg_catalog.pg_largeobject_metadata m
     WHERE NOT (${readable})
  `);
  const { count, some } = row as { count: number; some: string };
  if (count === 0) return;
  throw new LifeboatError(
    'table-not-readable',
    `The role ${role} may not read ${count} large ${count === 1 ? 'object' : 'objects'}: ${some}${count > 5 ? ', …' : ''}.`,
    'GRANT SELECT ON LARGE OBJECT … TO the role, or back up with the role that owns them; with --schema large objects are left out.',
    { details: { role, largeObjects: count } },
  );
}

/** A condition on `m`, a row of pg_largeobject_metadata: whether the role may read it. */
export function readableLargeObject({ versionNumber }: Pick<Session, 'versionNumber'>): string {
  return versionNumber >= 180_000 ? "pg_catalog.has_largeobject_privilege(m.oid, 'SELECT')" : READABLE_LARGE_OBJECT_BEFORE_18;
}

function listNames(relations: readonly Relation[]): string {
  const names = relations.map(displayName);
  if (names.length <= 10) return names.join(', ');
  return `${names.slice(0, 10).join(', ')} and ${names.length - 10} more`;
}

const READABLE_LARGE_OBJECT_BEFORE_18 = `
  pg_catalog.current_setting('lo_compat_privileges')::bool
  OR pg_catalog.pg_has_role(m.lomowner, 'USAGE')
  OR EXISTS (SELECT FROM pg_catalog.aclexplode(m.lomacl) a
              WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_catalog.pg_has_role(a.grantee, 'USAGE')))
`;

const RELATIONS_SQL = `
  WITH unwanted (schema, name) AS (SELECT * FROM ROWS FROM (unnest($3::text[]), unnest($4::text[]))),
       emptied (schema, name) AS (SELECT * FROM ROWS FROM (unnest($5::text[]), unnest($6::text[]))),
       chosen AS (
         SELECT c.oid
           FROM pg_class c
           JOIN pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
           LEFT JOIN pg_extension e ON e.oid = d.refobjid
          WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
            AND c.relpersistence <> 't'
            AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            AND (cardinality($1::text[]) = 0 OR EXISTS (SELECT FROM unnest($1::text[]) x WHERE n.nspname ~ x))
            AND NOT EXISTS (SELECT FROM unnest($2::text[]) x WHERE n.nspname ~ x)
            AND NOT EXISTS (SELECT FROM unwanted x WHERE c.relname ~ x.name AND CASE WHEN x.schema IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname ~ x.schema END)
            AND (e.oid IS NULL OR c.oid = ANY (e.extconfig) AND cardinality($1::text[]) = 0)
       ),
       owned AS (
         SELECT d.objid AS sequence, d.refobjid IN (SELECT oid FROM chosen) AS with_table, d.deptype = 'i' AS identity
           FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' AND c.relpersistence <> 't'
          WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid <> 0 AND d.deptype IN ('a', 'i')
            AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')
       ),
       -- a sequence goes with the table that owns it, and that of an identity column with no other (getOwnedSeqs in src/bin/pg_dump/pg_dump.c)
       dumped AS (
         SELECT oid FROM chosen WHERE oid NOT IN (SELECT sequence FROM owned WHERE identity AND NOT with_table)
         UNION
         SELECT sequence FROM owned WHERE with_table
       )
  SELECT c.oid::int8::float8 AS oid,
         n.nspname AS schema,
         c.relname AS name,
         c.relkind AS kind,
         e.extname AS extension,
         nullif(e.extcondition[array_position(e.extconfig, c.oid)], '') AS "extensionCondition",
         CASE
           WHEN EXISTS (SELECT FROM emptied x WHERE c.relname ~ x.name AND CASE WHEN x.schema IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname ~ x.schema END)
             THEN 'excluded'
           WHEN c.relpersistence = 'u' AND pg_is_in_recovery() THEN 'unlogged-on-standby'
         END AS "leftOut",
         CASE WHEN c.relispartition THEN
           (SELECT jsonb_agg(jsonb_build_object('oid', p.oid::int8, 'schema', pn.nspname, 'name', p.relname) ORDER BY a.depth)
              FROM pg_partition_ancestors(c.oid) WITH ORDINALITY a (oid, depth)
              JOIN pg_class p ON p.oid = a.oid
              JOIN pg_namespace pn ON pn.oid = p.relnamespace
             WHERE p.oid <> c.oid)
         END AS ancestors,
         CASE WHEN c.relispartition AND c.relkind = 'r' THEN
           (SELECT format('%I.%I', pn.nspname, p.relname)
              FROM pg_partition_ancestors(c.oid) WITH ORDINALITY a (oid, depth)
              JOIN pg_partitioned_table t ON t.partrelid = a.oid
              JOIN pg_class p ON p.oid = a.oid
              JOIN pg_namespace pn ON pn.oid = p.relnamespace
             WHERE t.partstrat = 'h'
               AND EXISTS (SELECT FROM unnest(t.partclass::oid[]) k JOIN pg_opclass o ON o.oid = k JOIN pg_opfamily f ON f.oid = o.opcfamily
                            WHERE f.opfname = 'enum_ops')
             ORDER BY a.depth DESC LIMIT 1)
         END AS "movesWithin",
         -- null of what was dropped since this query began: locking it will show that
         coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), true) AS readable,
         c.relrowsecurity AND row_security_active(c.oid) AS "rowSecurity"
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
    LEFT JOIN pg_extension e ON e.oid = d.refobjid
   WHERE c.oid IN (SELECT oid FROM dumped)
   ORDER BY n.nspname, c.relname
`;
