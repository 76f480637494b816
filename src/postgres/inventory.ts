import { createHash } from 'node:crypto';
import type { Manifest, ManifestIndex, ManifestObject, ManifestSequence } from '../format/manifest.ts';
import type { Session } from './connect.ts';
import { qualifiedName } from './identifiers.ts';
import { OBJECT_QUERIES } from './objects.sql.ts';
import { schemaPattern } from './patterns.ts';
import type { Relation } from './relations.ts';

type Source = Manifest['source'];
export type DatabaseFacts = Omit<Source, 'pgDumpVersion' | 'standby' | 'provider'>;
export type SequenceState = ManifestSequence;

/** What the database is, without its contents. */
export async function readDatabaseFacts(session: Session): Promise<DatabaseFacts> {
  const [row] = await session.query<DatabaseFacts & { bytes: string }>(`
    SELECT pg_catalog.current_setting('server_version') AS "serverVersion",
           pg_catalog.current_setting('server_version_num')::int / 10000 AS "serverMajor",
           d.datname AS database,
           pg_catalog.pg_database_size(d.oid)::text AS bytes,
           pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
           d.datcollate AS collate,
           d.datctype AS ctype,
           CASE coalesce(pg_catalog.to_jsonb(d) ->> 'datlocprovider', 'c') WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS "localeProvider",
           coalesce(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale') AS locale
      FROM pg_catalog.pg_database d
     WHERE d.datname = pg_catalog.current_database()
  `);
  const facts = row as DatabaseFacts;
  return {
    ...facts,
    serverVersion: facts.serverVersion.split(' ')[0] as string,
    bytes: Number(facts.bytes),
    systemIdentifier: await readSystemIdentifier(session),
  };
}

/** The cluster's own number, the same on a primary and its standbys; `null` where the role may not ask. */
export async function readSystemIdentifier(session: Session): Promise<string | null> {
  const [row] = await session.query<{ identifier: string | null }>(`
    SELECT CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
                THEN (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) END AS identifier
  `);
  return row?.identifier ?? null;
}

/** Whether two system identifiers are those of two clusters; where one is not known, both may be of one. */
export function areTwoClusters(one: string | null, another: string | null): boolean {
  return one !== null && another !== null && one !== another;
}

/** Bytes of a table's heap and TOAST, by oid. It waits for a lock on each table, so the caller holds one already. */
export async function readTableSizes(session: Session, relations: readonly Relation[]): Promise<Map<number, number>> {
  const rows = await session.query<{ oid: number; bytes: string }>(
    'SELECT oid::int8::float8 AS oid, pg_catalog.pg_table_size(oid)::text AS bytes FROM pg_catalog.unnest($1::oid[]) oid',
    [relations.map((relation) => relation.oid)],
  );
  return new Map(rows.map((row) => [row.oid, Number(row.bytes)]));
}

/** Every schema object of the selection with the MD5 of its definition. Needs pinned settings. */
export async function readObjects(session: Session, relations: readonly Relation[], selection: Manifest['selection']): Promise<ManifestObject[]> {
  const schemas = await readSchemas(session, selection);
  const parameters = [relations.map((relation) => relation.oid), schemas, selection.schemas.length === 0];
  const objects: ManifestObject[] = [];
  for (const [kind, sql] of Object.entries(OBJECT_QUERIES)) {
    // naming all three lets every statement take the same parameters
    const typed = `SELECT identity, definition::text AS definition FROM (${sql}) o WHERE ($1::oid[], $2::oid[], $3::boolean) IS NOT NULL`;
    for (const row of await session.query<{ identity: string; definition: string }>(typed, parameters)) {
      objects.push({ kind, identity: row.identity, definition: createHash('md5').update(row.definition).digest('hex') });
    }
  }
  return objects.sort((a, b) => compareText(a.kind, b.kind) || compareText(a.identity, b.identity));
}

/** Sizes wait for a lock on each index, which its table's lock already covers. */
export async function readIndexes(session: Session, relations: readonly Relation[]): Promise<ManifestIndex[]> {
  const rows = await session.query<ManifestIndex & { bytes: string }>(INDEXES_SQL, [relations.map((relation) => relation.oid)]);
  return rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
}

