import { setTimeout } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { openSession, type Session } from './connect.ts';
import type { ConnectionTarget } from './url.ts';

export interface BlockerWatch {
  /** The same failure, with the table, and who holds it since when. */
  explain(error: LifeboatError): LifeboatError;
  stop(): Promise<void>;
}

interface Blocker {
  readonly table: string;
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  readonly state: string | null;
  /** Age of the blocking transaction; `null` where the role may not see it. */
  readonly seconds: number | null;
}

const POLL_MS = 500;

/** Looks, from a session of its own, at who a backend waits for: by the time the wait has failed, that can no longer be asked. */
export function watchBlockers(target: ConnectionTarget, pid: number, context: Context): BlockerWatch {
  const stopped = new AbortController();
  let latest: Blocker | null = null;
  let told = false;
  const watching = poll();

  async function poll(): Promise<void> {
    await pause(POLL_MS, stopped.signal);
    if (stopped.signal.aborted) return;
    const session = await openSession(target, { signal: AbortSignal.any([context.signal, stopped.signal]) });
    try {
      while (!stopped.signal.aborted) {
        latest = (await session.query<Blocker>(BLOCKERS_SQL, [pid]))[0] ?? latest;
        if (latest !== null && !told) context.log.info(`Waiting for a lock: ${describe(latest)}.`);
        told ||= latest !== null;
        await pause(POLL_MS, stopped.signal);
      }
    } finally {
      await session.close();
    }
  }

  return {
    explain(error) {
      if (latest === null) return error;
      return new LifeboatError(
        'lock-timeout',
        `A lock was not to be had in time: ${describe(latest)}.`,
        `Wait for that transaction to end, or end it (SELECT pg_terminate_backend(${latest.pid});), and run it again; --lock-timeout sets how long to wait.`,
        { details: { ...latest }, cause: error },
      );
    },
    async stop() {
      stopped.abort();
      // A watch that could not watch only leaves the failure unexplained.
      await watching.catch(() => {});
    },
  };
}

/**
 * The same failure of a pg_dump or a reader, with who made it wait: a statement that wants a table for itself and stands in line behind the
 * coordinating session, whose locks it still waits for. Asked of that session, before it lets go.
 */
export async function explainQueue(session: Session, error: unknown): Promise<unknown> {
  if (!(error instanceof LifeboatError) || error.code !== 'lock-timeout') return error;
  const [first] = await session.query<Blocker>(QUEUE_SQL).catch(() => []);
  if (first === undefined) return error;
  return new LifeboatError(
    'lock-timeout',
    `${first.table} could not be locked in time: process ${first.pid}${whoIs(first)} wants it for itself, and has waited ${Math.round(first.seconds ?? 0)} s behind this backup.`,
    'Most often that is a migration: run the backup when none is running, and give migrations a lock_timeout of their own.',
    { details: { ...first }, cause: error },
  );
}

function describe(blocker: Blocker): string {
  const since = blocker.seconds === null ? '' : `, its transaction open for ${Math.round(blocker.seconds)} s`;
  return `${blocker.table} is locked by process ${blocker.pid}${whoIs(blocker)}${since}`;
}

function whoIs({ user, application }: Blocker): string {
  const who = [user, application].filter((part) => part !== null && part !== '').join(', ');
  return who === '' ? '' : ` (${who})`;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}

/** With its schema whatever the search path is. */
const TABLE_NAME = `coalesce(
           (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
              FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = l.relation),
           l.relation::text)`;

const QUEUE_SQL = `
  SELECT ${TABLE_NAME} AS table, l.pid, a.usename AS user, a.application_name AS application, a.state,
         extract(epoch FROM pg_catalog.clock_timestamp() - a.query_start)::float8 AS seconds
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
   WHERE NOT l.granted AND l.relation IS NOT NULL AND l.mode = 'AccessExclusiveLock'
     AND pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(l.pid))
   ORDER BY a.query_start
   LIMIT 1
`;

const BLOCKERS_SQL = `
  SELECT ${TABLE_NAME} AS table, b.pid, a.usename AS user, a.application_name AS application, a.state,
         extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS seconds
    FROM pg_catalog.pg_locks l
    CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(l.pid)) b (pid)
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
   WHERE l.pid = $1 AND NOT l.granted AND l.relation IS NOT NULL
   ORDER BY a.xact_start
   LIMIT 1
`;
