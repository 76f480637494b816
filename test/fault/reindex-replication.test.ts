import { beforeAll, describe, expect, test } from 'vitest';
import type { Scratch } from '../../src/postgres/scratch.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';
import { ownTemporaryFolder, withTestSession } from '../harness/nothing-left.ts';
import { runSql } from '../harness/postgres.ts';
import { CHURNED_SQL, HELD_SQL, indexesOf, invalidIndexes, runReindex, waiting, whileHeld } from '../harness/reindex.ts';
import { replicatingServer, standbyOf } from '../harness/replicating-server.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';

let primary: Scratch;
let target: ConnectionTarget;
let standby: ConnectionTarget;
beforeAll(async () => {
  await ownTemporaryFolder();
  primary = await replicatingServer();
  await runSql(primary.target, 'CREATE DATABASE shop');
  target = withDatabase(primary.target, 'shop');
  await runSql(target, CHURNED_SQL + HELD_SQL);
  standby = withDatabase(await standbyOf(primary), 'shop');
});

const HELD = { index: ['churned.orders_held'], apply: true };
/** 8 MiB of WAL, and nothing else. */
const WAL = "SELECT count(pg_logical_emit_message(false, 'test', repeat('x', 1048576))) FROM generate_series(1, 8)";
const streaming = () => eventually(async () => (await runSql(target, "SELECT FROM pg_stat_replication WHERE state = 'streaming'")).length === 1);
const caughtUp = () =>
  eventually(async () => (await runSql(target, 'SELECT FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()')).length === 1);

test('a standby is refused', async () => {
  for (const apply of [true, false]) {
    expect(await rejectionOf(runReindex(standby, { ...HELD, apply }))).toMatchObject({ code: 'standby', remedy: expect.stringContaining('primary') });
  }
});

test('a replica that falls behind cancels the rebuild, and keeps the next one from beginning', async () => {
  await streaming();
  await caughtUp();
  const before = await indexesOf(target);
  await whileHeld(target, async () => {
    const running = runReindex(target, { ...HELD, maxReplicaLag: '4MB' });
    await waiting(target, 'REINDEX', running);
    await runSql(standby, 'SELECT pg_wal_replay_pause()');
    await runSql(target, WAL);
    const why = expect.stringMatching(/^The replica standby is .* of WAL behind/);
    expect(await running).toMatchObject({
      ok: false,
      leftovers: [{ name: 'orders_held_ccnew', removed: true }],
      indexes: [{ outcome: 'failed', why }],
    });
    expect(await runReindex(target, { ...HELD, maxReplicaLag: '4MB' })).toMatchObject({ ok: false, indexes: [{ outcome: 'refused', why }] });
    await runSql(standby, 'SELECT pg_wal_replay_resume()');
  });
  expect(await indexesOf(target)).toEqual(before);
  await caughtUp();
});

test('a replication slot that holds back too much WAL does the same', async () => {
  await runSql(target, 'CHECKPOINT');
  await runSql(target, "SELECT pg_create_physical_replication_slot('nobody', true)");
  await whileHeld(target, async () => {
    const running = runReindex(target, { ...HELD, maxSlotWal: '4MB' });
    await waiting(target, 'REINDEX', running);
    await runSql(target, WAL);
    const why = expect.stringMatching(/^The replication slot nobody holds back/);
    expect(await running).toMatchObject({ ok: false, indexes: [{ outcome: 'failed', attempts: 1, why }] });
    expect(await invalidIndexes(target)).toEqual([]);
    expect(await runReindex(target, { ...HELD, maxSlotWal: '4MB' })).toMatchObject({ indexes: [{ outcome: 'refused', why }] });
  });
  await runSql(target, "SELECT pg_drop_replication_slot('nobody')");
});

describe('nothing is begun', () => {
  test('while a prepared transaction is too old, and a young one is no reason', async () => {
    await withTestSession(target, async (session) => {
      await session.query("BEGIN; SELECT txid_current(); PREPARE TRANSACTION 'forgotten'");
      expect(await runReindex(target, { ...HELD, maxTransactionAge: '0s' })).toMatchObject({
        indexes: [{ outcome: 'refused', why: expect.stringContaining('the prepared transaction forgotten (postgres)') }],
      });
      expect(await runReindex(target, HELD)).toMatchObject({ ok: true });
      await session.query("ROLLBACK PREPARED 'forgotten'");
    });
  });
});
