import { describe, expect, test } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { compareDatabases } from '../harness/compare.ts';
import { clientBindir } from '../harness/corpus-database.ts';
import { runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { withTestSession } from '../harness/nothing-left.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { heldDump } from '../harness/wrapped-client.ts';

/** Four sessions that go on changing everything until told to stop; answers with how many transactions they committed so far. */
function startWriters(target: ConnectionTarget) {
  let stopped = false;
  let committed = 0;
  const statements = [
    "INSERT INTO shop.orders (customer_id, placed_at, note) SELECT 1 + random() * 298, now(), repeat('n', (random() * 400)::int) FROM generate_series(1, 20)",
    "UPDATE shop.orders SET note = md5(random()::text), status = 'sent' WHERE id % 97 = (random() * 96)::int",
    'DELETE FROM shop.orders WHERE id % 211 = (random() * 210)::int',
    "SELECT nextval('shop.tickets') FROM generate_series(1, 50)",
    "SELECT setval('shop.tickets', nextval('shop.tickets') + 1000)",
    'INSERT INTO shop.audit SELECT now(), md5(random()::text) FROM generate_series(1, 30)',
    "WITH gone AS (DELETE FROM shop.audit WHERE line < '1' RETURNING at, line) INSERT INTO shop.audit SELECT at, 'f' || line FROM gone",
    'VACUUM shop.orders',
    'ANALYZE shop.orders',
  ];
  const working = [0, 1, 2, 3].map((worker) =>
    withTestSession(target, async (session) => {
      for (let i = worker; !stopped; i++) {
        await session.query(statements[i % statements.length] as string);
        committed++;
      }
    }),
  );
  return {
    committed: () => committed,
    async stop() {
      stopped = true;
      await Promise.all(working);
    },
  };
}

describe.each(majors())('a database that is written to on Postgres %i', (major) => {
  test('is backed up as it was in one moment', async () => {
    const source = await shopDatabase(major);
    const store = await temporaryStore();
    const writers = startWriters(source);
    await eventually(() => writers.committed() > 50);
    const dump = await heldDump(major);
    const taking = runBackup(source, store.url, { database: 'shop', jobs: '2' }, dump.context());
    await dump.held(2);
    // the snapshot is long taken: whatever happens now must not be in the backup
    const before = writers.committed();
    await eventually(() => writers.committed() > before + 200);
    await dump.letGo();
    const backup = await taking.finally(() => writers.stop());

    const drill = await runDrill('shop', store.url);
    expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven', rows: backup.rows } });

    const [one, other] = [await freshDatabase(major), await freshDatabase(major)];
    for (const target of [one, other]) expect(await runRestore('shop', store.url, target)).toMatchObject({ rows: backup.rows });
    expect(await compareDatabases(await clientBindir(major), one, other)).toEqual([]);
    const [now] = await runSql<{ rows: number }>(
      source,
      'SELECT (SELECT count(*) FROM shop.orders)::int + (SELECT count(*) FROM shop.audit)::int + 300 AS rows',
    );
    expect(now?.rows).not.toBe(backup.rows);
  });
});
