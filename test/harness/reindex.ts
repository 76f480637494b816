import { type ReindexResult, reindex } from '../../src/indexes/repair/reindex.ts';
import { reindexOptions } from '../../src/options/reindex.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type Recorded, recordingContext, urlOf } from './engine.ts';
import { withTestSession } from './nothing-left.ts';
import { runSql } from './postgres.ts';
import { eventually } from './wait.ts';

/** Options as they are given by hand; a budget that nothing here exceeds unless another is said. */
export function runReindex(
  target: ConnectionTarget,
  given: Record<string, unknown>,
  context: Recorded = recordingContext(),
  clock?: () => Date,
): Promise<ReindexResult> {
  return reindex(reindexOptions.parse({ databaseUrl: `${urlOf(target)}?sslmode=disable`, maxBytes: '1GB', ...given }), context, clock);
}

export interface IndexState {
  readonly name: string;
  readonly oid: number;
  readonly filenode: number;
  readonly valid: boolean;
  readonly bytes: number;
}

/** Every index of a schema, by name. */
export async function indexesOf(target: ConnectionTarget, schema = 'churned'): Promise<IndexState[]> {
  return runSql<IndexState>(
    target,
    `SELECT c.relname AS name, c.oid::int8::float8 AS oid, c.relfilenode::int8::float8 AS filenode, i.indisvalid AS valid,
            pg_relation_size(c.oid)::float8 AS bytes
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind = 'i' ORDER BY 1`,
    [schema],
  );
}

/** Two tables of which every row has been updated many times over: their indexes are many times as large as new ones. */
export const CHURNED_SQL = `
  CREATE SCHEMA churned;
  CREATE TABLE churned.orders (id int PRIMARY KEY, customer int NOT NULL, note text) WITH (autovacuum_enabled = off);
  INSERT INTO churned.orders SELECT i, i % 500, md5(i::text) FROM generate_series(1, 10000) i;
  CREATE INDEX orders_customer ON churned.orders (customer);
  CREATE INDEX orders_note ON churned.orders (note);
  UPDATE churned.orders SET customer = customer + 1, note = md5(note);
  UPDATE churned.orders SET customer = customer + 1, note = md5(note);
  UPDATE churned.orders SET customer = customer + 1, note = md5(note);
`;

/** An index whose rebuild stands still, in the middle of reading the table, until it is let go; it keeps nobody from the table. */
export const HELD_SQL = `
  CREATE FUNCTION churned.held(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN
    IF pg_catalog.current_query() LIKE 'REINDEX%' THEN PERFORM pg_catalog.pg_advisory_xact_lock_shared(4711); END IF;
    RETURN n;
  END $$;
  CREATE INDEX orders_held ON churned.orders (churned.held(customer));
`;

/** Runs `use` while the rebuild of `orders_held` cannot go on. */
export async function whileHeld<T>(target: ConnectionTarget, use: (letGo: () => Promise<unknown>) => Promise<T>): Promise<T> {
  return withTestSession(target, async (session) => {
    await session.query('SELECT pg_advisory_lock(4711)');
    return use(() => session.query('SELECT pg_advisory_unlock_all()'));
  });
}

/** Resolves once a statement that begins so waits for a lock; rejects when the run that it is of has ended before. */
export async function waiting(target: ConnectionTarget, statement: string, running?: Promise<ReindexResult>): Promise<void> {
  const sql = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1 || '%'";
  let early: ReindexResult | null = null;
  running?.then(
    (result) => {
      early = result;
    },
    () => {},
  );
  await withTestSession(target, (session) =>
    eventually(async () => {
      if (early !== null) throw new Error(`the run has ended before it waited: ${JSON.stringify(early)}`);
      return (await session.query(sql, [statement])).length > 0;
    }),
  );
}

/** Names of the indexes of `churned` that are not valid. */
export async function invalidIndexes(target: ConnectionTarget): Promise<string[]> {
  return (await indexesOf(target)).filter(({ valid }) => !valid).map(({ name }) => name);
}

/** The JSON of a report that calls indexes of `churned` bloated, and one of them unused beside. */
export function reportOf(...bloated: readonly { name: string; level: string; rebuiltBytes: number }[]): string {
  const at = '2026-01-10T02:00:00.000Z';
  const shared = { evidence: [], sizeAtStake: 0, used: null, confidence: 'high', remedySql: null, method: null, change: null };
  const finding = (kind: string, level: string, name: string) => ({
    ...{ kind, level, object: `churned.${name}`, index: { oid: 1, schema: 'churned', name } },
    ...shared,
  });
  return JSON.stringify({
    ...{ format: 1, tool: 'test', database: 'shop', at, ignored: [], gone: null, unseen: [], notes: [], previous: null },
    server: { versionNumber: 180_000, systemIdentifier: null, standby: false, countersSince: at, countedSince: at, resets: [at] },
    coverage: { indexes: 1, methods: { measured: 1, scaled: 0, exact: 0, estimated: 0 }, notExamined: [], other: [] },
    findings: [...bloated.map(({ name, level }) => finding('bloated', level, name)), finding('unused', 'act', 'orders_pkey')],
    indexes: bloated.map(({ name, rebuiltBytes }) => ({
      ...{ oid: 1, schema: 'churned', name, table: 'orders', access: 'btree', bytes: 0, definition: '', scans: 0 },
      bloat: { method: 'measured', bytes: 0, rebuiltBytes, confidence: 'high' },
      ...{ seenSince: at, idleSince: at, overSince: null, trend: [] },
    })),
  });
}