/** What each sequence holds now: sequences are not part of any snapshot. */
export async function readSequences(session: Session, relations: readonly Relation[]): Promise<SequenceState[]> {
  const sequences = relations.filter((relation) => relation.kind === 'S' && relation.readable);
  const states: SequenceState[] = [];
  for (let start = 0; start < sequences.length; start += SEQUENCES_PER_STATEMENT) {
    const chunk = sequences.slice(start, start + SEQUENCES_PER_STATEMENT);
    const selects = chunk.map((sequence, i) =>
      sequence.leftOut === null
        ? `SELECT ${i} AS i, s.last_value::text AS value, s.is_called AS called, p.seqincrement > 0 AS ascending, ${OWNER_OF_SEQUENCE} AS "ownedBy"
             FROM ${qualifiedName(sequence)} s, pg_catalog.pg_sequence p WHERE p.seqrelid = ${sequence.oid}`
        : `SELECT ${i} AS i, p.seqstart::text AS value, false AS called, p.seqincrement > 0 AS ascending, ${OWNER_OF_SEQUENCE} AS "ownedBy"
             FROM pg_catalog.pg_sequence p WHERE p.seqrelid = ${sequence.oid}`,
    );
    for (const { i, ...state } of await session.query<Omit<SequenceState, 'schema' | 'name'> & { i: number }>(selects.join(' UNION ALL '))) {
      const { schema, name, leftOut } = chunk[i] as Relation;
      states.push({ schema, name, ...state, ...(leftOut === null ? {} : { leftOut: true }) });
    }
  }
  return states;
}

/** Installed extensions, each with the objects that hang on it by whatever chain of dependencies. */
export async function readExtensions(session: Session): Promise<Manifest['extensions']> {
  return session.query<Manifest['extensions'][number]>(`
    WITH RECURSIVE member AS (
      SELECT d.refobjid AS extension, d.classid, d.objid
        FROM pg_catalog.pg_depend d
       WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
    ),
    hangs_on (extension, classid, objid) AS (
      SELECT extension, classid, objid FROM member
      UNION
      SELECT h.extension, d.classid, d.objid
        FROM hangs_on h
        JOIN pg_catalog.pg_depend d ON d.refclassid = h.classid AND d.refobjid = h.objid
       WHERE d.deptype IN ('n', 'a', 'i')
    ),
    outside AS (
      SELECT extension, coalesce(f.adrelid, r.ev_class, h.objid) AS objid,
             CASE WHEN f.oid IS NOT NULL OR r.oid IS NOT NULL THEN 'pg_catalog.pg_class'::pg_catalog.regclass ELSE h.classid END AS classid
        FROM (SELECT * FROM hangs_on EXCEPT SELECT * FROM member) h
        LEFT JOIN pg_catalog.pg_attrdef f ON h.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND f.oid = h.objid
        LEFT JOIN pg_catalog.pg_rewrite r ON h.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = h.objid
    ),
    granted (classid, objid, acl) AS (
      SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, oid, relacl FROM pg_catalog.pg_class WHERE relacl IS NOT NULL
      UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, proacl FROM pg_catalog.pg_proc WHERE proacl IS NOT NULL
      UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid, typacl FROM pg_catalog.pg_type WHERE typacl IS NOT NULL
      UNION ALL SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, nspacl FROM pg_catalog.pg_namespace WHERE nspacl IS NOT NULL
      UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, fdwacl FROM pg_catalog.pg_foreign_data_wrapper WHERE fdwacl IS NOT NULL
    )
    SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema,
           ARRAY(SELECT DISTINCT i.identity
                   FROM outside o CROSS JOIN LATERAL pg_catalog.pg_identify_object(o.classid, o.objid, 0) i
                  WHERE o.extension = e.oid AND i.identity IS NOT NULL
                  ORDER BY 1) AS dependents,
           ARRAY(SELECT DISTINCT i.identity
                   FROM member m JOIN granted g ON g.classid = m.classid AND g.objid = m.objid
                   LEFT JOIN pg_catalog.pg_init_privs p ON p.classoid = g.classid AND p.objoid = g.objid AND p.objsubid = 0
                   CROSS JOIN LATERAL pg_catalog.pg_identify_object(m.classid, m.objid, 0) i
                  WHERE m.extension = e.oid AND g.acl IS DISTINCT FROM p.initprivs AND i.identity IS NOT NULL
                  ORDER BY 1) AS privileges
      FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname <> 'plpgsql'
     ORDER BY e.extname
  `);
}

