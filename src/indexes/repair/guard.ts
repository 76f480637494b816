import { setTimeout } from 'node:timers/promises';
import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { Session } from '../../postgres/connect.ts';
import { bytes } from '../../report/format.ts';
import { readWal, type WalLimits, walProblems } from './hindrances.ts';

export interface GuardOptions {
  /** For messages. */
  readonly index: string;
  /** The server's process that rebuilds. */
  readonly pid: number;
  readonly limits: WalLimits;
  /** What the copy under construction may take; `null` for as much as it likes. */
  readonly mostBytes: number | null;
  /** Why it has to stop now, in one sentence: the hour, a deadline. */
  readonly timeProblem: () => string | null;
}

export interface Guard {
  /** Why the rebuild was cancelled; `null` when it was not. */
  breach(): string | null;
  /** Resolves when nothing is watched any more; rejects where the watching itself failed. */
  stop(): Promise<void>;
}

const POLL_MS = 500;

/**
 * Watches a rebuild from another session: tells its progress and whom it waits for, and cancels it when a replica falls behind, a slot
 * holds back too much, the copy outgrows its budget, time is up, or the run is told to stop.
 * @param lost called where it can no longer be watched, and so must not go on
 */
export function watchRebuild(session: Session, options: GuardOptions, { log, signal }: Context, lost: () => Promise<void>): Guard {
  const stopped = new AbortController();
  const awake = AbortSignal.any([signal, stopped.signal]);
  let breach: string | null = null;
  const told = new Set<number>();

  async function watch(): Promise<void> {
    while (!stopped.signal.aborted) {
      const found = await problem();
      if (found !== null && !stopped.signal.aborted) {
        if (breach === null && !signal.aborted) log.warn(`Cancelling the rebuild of ${options.index}: ${found}`);
        breach ??= found;
        await session.query('SELECT pg_catalog.pg_cancel_backend($1)', [options.pid]);
      }
      await setTimeout(POLL_MS, undefined, { signal: signal.aborted ? stopped.signal : awake }).catch(() => {});
    }
  }

  async function problem(): Promise<string | null> {
    if (signal.aborted) return 'the run was told to stop.';
    const late = options.timeProblem();
    if (late !== null) return late;
    const [state] = await session.query<State>(STATE_SQL, [options.pid]).catch(whenLocked);
    if (state !== undefined) tell(state);
    if (state?.copyBytes && options.mostBytes !== null && Number(state.copyBytes) > options.mostBytes) {
      return `the new index has ${bytes(Number(state.copyBytes))} already, and ${bytes(options.mostBytes)} were allowed.`;
    }
    return walProblems(await readWal(session), options.limits)[0] ?? null;
  }

  function tell({ phase, blocksDone, blocksTotal, tuplesDone, tuplesTotal, waitsFor }: State): void {
    const name = `${options.index}: ${phase}`;
    if (blocksTotal > 0) log.progress({ phase: name, done: blocksDone * 8192, total: blocksTotal * 8192, unit: 'bytes' });
    else if (tuplesTotal > 0) log.progress({ phase: name, done: tuplesDone, total: tuplesTotal, unit: 'rows' });
    if (waitsFor !== null && !told.has(waitsFor.pid)) log.info(`${options.index}: ${phase}, which waits for ${waitsFor.who}.`);
    if (waitsFor !== null) told.add(waitsFor.pid);
  }

  const watching = watch().catch(async (error: unknown) => {
    breach ??= 'it could no longer be watched.';
    await lost();
    throw error;
  });
  watching.catch(() => {});
  return {
    breach: () => breach,
    async stop() {
      stopped.abort();
      await watching;
    },
  };
}

/** A size that cannot be had now is asked for again. */
function whenLocked(error: unknown): [] {
  if (error instanceof LifeboatError && error.code === 'lock-timeout') return [];
  throw error;
}

interface State {
  readonly phase: string;
  readonly blocksDone: number;
  readonly blocksTotal: number;
  readonly tuplesDone: number;
  readonly tuplesTotal: number;
  readonly copyBytes: string | null;
  readonly waitsFor: { readonly pid: number; readonly who: string } | null;
}

/** The size is not asked of an index that is locked for its owner alone, which the copy is while it is dropped. */
const STATE_SQL = `
  SELECT p.phase, p.blocks_done::float8 AS "blocksDone", p.blocks_total::float8 AS "blocksTotal",
         p.tuples_done::float8 AS "tuplesDone", p.tuples_total::float8 AS "tuplesTotal",
         CASE WHEN p.index_relid <> 0 AND p.phase ~ '^(building|index validation|waiting for old snapshots)'
              THEN pg_catalog.pg_relation_size(p.index_relid)::text END AS "copyBytes",
         (SELECT pg_catalog.json_build_object('pid', b.pid, 'who', pg_catalog.format('process %s (%s), its transaction open for %s s', b.pid, concat_ws(', ', a.usename, nullif(a.application_name, '')),
                                   coalesce(round(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start))::text, 'an unknown number of')))
            FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(p.pid)) b (pid)
            LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid
           LIMIT 1) AS "waitsFor"
    FROM pg_catalog.pg_stat_progress_create_index p
   WHERE p.pid = $1
`;
