import { setTimeout } from 'node:timers/promises';
import { LifeboatError } from '../../errors.ts';
import { openSession, type Session } from '../../postgres/connect.ts';
import { liftTimeouts, pinSettings } from '../../postgres/snapshot.ts';
import type { ConnectionTarget } from '../../postgres/url.ts';
import type { Underway } from './leftovers.ts';
import { concurrentlyProblem } from './version.ts';

/** What the sessions of a repair call themselves; those of a backup that runs at the same time can be told from them. */
const APPLICATION = { applicationName: 'pg-lifeboat reindex' };

/** One run in a database at a time: a lock of the controlling session, which goes with it. */
const LOCK = [0x6c_69_66_65, 0x72_65_69_78] as const;

/**
 * The session that looks, watches and clears up. It is not told to stop by any signal: what is under way has to be put away first.
 * @throws LifeboatError `pooler-url`, `version-unsafe`, `standby`
 */
export async function openControl(target: ConnectionTarget): Promise<Session> {
  const session = await openSession(target, APPLICATION);
  try {
    // first of all: what is set in a session of a pooler's would stay with whoever gets it next
    await assertDirect(session);
    await pinSettings(session);
    await session.query(KEEPALIVES);
    const problem = concurrentlyProblem(session.versionNumber);
    if (problem !== null) throw new LifeboatError('version-unsafe', problem, 'Update the server to its newest minor release first.');
    const [row] = await session.query<{ standby: boolean }>('SELECT pg_catalog.pg_is_in_recovery() AS standby');
    if (row?.standby) throw new LifeboatError('standby', 'This server is a standby, where no index can be rebuilt.', 'Give the URL of the primary.');
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** @throws LifeboatError `reindex-running` */
export async function lockRun(control: Session): Promise<void> {
  const [row] = await control.query<{ locked: boolean }>('SELECT pg_catalog.pg_try_advisory_lock($1, $2) AS locked', LOCK);
  if (row?.locked) return;
  throw new LifeboatError(
    'reindex-running',
    'Another reindex works in this database.',
    'Wait until it has ended; it holds an advisory lock, which goes with its session.',
  );
}

/** The same text in every session, whatever the DateStyle and TimeZone of its role. */
const STARTED_AT = `pg_catalog.to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US"+00"')`;

/** The session that rebuilds: with the settings of its role, but for what would end it early. It ends soon after this process has died. */
export async function openWork(target: ConnectionTarget, lockTimeoutMs: number): Promise<{ session: Session; identity: Underway['session'] }> {
  const session = await openSession(target, APPLICATION);
  try {
    await liftTimeouts(session);
    await session.query(KEEPALIVES);
    await session.query(`SET lock_timeout = ${Math.round(lockTimeoutMs)}`);
    const [row] = await session.query<{ startedAt: string }>(
      `SELECT ${STARTED_AT} AS "startedAt" FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()`,
    );
    return { session, identity: { pid: session.processId, startedAt: row?.startedAt ?? '' } };
  } catch (error) {
    await session.close();
    throw error;
  }
}

/** Resolves to whether that session of the server is gone; it is told to end first, where the role may do that. */
export async function endSession(control: Session, { pid, startedAt }: Underway['session'], patienceMs: number): Promise<boolean> {
  const deadline = Date.now() + patienceMs;
  for (let told = false; ; ) {
    const [found] = await control.query<{ visible: boolean }>(
      `SELECT backend_start IS NOT NULL AS visible FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND coalesce(${STARTED_AT} = $2, true)`,
      [pid, startedAt],
    );
    if (found === undefined) return true;
    // of another role, whose sessions this one may not see: it may be that one, or any
    if (!found.visible) return false;
    if (Date.now() > deadline) return false;
    if (!told && !(await terminate(control, pid))) return false;
    told = true;
    await setTimeout(50);
  }
}

async function terminate(control: Session, pid: number): Promise<boolean> {
  try {
    await control.query('SELECT pg_catalog.pg_terminate_backend($1)', [pid]);
    return true;
  } catch (error) {
    if (error instanceof LifeboatError && error.details['sqlstate'] === '42501') return false;
    throw error;
  }
}

/** A pooler gives its clients process ids of its own: a server's session is somebody else's by the next statement, and so are its locks. */
async function assertDirect(session: Session): Promise<void> {
  const [row] = await session.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
  if (row?.pid === session.processId) return;
  throw new LifeboatError(
    'pooler-url',
    'The database URL goes through a pooler: the process that answers is not the one that the connection was made to.',
    'Use the direct connection of the server: a rebuild has to be watched, and cancelled, in its own session.',
  );
}

/** Who is gone is noticed: in the middle of a rebuild as well, from Postgres 14 on. */
const KEEPALIVES = `
  SELECT pg_catalog.set_config(name, CASE name WHEN 'client_connection_check_interval' THEN '2s' WHEN 'tcp_keepalives_count' THEN '4' ELSE '15' END, false)
    FROM pg_catalog.pg_settings
   WHERE name IN ('client_connection_check_interval', 'tcp_keepalives_idle', 'tcp_keepalives_interval', 'tcp_keepalives_count')
`;
