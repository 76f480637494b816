import { expect, test } from 'vitest';
import { withSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { runBackup, runRestore, temporaryStore } from '../harness/engine.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { rejectionOf } from '../harness/thrown.ts';

/** Managed servers end a role's statements after some time, unless told otherwise. */
const { major } = clusterOf();
const impatient = (target: ConnectionTarget) => runSql(target, `ALTER DATABASE ${target.database} SET statement_timeout = '300ms'`);

test('a wait for a lock lasts as long as --lock-timeout says, and is told of as one', async () => {
  const source = await freshDatabase(major);
  await runSql(source, 'CREATE TABLE t (id int)');
  await impatient(source);
  await withSession(source, {}, async (migration) => {
    await migration.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
    const error = await rejectionOf(runBackup(source, (await temporaryStore()).url, { lockTimeout: '2s' }));
    expect(error).toMatchObject({ code: 'lock-timeout', details: { table: 'public.t', pid: migration.processId } });
  });
});

test('a restore takes statistics and counts for as long as it takes', async () => {
  const source = await freshDatabase(major);
  await runSql(
    source,
    `CREATE FUNCTION slow(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_catalog.pg_sleep(0.5); RETURN $1; END';
     CREATE TABLE t (id int); INSERT INTO t VALUES (1); CREATE INDEX ON t (slow(id))`,
  );
  const store = await temporaryStore();
  await runBackup(source, store.url, { database: 'slow' });
  const target = await freshDatabase(major);
  await impatient(target);
  expect(await runRestore('slow', store.url, target)).toMatchObject({ ok: true, rows: 1 });
});
