import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { Selection } from '../format/manifest.ts';
import { watchBlockers } from './blockers.ts';
import { openSession, type Session } from './connect.ts';
import { qualifiedName } from './identifiers.ts';
import { assertLargeObjectsReadable, assertReadable, isLockable, listRelations, type Relation } from './relations.ts';
import type { ConnectionTarget } from './url.ts';

/** One exported snapshot, held open together with a lock on every table in it. */
export interface Snapshot {
  readonly id: string;
  /** The server's clock just before the snapshot: everything committed by then is in it. */
  readonly at: Date;
  /** `null` where the role may not ask. */
  readonly lsn: string | null;
  readonly standby: boolean;
  readonly relations: readonly Relation[];
  /** The coordinating session; its queries see the snapshot. */
  readonly session: Session;
  /** Aborted when the caller's signal is, or when the coordinating session, and with it the locks, is lost. */
  readonly signal: AbortSignal;
  /** Throws unless the coordinating session still holds its locks. */
  assertHeld(): Promise<void>;
  release(): Promise<void>;
}

/** Settings that would otherwise end a session that works for long, or waits for others; managed servers give them to roles. */
const NO_TIMEOUTS = `
  SET statement_timeout = 0;
  SET idle_in_transaction_session_timeout = 0;
  SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name IN ('idle_session_timeout', 'transaction_timeout');
`;

/** Settings that would otherwise shape how values and definitions print. */
const PINNED_SETTINGS = `
  SET TimeZone = 'UTC';
  SET DateStyle = 'ISO, YMD';
  SET IntervalStyle = 'postgres';
  SET extra_float_digits = 3;
  SET bytea_output = 'hex';
  SET lc_numeric = 'C';
  SET lc_monetary = 'C';
  SET xmloption = 'content';
  SET quote_all_identifiers = off;
  SET standard_conforming_strings = on;
  SET row_security = off;
  SET search_path = '';
`;

const ATTEMPTS = 5;
const HEARTBEAT_MS = 5_000;

/**
 * Locks every selected table, then takes and exports the snapshot. In that order nobody can empty or rewrite a table between the two:
 * TRUNCATE and most ALTER TABLE are not MVCC-safe, and would show the snapshot an empty table. LOCK TABLE itself takes no snapshot
 * (src/backend/tcop/pquery.c, PlannedStmtRequiresSnapshot).
 *
 * @throws LifeboatError `table-not-readable`, `row-security-active`, `lock-timeout`, `nothing-selected`, `schema-changing`, and those of a connection
 */
export async function openSnapshot(
  target: ConnectionTarget,
  options: { readonly selection: Selection; readonly lockTimeoutMs: number },
  context: Context,
): Promise<Snapshot> {
  const session = await openSession(target, { signal: context.signal });
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const locked = await lockAll(session, target, options, context);
      if (locked !== null) return await held(session, locked, context.signal);
      await session.query('ROLLBACK');
      context.log.info(`Tables were created, renamed or dropped while they were being locked; attempt ${attempt} of ${ATTEMPTS}.`);
    }
    throw new LifeboatError(
      'schema-changing',
      `Tables kept being created, renamed or dropped while they were being locked, ${ATTEMPTS} times in a row.`,
      'Run the backup when no migration is running, or leave out the schema that changes all the time with --exclude-schema.',
    );
  } catch (error) {
    await session.close();
    throw error;
  }
}

/**
 * A further session that sees exactly the same rows, with the same pinned settings. It locks what it will read at once: a reader that came
 * later would queue behind a migration that waits for the coordinating session.
 */
