import type { Session } from '../../postgres/connect.ts';
import { bytes } from '../../report/format.ts';

/** A transaction of this database that is open. */
export interface OpenTransaction {
  /** `null` of a prepared one. */
  readonly pid: number | null;
  /** Of a prepared one, its name. */
  readonly prepared: string | null;
  readonly user: string | null;
  readonly application: string;
  /** `null` where the role may not see it. */
  readonly seconds: number | null;
  /** It dumps, or it belongs to a backup. */
  readonly dumps: boolean;
}

/** What goes on in the database that a rebuild would wait for, or would harm. */
export interface Activity {
  readonly transactions: readonly OpenTransaction[];
  /** What works on the table: `vacuum`, `create index`, … */
  readonly onTable: readonly { readonly pid: number; readonly what: string }[];
  /** pg_basebackup and its like, of the whole server. */
  readonly baseBackups: number;
  readonly wal: WalState;
}

export interface WalState {
  readonly replicas: readonly { readonly name: string /** `null` where the role may not see it. */; readonly lagBytes: number | null }[];
  readonly slots: readonly { readonly name: string; readonly status: string | null; readonly retainedBytes: number | null }[];
}

export interface WalLimits {
  readonly maxReplicaLag: number;
  readonly maxSlotWal: number;
}

export interface Patience extends WalLimits {
  readonly maxTransactionAgeSeconds: number;
}

/** Every reason not to begin now, one sentence each. What the role may not see counts as a reason: not examined is never clean. */
export function hindrancesOf({ transactions, onTable, baseBackups, wal }: Activity, limits: Patience): string[] {
  const hidden = transactions.filter(({ seconds }) => seconds === null);
  const old = transactions.filter(({ seconds }) => seconds !== null && seconds > limits.maxTransactionAgeSeconds);
  return [
    ...transactions.filter(({ dumps }) => dumps).map((dump) => `A dump or backup is running: ${named(dump)}.`),
    ...(baseBackups > 0 ? ['A base backup of the server is running.'] : []),
    ...onTable.map(({ pid, what }) => `Process ${pid} works on its table: ${what}.`),
    ...old
      .filter(({ dumps }) => !dumps)
      .map((one) => `A transaction has been open for ${Math.round(one.seconds ?? 0)} s: ${named(one)}; a rebuild would wait for it.`),
    ...(hidden.length > 0 ? [`The role may not see how old ${hidden.length} open transaction(s) of other roles are: GRANT pg_read_all_stats.`] : []),
    ...walProblems(wal, limits),
  ];
}

/** What is wrong with replicas and slots, one sentence each. */
export function walProblems({ replicas, slots }: WalState, { maxReplicaLag, maxSlotWal }: WalLimits): string[] {
  return [
    ...replicas.flatMap(({ name, lagBytes }) => {
      if (lagBytes === null) return [`The role may not see how far the replica ${name} is behind: GRANT pg_monitor.`];
      return lagBytes > maxReplicaLag
        ? [`The replica ${name} is ${bytes(lagBytes)} of WAL behind, and --max-replica-lag allows ${bytes(maxReplicaLag)}.`]
        : [];
    }),
    ...slots.flatMap(({ name, status, retainedBytes }) => {
      // it is lost already, and holds nothing back
      if (status === 'lost') return [];
      if (status === 'unreserved') return [`The replication slot ${name} is about to lose the WAL that it needs.`];
      return retainedBytes !== null && retainedBytes > maxSlotWal
        ? [`The replication slot ${name} holds back ${bytes(retainedBytes)} of WAL, and --max-slot-wal allows ${bytes(maxSlotWal)}.`]
        : [];
    }),
  ];
}

/** @param own sessions of this run */
export async function readActivity(session: Session, tableOid: number, own: readonly number[]): Promise<Activity> {
  const transactions = await session.query<OpenTransaction>(TRANSACTIONS_SQL, [own]);
  const prepared = await session.query<OpenTransaction>(PREPARED_SQL);
  const onTable = await session.query<{ pid: number; what: string }>(ON_TABLE_SQL, [tableOid, own]);
  const [base] = session.versionNumber < 130_000 ? [] : await session.query<{ n: number }>(BASE_BACKUPS_SQL);
  return { transactions: [...transactions, ...prepared], onTable, baseBackups: base?.n ?? 0, wal: await readWal(session) };
}

