import type { Session } from '../connect.ts';

/** Somebody who has a table for himself now, or waits to. */
export interface HeldTable {
  readonly table: string;
  /** `null` for a prepared transaction, which no session holds any more. */
  readonly pid: number | null;
  readonly prepared: string | null;
  readonly user: string | null;
  readonly state: string | null;
  readonly granted: boolean;
  /** Age of that transaction; `null` where the role may not see it. */
  readonly seconds: number | null;
}

/** Of these tables, those that nobody else may read now. */
export async function readHeldTables(session: Session, oids: readonly number[]): Promise<HeldTable[]> {
  return session.query<HeldTable>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS table, l.pid, x.gid AS prepared, coalesce(a.usename, x.owner)::text AS user, a.state, l.granted,
            extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, x.prepared))::float8 AS seconds
       FROM pg_locks l
       JOIN pg_class c ON c.oid = l.relation
       JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_stat_activity a ON a.pid = l.pid
       LEFT JOIN pg_prepared_xacts x ON l.virtualtransaction = '-1/' || x.transaction::text
      WHERE l.mode = 'AccessExclusiveLock' AND l.relation = ANY ($1::oid[]) AND l.pid IS DISTINCT FROM pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      ORDER BY seconds DESC NULLS LAST, 1`,
    [oids],
  );
}

export interface PreparedTransaction {
  readonly gid: string;
  readonly seconds: number;
}

export async function readPrepared(session: Session): Promise<PreparedTransaction[]> {
  return session.query<PreparedTransaction>(
    `SELECT gid, extract(epoch FROM clock_timestamp() - prepared)::float8 AS seconds
       FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared`,
  );
}

export interface SlotFacts {
  readonly name: string;
  readonly active: boolean;
  /** Write-ahead log that it keeps; `null` when it keeps none. */
  readonly bytes: number | null;
}

export async function readSlots(session: Session): Promise<SlotFacts[]> {
  const rows = await session.query<SlotFacts & { bytes: string | null }>(
    `SELECT slot_name::text AS name, active,
            pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn)::text AS bytes
       FROM pg_replication_slots ORDER BY 1`,
  );
  return rows.map((row) => ({ ...row, bytes: row.bytes === null ? null : Number(row.bytes) }));
}

/** How many queries in this database replay has cancelled on a standby since statistics were reset. */
export async function countConflicts(session: Session): Promise<number> {
  const [row] = await session.query<{ conflicts: string }>(
    `SELECT coalesce(sum(confl_tablespace + confl_lock + confl_snapshot + confl_bufferpin + confl_deadlock), 0)::text AS conflicts
       FROM pg_stat_database_conflicts WHERE datname = current_database()`,
  );
  return Number(row?.conflicts ?? 0);
}