export async function joinSnapshot(
  target: ConnectionTarget,
  snapshot: Snapshot,
  options: { readonly lock: readonly Relation[]; readonly lockTimeoutMs: number; readonly signal: AbortSignal },
): Promise<Session> {
  const session = await openSession(target, { signal: options.signal });
  try {
    await pinSettings(session);
    await session.query(`SET lock_timeout = ${options.lockTimeoutMs}`);
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    await session.query(`SET TRANSACTION SNAPSHOT '${snapshot.id}'`);
    await lockTables(session, options.lock);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Makes values and definitions print the same in every session, on the source and in scratch. */
export async function pinSettings(session: Session): Promise<void> {
  await session.query(PINNED_SETTINGS + NO_TIMEOUTS);
}

/** Lets a statement take as long as it takes, and leaves every other setting as the role has it. */
export async function liftTimeouts(session: Session): Promise<void> {
  await session.query(NO_TIMEOUTS);
}

interface Locked {
  readonly at: Date;
  readonly relations: readonly Relation[];
}

/** `null` when what there is to lock changed before it was locked. */
async function lockAll(
  session: Session,
  target: ConnectionTarget,
  options: { readonly selection: Selection; readonly lockTimeoutMs: number },
  context: Context,
): Promise<Locked | null> {
  await liftTimeouts(session);
  await session.query(`RESET search_path; SET lock_timeout = ${options.lockTimeoutMs}`);
  const listed = await listRelations(session, options.selection);
  if (options.selection.schemas.length > 0 && listed.length === 0) throw nothingSelected(options.selection);
  assertReadable(listed, target.user);
  // pg_dump leaves them out as soon as it is told which schemas to dump
  if (options.selection.schemas.length === 0) await assertLargeObjectsReadable(session, target.user);
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  if (!(await lockSelected(session, target, listed, context))) return null;
  // The transaction's first query, which takes its snapshot: statement_timestamp() is the moment before that.
  const [clock] = await session.query<{ at: number }>('SELECT (extract(epoch FROM statement_timestamp()) * 1000)::float8 AS at');
  const relations = await listRelations(session, options.selection);
  await pinSettings(session);
  return identity(relations) === identity(listed) ? { at: new Date((clock as { at: number }).at), relations } : null;
}

function identity(relations: readonly Relation[]): string {
  return JSON.stringify(relations.map((r) => [r.oid, r.schema, r.name, r.kind]));
}

function nothingSelected(selection: Selection): LifeboatError {
  return new LifeboatError(
    'nothing-selected',
    `No table, view or sequence is in a schema that matches ${selection.schemas.join(', ')}.`,
    "Check the pattern against psql's \\dn: names are folded to lower case unless they stand in double quotes.",
  );
}

/** `false` when a table was gone before it could be locked. */
async function lockSelected(session: Session, target: ConnectionTarget, relations: readonly Relation[], context: Context): Promise<boolean> {
  const blockers = watchBlockers(target, session.processId, context);
  try {
    await lockTables(session, relations.filter(isLockable));
    return true;
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    const sqlstate = error.details['sqlstate'];
    if (sqlstate === '42P01' || sqlstate === '3F000') return false;
    throw error.code === 'lock-timeout' ? blockers.explain(error) : error;
  } finally {
    await blockers.stop();
  }
}

async function lockTables(session: Session, relations: readonly Relation[]): Promise<void> {
  for (let start = 0; start < relations.length; start += LOCKS_PER_STATEMENT) {
    const names = relations.slice(start, start + LOCKS_PER_STATEMENT).map((relation) => `ONLY ${qualifiedName(relation)}`);
    await session.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
  }
}

const LOCKS_PER_STATEMENT = 200;

async function held(session: Session, locked: Locked, signal: AbortSignal): Promise<Snapshot> {
  const [row] = await session.query<{ id: string; standby: boolean }>(
    'SELECT pg_catalog.pg_export_snapshot() AS id, pg_catalog.pg_is_in_recovery() AS standby',
  );
  const { id, standby } = row as { id: string; standby: boolean };
  const lsn = await currentLsn(session, standby);
  const lost = new AbortController();
  const assertHeld = async () => {
    await session.query('SELECT 1');
  };
  const heartbeat = setInterval(() => assertHeld().catch((error) => lost.abort(error)), HEARTBEAT_MS);
  heartbeat.unref();
  return {
    id,
    at: locked.at,
    lsn,
    standby,
    relations: locked.relations,
    session,
    signal: AbortSignal.any([signal, lost.signal]),
    assertHeld,
    async release() {
      clearInterval(heartbeat);
      await session.close();
    },
  };
}

async function currentLsn(session: Session, standby: boolean): Promise<string | null> {
  const source = standby ? 'pg_last_wal_replay_lsn' : 'pg_current_wal_insert_lsn';
  const [row] = await session.query<{ lsn: string | null }>(`
    SELECT CASE WHEN pg_catalog.has_function_privilege('pg_catalog.${source}()', 'EXECUTE') THEN pg_catalog.${source}()::text END AS lsn
  `);
  return row?.lsn ?? null;
}
