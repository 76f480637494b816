import { LifeboatError } from '../../errors.ts';
import type { Session } from '../../postgres/connect.ts';
import { qualifiedName } from '../../postgres/identifiers.ts';
import type { InvalidIndex } from './leftovers.ts';
import type { RepairFacts } from './plan.ts';

export interface FoundIndex {
  readonly facts: RepairFacts;
  /** The partitioned index that was asked for, where this is a leaf of it. */
  readonly leafOf: string | null;
}

/** For whatever may stand behind somebody's ACCESS EXCLUSIVE lock: reading a size or a definition does. */
const READ_LOCK_TIMEOUT = '500ms';

/** An index by its name; of a partitioned one, its leaves. Empty when there is none. */
export async function findIndex(session: Session, index: { readonly schema: string; readonly name: string }): Promise<FoundIndex[]> {
  const [row] = await session.query<{ oid: number; partitioned: boolean }>(
    `SELECT c.oid::int8::float8 AS oid, c.relkind = 'I' AS partitioned
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('i', 'I')`,
    [index.schema, index.name],
  );
  if (row === undefined) return [];
  if (!row.partitioned) return (await readFacts(session, [row.oid])).map((facts) => ({ facts, leafOf: null }));
  const leaves = await session.query<{ oid: number }>(
    `WITH RECURSIVE part (oid) AS (
       SELECT $1::oid UNION ALL SELECT i.inhrelid FROM part JOIN pg_catalog.pg_inherits i ON i.inhparent = part.oid
     )
     SELECT part.oid::int8::float8 AS oid FROM part JOIN pg_catalog.pg_class c ON c.oid = part.oid WHERE c.relkind = 'i'`,
    [row.oid],
  );
  const leafOf = `${index.schema}.${index.name}`;
  return (
    await readFacts(
      session,
      leaves.map(({ oid }) => oid),
    )
  ).map((facts) => ({ facts, leafOf }));
}

/** Definition and size are `null` of what somebody keeps locked. What is gone is left out. */
export async function readFacts(session: Session, oids: readonly number[]): Promise<RepairFacts[]> {
  const rows = await session.query<Omit<RepairFacts, 'definition' | 'bytes'>>(FACTS_SQL, [oids]);
  const facts: RepairFacts[] = [];
  for (const row of rows) {
    const read = await readSize(session, row.oid);
    if (read !== 'gone') facts.push({ ...row, ...read });
  }
  return facts;
}

/** Every index of a table, or of the whole database, that is not valid and not one of a partitioned table. */
export async function readInvalid(session: Session, tableOid: number | null): Promise<InvalidIndex[]> {
  const rows = await session.query<Omit<InvalidIndex, 'definition' | 'bytes'>>(INVALID_SQL, [tableOid]);
  const found: InvalidIndex[] = [];
  for (const row of rows) {
    const read = await readSize(session, row.oid);
    if (read !== 'gone') found.push({ ...row, ...read });
  }
  return found;
}

interface Size {
  readonly definition: string | null;
  readonly bytes: number | null;
}

async function readSize(session: Session, oid: number): Promise<Size | 'gone'> {
  await session.query(`SET lock_timeout = '${READ_LOCK_TIMEOUT}'`);
  try {
    const [row] = await session.query<{ definition: string | null; bytes: string | null }>(
      'SELECT pg_catalog.pg_get_indexdef($1::oid) AS definition, pg_catalog.pg_relation_size($1::oid)::text AS bytes',
      [oid],
    );
    if (row === undefined || row.definition === null || row.bytes === null) return 'gone';
    return { definition: row.definition, bytes: Number(row.bytes) };
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'lock-timeout') return { definition: null, bytes: null };
    // dropped in between
    if (error instanceof LifeboatError && (error.details['sqlstate'] === '42P01' || error.details['sqlstate'] === 'XX000')) return 'gone';
    throw error;
  }
}

/** Drops an index without keeping anybody from the table. Throws `lock-timeout` where somebody uses the table for longer than that. */
export async function dropIndex(session: Session, index: { readonly schema: string; readonly name: string }, lockTimeoutMs: number): Promise<void> {
  await session.query(`SET lock_timeout = ${lockTimeoutMs}`);
  await session.query(dropStatement(index));
}

export function dropStatement(index: { readonly schema: string; readonly name: string }): string {
  return `DROP INDEX CONCURRENTLY ${qualifiedName(index)}`;
}

const FACTS_SQL = `
  SELECT x.oid::int8::float8 AS oid, n.nspname AS schema, x.relname AS name, c.oid::int8::float8 AS "tableOid", c.relname AS table,
         i.indisunique AS unique, i.indisexclusion AS exclusion, i.indisvalid AND i.indisready AND i.indislive AS valid,
         x.relpersistence = 't' AS temporary,
         n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') OR x.oid < 16384 AS catalogue,
         (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid IN (x.oid, c.oid) AND d.deptype = 'e'
             AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
           LIMIT 1) AS extension,
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS permitted
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
   WHERE x.oid = ANY ($1::oid[])
`;

const INVALID_SQL = `
  SELECT x.oid::int8::float8 AS oid, n.nspname AS schema, x.relname AS name, c.oid::int8::float8 AS "tableOid", c.relname AS table,
         EXISTS (SELECT FROM pg_catalog.pg_locks l
                  WHERE l.relation = x.oid AND l.pid <> pg_catalog.pg_backend_pid() AND l.mode NOT IN ('AccessShareLock', 'RowExclusiveLock')
                    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())) AS busy
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
   WHERE x.relkind = 'i' AND n.nspname <> 'pg_catalog'
     AND NOT (i.indisvalid AND i.indisready AND i.indislive)
     AND ($1::oid IS NULL OR c.oid = $1::oid)
   ORDER BY x.oid
`;
