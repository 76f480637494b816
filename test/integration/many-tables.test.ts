import { expect, test } from 'vitest';
import { withSession } from '../../src/postgres/connect.ts';
import { runBackup, temporaryStore } from '../harness/engine.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';

/** A server has room for so many locks, for all of its sessions together. */
test('counting many tables does not keep the locks on their indexes', async () => {
  const source = await freshDatabase(clusterOf().major);
  const sql = `DO $$ BEGIN FOR i IN 1..400 LOOP EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY)', i); END LOOP; END $$`;
  await runSql(source, sql);
  const taking = runBackup(source, (await temporaryStore()).url, { jobs: '1' }).finally(() => {
    over = true;
  });
  let over = false;
  let most = 0;
  await withSession({ ...source, database: 'postgres' }, {}, async (session) => {
    while (!over) {
      const [row] = await session.query<{ count: number }>(
        `SELECT max(count)::int AS count FROM (
           SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE d.datname = $1 AND l.relation >= 16384 GROUP BY l.pid) held`,
        [source.database],
      );
      most = Math.max(most, row?.count ?? 0);
    }
  });
  expect(await taking).toMatchObject({ tables: 400 });
  // each of the 400 tables, and the indexes of some
  expect(most).toBeGreaterThan(300);
  expect(most).toBeLessThan(600);
});
