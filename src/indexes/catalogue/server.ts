import type { Session } from '../../postgres/connect.ts';
import { readSystemIdentifier } from '../../postgres/inventory.ts';
import type { AgeFacts, ServerFacts } from '../facts.ts';
import { isoTime } from './sql.ts';

/** Who answers, since when it counts, and what it is building. Needs no privilege. */
export async function readServer(session: Session): Promise<ServerFacts> {
  const [row] = await session.query<Omit<ServerFacts, 'versionNumber' | 'systemIdentifier' | 'toast'> & { toast: number; toastBytes: number }>(
    SERVER_SQL,
  );
  const { toast, toastBytes, ...facts } = row as NonNullable<typeof row>;
  return {
    ...facts,
    versionNumber: session.versionNumber,
    systemIdentifier: await readSystemIdentifier(session),
    toast: { indexes: toast, bytes: toastBytes },
  };
}

/** How old the oldest unfrozen transaction of each database is, with the tables that hold the own one back. */
export async function readAges(session: Session): Promise<AgeFacts[]> {
  const databases = await session.query<Omit<AgeFacts, 'oldest'>>(AGES_SQL);
  const oldest = await session.query<AgeFacts['oldest'][number]>(OLDEST_SQL);
  return databases.map((database) => ({ ...database, oldest: database.own ? oldest : [] }));
}

/**
 * What is built, and what is dropped concurrently, which no view of progress shows but the lock on the index does.
 * A role that may not see what others do sees that an index is being built, and not on which table: then it may be any that is locked for it.
 */
const BUILDING = `
  SELECT p.relid::int8 AS relid FROM pg_catalog.pg_stat_progress_create_index p WHERE p.datid = d.oid AND p.relid IS NOT NULL
  UNION
  SELECT l.relation::int8 FROM pg_catalog.pg_locks l
   WHERE l.locktype = 'relation' AND l.database = d.oid AND l.mode IN ('ShareLock', 'ShareUpdateExclusiveLock')
     AND EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.datid = d.oid AND p.relid IS NULL)
  UNION
  SELECT i.indrelid::int8 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_index i ON i.indexrelid = l.relation
   WHERE l.locktype = 'relation' AND l.database = d.oid AND l.mode = 'ShareUpdateExclusiveLock'`;

const SERVER_SQL = `
  SELECT d.datname AS database, pg_catalog.pg_is_in_recovery() AS standby, ${isoTime('pg_catalog.clock_timestamp()')} AS now,
         ${isoTime('pg_catalog.pg_postmaster_start_time()')} AS "startedAt",
         pg_catalog.current_setting('track_counts')::bool AS counts,
         ${isoTime('pg_catalog.pg_stat_get_db_stat_reset_time(d.oid)')} AS "countersSince",
         current_user::text AS role,
         (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_wal_senders() w
           WHERE w.pid IS NOT NULL AND w.state IS DISTINCT FROM 'backup' AND (w.state = 'streaming' AND w.replay_lsn IS NULL) IS NOT TRUE
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_get_replication_slots() s WHERE s.active_pid = w.pid AND s.slot_type = 'logical'))::int AS standbys,
         (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class x JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
           WHERE x.relkind = 'i' AND n.nspname = 'pg_toast' AND x.oid >= 16384)::int AS toast,
         (SELECT coalesce(sum(x.relpages), 0) * 8192 FROM pg_catalog.pg_class x JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
           WHERE x.relkind = 'i' AND n.nspname = 'pg_toast' AND x.oid >= 16384)::float8 AS "toastBytes",
         coalesce((SELECT pg_catalog.json_agg(DISTINCT b.relid) FROM (${BUILDING}) b), '[]') AS building
    FROM pg_catalog.pg_database d
   WHERE d.datname = pg_catalog.current_database()
`;

const AGES_SQL = `
  SELECT d.datname AS database, d.datname = pg_catalog.current_database() AS own,
         pg_catalog.age(d.datfrozenxid)::float8 AS xids, pg_catalog.mxid_age(d.datminmxid)::float8 AS multixacts,
         pg_catalog.current_setting('autovacuum_freeze_max_age')::float8 AS "freezeMaxAge",
         pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::float8 AS "multixactFreezeMaxAge"
    FROM pg_catalog.pg_database d
   ORDER BY 3 DESC
`;

const OLDEST_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, pg_catalog.age(c.relfrozenxid)::float8 AS xids, pg_catalog.mxid_age(c.relminmxid)::float8 AS multixacts
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'm', 't')
   ORDER BY greatest(pg_catalog.age(c.relfrozenxid), pg_catalog.mxid_age(c.relminmxid)) DESC
   LIMIT 3
`;
