import { withSession } from '../postgres/connect.ts';
import { eachInSessions } from '../postgres/sessions.ts';
import { liftTimeouts } from '../postgres/snapshot.ts';
import type { ConnectionTarget } from '../postgres/url.ts';

/** Statistics for every table and materialized view: without them the first queries after a restore get the worst plans. */
export async function analyze(target: ConnectionTarget, sessions: number, signal: AbortSignal): Promise<void> {
  const statements = await withSession(target, { signal }, (session) => session.query<{ sql: string }>(STATEMENTS_SQL));
  await eachInSessions(target, { sessions, signal, prepare: liftTimeouts }, statements, (session, { sql }) => session.query(sql));
}

const STATEMENTS_SQL = `
  SELECT pg_catalog.format('ANALYZE %I.%I', n.nspname, c.relname) AS sql
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     AND pg_catalog.pg_table_size(c.oid) > 0
   ORDER BY pg_catalog.pg_table_size(c.oid) DESC
`;