export async function readWal(session: Session): Promise<WalState> {
  const replicas = await session.query<{ name: string; lagBytes: number | null }>(`
    SELECT coalesce(nullif(application_name, ''), pid::text) AS name,
           pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), coalesce(replay_lsn, flush_lsn, write_lsn, sent_lsn))::float8 AS "lagBytes"
      FROM pg_catalog.pg_stat_replication
     WHERE state IS DISTINCT FROM 'backup' AND state IS DISTINCT FROM 'startup'
  `);
  const slots = await session.query<{ name: string; status: string | null; retainedBytes: number | null }>(`
    SELECT slot_name AS name, pg_catalog.to_jsonb(s) ->> 'wal_status' AS status,
           pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)::float8 AS "retainedBytes"
      FROM pg_catalog.pg_replication_slots s
  `);
  return { replicas, slots };
}

function named({ pid, prepared, user, application }: OpenTransaction): string {
  if (prepared !== null) return `the prepared transaction ${prepared}${user === null ? '' : ` (${user})`}`;
  const who = [user, application].filter((part) => part !== null && part !== '').join(', ');
  return `process ${pid}${who === '' ? '' : ` (${who})`}`;
}

/** As dumps and backups call themselves; this project's own sessions of other verbs too. */
const DUMPS = '^(pg_dump|pg_dumpall|pg_basebackup|pgBackRest|barman|wal-g|pgcopydb|pg-lifeboat$)';

/**
 * A transaction is known by the lock on its own virtual id, which everybody may see. Vacuums are left out: no rebuild waits for one of
 * another table.
 */
const TRANSACTIONS_SQL = `
  SELECT a.pid, NULL::text AS prepared, a.usename AS user, coalesce(a.application_name, '') AS application,
         CASE WHEN a.query <> '<insufficient privilege>'
              THEN coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8, 0) END AS seconds,
         a.application_name ~* '${DUMPS}' OR a.query ~* '^\\s*copy\\s.*\\sto\\s+stdout|pg_export_snapshot|set\\s+transaction\\s+snapshot' AS dumps
    FROM pg_catalog.pg_stat_activity a
   WHERE a.datname = pg_catalog.current_database() AND a.pid <> ALL ($1::int[]) AND a.pid <> pg_catalog.pg_backend_pid()
     AND EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted)
     AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum v WHERE v.pid = a.pid)
   ORDER BY a.xact_start
`;

/** A backup that others take by pg_backup_start holds no transaction while it copies, and may be connected to any database. */
const BASE_BACKUPS_SQL = `
  SELECT (SELECT count(*) FROM pg_catalog.pg_stat_progress_basebackup)::int
         + (SELECT count(*) FROM pg_catalog.pg_stat_activity
             WHERE coalesce(backend_type, 'client backend') = 'client backend' AND application_name ~* '^(pgBackRest \\[backup|wal-g|barman$)')::int AS n
`;

const PREPARED_SQL = `
  SELECT NULL::int AS pid, gid AS prepared, owner AS user, '' AS application,
         extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::float8 AS seconds, false AS dumps
    FROM pg_catalog.pg_prepared_xacts
   WHERE database = pg_catalog.current_database()
   ORDER BY prepared
`;

/** Where the role may not see what another works on, or that works on a partitioned table of which this is a part, a lock on the table tells. */
const ON_TABLE_SQL = `
  SELECT p.pid, p.what
    FROM (SELECT pid, datname, relid, 'vacuum' AS what FROM pg_catalog.pg_stat_progress_vacuum
          UNION ALL SELECT pid, datname, relid, 'create or rebuild an index' FROM pg_catalog.pg_stat_progress_create_index
          UNION ALL SELECT pid, datname, relid, 'cluster or vacuum full' FROM pg_catalog.pg_stat_progress_cluster) p
   WHERE p.datname = pg_catalog.current_database() AND p.pid <> ALL ($2::int[])
     AND (p.relid = $1::oid
          OR EXISTS (SELECT FROM pg_catalog.pg_locks l
                      WHERE l.pid = p.pid AND l.relation = $1::oid AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareLock', 'AccessExclusiveLock')))
`;