/** Every role that an object of this database depends on: owners, grantees, those named in policies and default privileges. */
export async function readRoles(session: Session): Promise<string[]> {
  const rows = await session.query<{ role: string }>(`
    SELECT r.rolname AS role
      FROM pg_catalog.pg_roles r
     WHERE r.rolname !~ '^pg_'
       AND (r.oid = 10 OR r.oid IN (SELECT s.refobjid FROM pg_catalog.pg_shdepend s
                                     WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
                                       AND s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())))
     ORDER BY 1
  `);
  return rows.map((row) => row.role);
}

/** Roles that own what only a superuser may own, so that giving it to them takes one. What belongs to an extension is made by that. */
export async function readSuperuserOwners(session: Session): Promise<string[]> {
  const ofSchemas = session.versionNumber >= 150_000 ? 'OR p.oid IN (SELECT pnpubid FROM pg_catalog.pg_publication_namespace)' : '';
  const rows = await session.query<{ role: string }>(`
    SELECT DISTINCT pg_catalog.pg_get_userbyid(o.owner) AS role
      FROM (SELECT 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AS classid, oid, evtowner AS owner FROM pg_catalog.pg_event_trigger
            UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, oid, fdwowner FROM pg_catalog.pg_foreign_data_wrapper
            UNION ALL SELECT 'pg_catalog.pg_publication'::pg_catalog.regclass, p.oid, p.pubowner FROM pg_catalog.pg_publication p WHERE p.puballtables ${ofSchemas}) o
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype = 'e')
     ORDER BY 1
  `);
  return rows.map((row) => row.role);
}

/** What a pg_dump of one database leaves behind, and a person restoring it would miss. */
export async function readNotDumped(session: Session): Promise<string[]> {
  const [row] = await session.query<{ settings: string[] | null; subscriptions: string[] | null }>(`
    SELECT (SELECT pg_catalog.array_agg(DISTINCT pg_catalog.split_part(setting, '=', 1) ORDER BY pg_catalog.split_part(setting, '=', 1))
              FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) setting
             WHERE s.setdatabase = d.oid) AS settings,
           (SELECT pg_catalog.array_agg(subname ORDER BY subname) FROM pg_catalog.pg_subscription WHERE subdbid = d.oid)::text[] AS subscriptions
      FROM pg_catalog.pg_database d
     WHERE d.datname = pg_catalog.current_database()
  `);
  const notes: string[] = [];
  if (row?.settings) notes.push(`Settings made with ALTER DATABASE … SET are not part of a dump: ${row.settings.join(', ')}.`);
  if (row?.subscriptions) notes.push(`Subscriptions are dumped without their progress, and restored disabled: ${row.subscriptions.join(', ')}.`);
  return notes;
}

async function readSchemas(session: Session, selection: Manifest['selection']): Promise<number[]> {
  const rows = await session.query<{ oid: number }>(
    `SELECT n.oid::int8::float8 AS oid
       FROM pg_catalog.pg_namespace n
      WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND (pg_catalog.cardinality($1::text[]) = 0 OR EXISTS (SELECT FROM pg_catalog.unnest($1::text[]) x WHERE n.nspname ~ x))
        AND NOT EXISTS (SELECT FROM pg_catalog.unnest($2::text[]) x WHERE n.nspname ~ x)`,
    [selection.schemas.map(schemaPattern), selection.excludeSchemas.map(schemaPattern)],
  );
  return rows.map((row) => row.oid);
}

const SEQUENCES_PER_STATEMENT = 100;

const OWNER_OF_SEQUENCE = `
  (SELECT pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname)
     FROM pg_catalog.pg_depend d
     JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = p.seqrelid
      AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')
    LIMIT 1)`;

const INDEXES_SQL = `
  SELECT n.nspname AS schema, x.relname AS name, c.relname AS table, pg_catalog.pg_get_indexdef(x.oid) AS definition, m.amname AS method,
         pg_catalog.pg_relation_size(x.oid)::text AS bytes,
         (pg_catalog.pg_relation_size(x.oid) / pg_catalog.current_setting('block_size')::int)::float8 AS pages,
         x.reltuples::float8 AS tuples,
         (SELECT pg_catalog.split_part(o, '=', 2)::int FROM pg_catalog.unnest(x.reloptions) o WHERE o LIKE 'fillfactor=%') AS fillfactor,
         i.indisvalid AS valid
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_catalog.pg_am m ON m.oid = x.relam
   WHERE c.oid = ANY ($1::oid[]) AND x.relkind = 'i'
   ORDER BY 1, 2
`;

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
