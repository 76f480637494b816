import type { Session } from '../connect.ts';

/** What a server and the role that asks it say of themselves. */
export interface ServerFacts {
  readonly version: string;
  readonly major: number;
  readonly databaseBytes: number;
  readonly standby: boolean;
  /** The connection that was asked: whether it is encrypted; `null` where the server does not say. */
  readonly encrypted: boolean | null;
  /** The server's clock minus ours, in seconds, and how far off that may be. */
  readonly clockSeconds: number;
  readonly clockError: number;
  readonly role: { readonly name: string; readonly superuser: boolean; readonly bypassRls: boolean; readonly connectionLimit: number };
  readonly databaseConnectionLimit: number;
  readonly connections: { readonly all: number; readonly ofDatabase: number; readonly ofRole: number };
  /** In their base units, as a new session of this role gets them; those that the server does not have, or does not show, are absent. */
  readonly settings: Readonly<Record<string, string>>;
}

const SETTINGS = [
  'data_directory',
  'hot_standby_feedback',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'lock_timeout',
  'max_connections',
  'max_locks_per_transaction',
  'max_prepared_transactions',
  'max_slot_wal_keep_size',
  'max_standby_archive_delay',
  'max_standby_streaming_delay',
  'old_snapshot_threshold',
  'reserved_connections',
  'statement_timeout',
  'superuser_reserved_connections',
  'transaction_timeout',
];

/** Makes a session safe to examine a live database with: it writes nothing, waits for nobody and finds only the system's own functions. */
export async function prepareExamination(session: Session, withinMs: number): Promise<void> {
  await session.query(
    `SET default_transaction_read_only = on; SET search_path = ''; SET statement_timeout = ${withinMs}; SET lock_timeout = ${Math.min(withinMs, 5000)}`,
  );
}

export async function readServerFacts(session: Session): Promise<ServerFacts> {
  const asked = Date.now();
  const [clock] = await session.query<{ now: number }>('SELECT extract(epoch FROM pg_catalog.clock_timestamp())::float8 AS now');
  const answered = Date.now();
  const [row] = await session.query<Omit<ServerFacts, 'clockSeconds' | 'clockError'> & { databaseBytes: string }>(
    `SELECT current_setting('server_version') AS version,
            current_setting('server_version_num')::int / 10000 AS major,
            pg_database_size(d.oid)::text AS "databaseBytes",
            pg_is_in_recovery() AS standby,
            (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted,
            jsonb_build_object('name', r.rolname, 'superuser', r.rolsuper, 'bypassRls', r.rolbypassrls, 'connectionLimit', r.rolconnlimit) AS role,
            d.datconnlimit AS "databaseConnectionLimit",
            jsonb_build_object('all', (SELECT sum(numbackends) FROM pg_stat_database),
                               'ofDatabase', (SELECT numbackends FROM pg_stat_database WHERE datid = d.oid),
                               'ofRole', (SELECT count(*) FROM pg_stat_activity WHERE usesysid = r.oid)) AS connections,
            (SELECT coalesce(jsonb_object_agg(name, reset_val), '{}') FROM pg_settings WHERE name = ANY ($1)) AS settings
       FROM pg_database d, pg_roles r
      WHERE d.datname = current_database() AND r.rolname = current_user`,
    [SETTINGS],
  );
  const facts = row as NonNullable<typeof row>;
  const clockSeconds = (clock?.now ?? 0) - (asked + answered) / 2000;
  return { ...facts, databaseBytes: Number(facts.databaseBytes), clockSeconds, clockError: (answered - asked) / 2000 };
}

/** Server processes that statements of two sessions, one after the other, were answered by. */
export interface PoolerFacts {
  /** As the connection's first messages said; something in between may say what it likes. */
  readonly announced: number;
  readonly first: number;
  /** Of another session, in a transaction. */
  readonly other: number;
  /** Of the first session again, while that transaction is open. */
  readonly again: number;
}

/** A pooler in transaction mode lends the first session's process to the second as soon as the first has nothing to do. */
export async function readPooler(session: Session, openOther: () => Promise<Session>): Promise<PoolerFacts> {
  const pid = async (of: Session) => Number((await of.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid'))[0]?.pid);
  const first = await pid(session);
  const second = await openOther();
  try {
    await second.query('BEGIN READ ONLY');
    const other = await pid(second);
    return { announced: session.processId, first, other, again: await pid(session) };
  } finally {
    await second.close();
  }
}
