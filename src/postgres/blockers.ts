import { setTimeout } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { openSession } from './connect.ts';
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

function describe(blocker: Blocker): string {
  const who = [blocker.user, blocker.application].filter((part) => part !== null && part !== '').join(', ');
  const since = blocker.seconds === null ? '' : `, its transaction open for ${Math.round(blocker.seconds)} s`;
  return `${blocker.table} is locked by process ${blocker.pid}${who === '' ? '' : ` (${who})`}${since}`;
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}

const BLOCKERS_SQL = `
  SELECT l.relation::pg_catalog.regclass::text AS table, b.pid, a.usename AS user, a.application_name AS application, a.state,
         extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 AS seconds
    FROM pg_catalog.pg_locks l
    CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(l.pid)) b (pid)
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
   WHERE l.pid = $1 AND NOT l.granted AND l.relation IS NOT NULL
   ORDER BY a.xact_start
   LIMIT 1
`;
