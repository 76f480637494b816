import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Progress } from '../../src/context.ts';
import type { ReindexResult } from '../../src/indexes/repair/reindex.ts';
import { openSession, withSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type CliRun, onlyJson, startCli, urlOf } from '../harness/cli.ts';
import { recordingContext, temporaryStore } from '../harness/engine.ts';
import { expectNothingLeft, ownTemporaryFolder, TEST_SESSION, withTestSession } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql, templateDatabase } from '../harness/postgres.ts';
import { CHURNED_SQL, HELD_SQL, indexesOf, invalidIndexes, reportOf, runReindex, waiting, whileHeld } from '../harness/reindex.ts';
import { roleIn } from '../harness/roles.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { startTransactionPooler } from '../harness/transaction-pooler.ts';
import { eventually } from '../harness/wait.ts';

const { major } = clusterOf();
let temporaries: string;
let template: string;
let target: ConnectionTarget;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  template = await templateDatabase(major, 'churned_held', async (made) => {
    await runSql(made, CHURNED_SQL + HELD_SQL);
    // somebody else's, from before: no run may touch it
    await runSql(made, 'CREATE INDEX orders_held_ccnew ON churned.orders (churned.held(customer))');
    await runSql(made, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'churned.orders_held_ccnew'::regclass");
  });
});
beforeEach(async () => {
  target = await freshDatabase(major, template);
});

const HELD = { index: ['churned.orders_held'], apply: true };
const BEFORE = ['orders_held_ccnew'];
/** Without that one, which no run can tell from what another tool may have left, and so reports. */
const leftBy = ({ leftovers }: ReindexResult) => leftovers.filter(({ name }) => name !== BEFORE[0]);
const REINDEX = 'REINDEX INDEX CONCURRENTLY';

/** A transaction of the test's own that has begun with a statement; `end` commits it. */
async function transaction(sql: string) {
  const session = await openSession(target, TEST_SESSION);
  await session.query(`BEGIN; ${sql}`);
  return {
    session,
    async end() {
      await session.query('COMMIT');
      await session.close();
    },
  };
}

const WRITES = 'INSERT INTO churned.orders VALUES (-(random() * 1e9)::int, 0)';

describe('a lock timeout', () => {
  test('is tried again three times, and then given up without leaving anything', async () => {
    const before = await indexesOf(target);
    const migration = await transaction('LOCK TABLE churned.orders IN SHARE MODE');
    const context = recordingContext();
    const result = await runReindex(target, { ...HELD, lockTimeout: '0.1s' }, context);
    expect(leftBy(result)).toEqual([]);
    expect(result).toMatchObject({ ok: false, indexes: [{ outcome: 'failed', attempts: 4, why: expect.stringContaining('lock') }] });
    expect(context.lines.filter((line) => line.includes('Trying again'))).toHaveLength(3);
    expect(await indexesOf(target)).toEqual(before);
    await migration.end();
  });

  test('behind a writer leaves a copy, which is removed before the next attempt', async () => {
    const writer = await transaction(WRITES);
    const running = runReindex(target, { ...HELD, lockTimeout: '0.2s' });
    await waiting(target, 'DROP INDEX CONCURRENTLY', running);
    expect(await invalidIndexes(target)).toEqual([...BEFORE, 'orders_held_ccnew1']);
    await writer.end();
    const result = await running;
    expect(leftBy(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt', attempts: 2 }] });
    expect(await invalidIndexes(target)).toEqual(BEFORE);
  });

  test('is not forgotten where something is in the way of the next attempt', async () => {
    const writer = await transaction(WRITES);
    const running = runReindex(target, { ...HELD, lockTimeout: '0.2s' });
    await waiting(target, 'DROP INDEX CONCURRENTLY', running);
    const dump = await openSession(target, { applicationName: 'pg_dump' });
    await dump.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await writer.end();
    const why = expect.stringMatching(/lock.*It was not tried again: A dump or backup is running/);
    expect(await running).toMatchObject({ ok: false, indexes: [{ outcome: 'failed', attempts: 2, why }] });
    await dump.close();
    expect(await invalidIndexes(target)).toEqual(BEFORE);
  });

  test('behind a writer that stays leaves a copy that is named, and that the next run removes', async () => {
    const store = await temporaryStore();
    const given = { ...HELD, storage: store.url, database: 'shop' };
    const writer = await transaction(WRITES);
    const before = (await indexesOf(target)).find(({ name }) => name === 'orders_held');
    const result = await runReindex(target, { ...given, lockTimeout: '0.2s' });
    const sql = 'DROP INDEX CONCURRENTLY "churned"."orders_held_ccnew1"';
    expect(leftBy(result)).toMatchObject([{ name: 'orders_held_ccnew1', removed: false, sql }]);
    expect(result).toMatchObject({
      ok: false,
      indexes: [{ outcome: 'failed', attempts: 1 }],
    });
    expect((await indexesOf(target)).find(({ name }) => name === 'orders_held')).toEqual(before);
    await writer.end();

    const dry = await runReindex(target, { ...given, apply: false });
    expect(dry.leftovers.map(({ name, removed }) => [name, removed])).toEqual([
      ['orders_held_ccnew1', false],
      ['orders_held_ccnew', false],
    ]);
    const next = await runReindex(target, given);
    expect(next.leftovers.map(({ name, removed }) => [name, removed])).toEqual([
      ['orders_held_ccnew1', true],
      ['orders_held_ccnew', false],
    ]);
    expect(next).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt' }] });
    expect(await invalidIndexes(target)).toEqual(BEFORE);
  });
});

describe('what has changed by the time that an index is begun', () => {
  test('is followed: an index that was renamed is rebuilt, and not another that has its name now', async () => {
    await whileHeld(target, async (letGo) => {
      const running = runReindex(target, { index: ['churned.orders_held', 'churned.orders_note'], apply: true });
      await waiting(target, REINDEX, running);
      await runSql(target, 'ALTER INDEX churned.orders_note RENAME TO orders_old');
      await runSql(target, 'CREATE TABLE churned.other (note text); CREATE INDEX orders_note ON churned.other (note)');
      const before = new Map((await indexesOf(target)).map(({ name, filenode }) => [name, filenode]));
      await letGo();
      expect(await running).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt' }, { name: 'orders_old', outcome: 'rebuilt' }] });
      const after = new Map((await indexesOf(target)).map(({ name, filenode }) => [name, filenode]));
      expect(after.get('orders_note')).toBe(before.get('orders_note'));
      expect(after.get('orders_old')).not.toBe(before.get('orders_old'));
    });
  });

  test('is looked at once more after ANALYZE: a dump that began meanwhile is not waited for', async () => {
    const migration = await transaction('LOCK TABLE churned.orders IN SHARE MODE');
    const running = runReindex(target, HELD);
    await waiting(target, 'ANALYZE', running);
    const dump = await openSession(target, { applicationName: 'pg_dump' });
    await dump.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    await migration.end();
    const why = expect.stringContaining('A dump or backup is running');
    expect(await running).toMatchObject({ ok: false, indexes: [{ outcome: 'refused', attempts: 1, why }] });
    await dump.close();
    expect(await invalidIndexes(target)).toEqual(BEFORE);
  });
});

describe('nothing is begun', () => {
  test('while an index of the partitioned table is being built', async () => {
    await runSql(
      target,
      `CREATE TABLE churned.days (n int, at date) PARTITION BY RANGE (at);
       CREATE TABLE churned.day PARTITION OF churned.days FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
       CREATE INDEX day_n ON churned.day (n); INSERT INTO churned.days VALUES (1, '2026-01-01');
       CREATE FUNCTION churned.slow(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN n; END'`,
    );
    await whileHeld(target, async () => {
      const builder = await openSession(target, TEST_SESSION);
      const building = rejectionOf(builder.query('CREATE INDEX ON churned.days (churned.slow(n))'));
      await waiting(target, 'CREATE INDEX');
      const why = expect.stringMatching(/works on its table: create or rebuild an index/);
      expect(await runReindex(target, { index: ['churned.day_n'], apply: true })).toMatchObject({
        ok: false,
        indexes: [{ outcome: 'refused', why }],
      });
      await builder.close();
      await building;
    });
  });

  test('while a backup by other means holds no transaction', async () => {
    const backup = await openSession(clusterOf().target, { applicationName: 'pgBackRest [backup]' });
    const why = 'A base backup of the server is running.';
    expect(await runReindex(target, HELD)).toMatchObject({ ok: false, indexes: [{ outcome: 'refused', why }] });
    expect(await runReindex(target, { ...HELD, apply: false })).toMatchObject({
      ok: true,
      indexes: [{ outcome: 'planned', why: `Not now: ${why}` }],
    });
    await backup.close();
  });

  test('by a state that notes what is under way in another database, which is kept', async () => {
    const state = join(temporaries, 'other.json');
    const underway = {
      ...{ oid: 1, schema: 'a', name: 'b', tableOid: 2, definition: '', invalidBefore: [], at: '2026-01-10T02:00:00.000Z' },
      session: { pid: 1, startedAt: '' },
    };
    const other = JSON.stringify({ format: 1, of: { systemIdentifier: '1', database: 'other' }, underway: [underway], thresholds: [] });
    await writeFile(state, other);
    expect(await rejectionOf(runReindex(target, { ...HELD, state }))).toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining('other'),
    });
    expect(await readFile(state, 'utf8')).toBe(other);
    await rm(state);
  });

  test('by the report of another server', async () => {
    const report = join(temporaries, 'report.json');
    const text = reportOf({ name: 'orders_note', level: 'act', rebuiltBytes: 8192 }).replace('"systemIdentifier":null', '"systemIdentifier":"1"');
    await writeFile(report, text);
    const error = await rejectionOf(runReindex(target, { fromReport: report, apply: true }));
    expect(error).toMatchObject({ code: 'bad-option', message: expect.stringContaining('another server') });
    await rm(report);
  });
});

test('a role whose dates are written otherwise can rebuild, and what it noted can be put away', async () => {
  const store = await temporaryStore();
  await runSql(target, "ALTER DATABASE CURRENT SET DateStyle = 'German, DMY'; ".replace('CURRENT', `"${target.database}"`));
  const given = { index: ['churned.orders_note'], apply: true, storage: store.url, database: 'shop' };
  expect(await runReindex(target, given)).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt', bytesAfter: expect.any(Number) }] });
  expect(await runReindex(target, given)).toMatchObject({ ok: true });
});

describe('a deadlock', () => {
  // The rebuild waits for whoever uses the table, and he for the rebuild. That he never looks for deadlocks makes the rebuild the victim.
  async function deadlocked(reads: string) {
    const writer = await transaction(WRITES);
    const migration = await transaction(`SET LOCAL deadlock_timeout = '1h'; ${reads}`);
    const context = recordingContext();
    const running = runReindex(target, HELD, context);
    await waiting(target, REINDEX, running);
    const waitsFor = `which waits for process ${writer.session.processId} (postgres, test), its transaction open for`;
    await eventually(() => context.lines.some((line) => line.includes(waitsFor)));
    const locking = migration.session.query('LOCK TABLE churned.orders IN SHARE MODE');
    await waiting(target, 'LOCK TABLE');
    await writer.end();
    await locking;
    await migration.end();
    return { result: await running, lines: context.lines };
  }

  test('before the copy takes over is tried again, and the copy goes', async () => {
    const { result, lines } = await deadlocked('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM churned.orders LIMIT 1');
    expect(lines).toContainEqual(expect.stringMatching(/deadlock.*Trying again \(1 of 3\)/));
    expect(leftBy(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt', attempts: 2 }] });
    expect(await invalidIndexes(target)).toEqual(BEFORE);
  });

  test('after the copy has taken over costs nothing: the index is rebuilt, and the old one goes', async () => {
    const oid = async () => (await indexesOf(target)).find(({ name }) => name === 'orders_held')?.oid;
    const rebuilt = async () => {
      const old = await oid();
      const { result } = await deadlocked('SELECT FROM churned.orders LIMIT 1');
      expect(result).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt' }] });
      expect(await oid()).not.toBe(old);
      expect(await invalidIndexes(target)).toEqual(BEFORE);
      return result;
    };
    let result = await rebuilt();
    // whoever looks up a name in the catalogue has a snapshot for a moment, and is waited for before the copy takes over
    for (let again = 0; again < 4 && result.indexes[0]?.attempts !== 1; again += 1) result = await rebuilt();
    expect(result.indexes[0]?.attempts).toBe(1);
    expect(leftBy(result)).toMatchObject([{ name: 'orders_held_ccold', removed: true }]);
  });
});

describe('a run that is stopped', () => {
  const args = (more: readonly string[] = []) => [
    ...['reindex', '--database-url', urlOf(target), '--index', 'churned.orders_held', '--max-bytes', '1GB', '--apply', '--json', ...more],
  ];
  const start = (more?: readonly string[]): CliRun => startCli(args(more), { folder: temporaries });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s cancels the rebuild, removes its copy and ends with %i', async (signal, status) => {
    await whileHeld(target, async () => {
      const run = start();
      await waiting(target, REINDEX);
      run.child.kill(signal);
      const end = await run.ended;
      expect(end.status, end.stderr).toBe(status);
      expect(onlyJson(end.stdout)).toMatchObject({ error: { code: 'cancelled' } });
      expect(await invalidIndexes(target)).toEqual(BEFORE);
    });
    await expectNothingLeft([target], temporaries);
  });

  test('says what it could not put away, and how to', async () => {
    const writer = await transaction(WRITES);
    const run = start();
    await waiting(target, REINDEX);
    run.child.kill('SIGINT');
    const end = await run.ended;
    expect(end.status).toBe(130);
    expect(end.stderr).not.toContain('The clean-up did not end');
    expect(onlyJson(end.stdout)).toMatchObject({
      error: {
        code: 'cancelled',
        message: expect.stringContaining('Left behind, because somebody uses the table: churned.orders_held_ccnew1'),
        remedy: expect.stringContaining('DROP INDEX CONCURRENTLY "churned"."orders_held_ccnew1";'),
      },
    });
    await writer.end();
    await expectNothingLeft([target], temporaries);
  });

  test('by SIGKILL leaves what the next run ends and removes', async () => {
    const store = await temporaryStore();
    await whileHeld(target, async (letGo) => {
      const run = start(['--storage', store.url]);
      await waiting(target, REINDEX);
      run.child.kill('SIGKILL');
      await run.ended;
      // its lock goes with its session, which the server ends when it notices
      await eventually(async () => (await runSql(target, "SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 1818846821")).length === 0);
      const recovery = await runReindex(target, { removeLeftovers: false, index: ['churned.orders_note'], apply: true, storage: store.url });
      expect(recovery.leftovers).toContainEqual(expect.objectContaining({ name: 'orders_held_ccnew1', removed: true }));
      expect(recovery.indexes).toMatchObject([{ outcome: 'rebuilt' }]);
      expect(await invalidIndexes(target)).toEqual(BEFORE);
      await letGo();
    });
    expect(await runReindex(target, { ...HELD, storage: store.url })).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt' }] });
    expect(await invalidIndexes(target)).toEqual(BEFORE);
    await expectNothingLeft([target], temporaries);
  });

  test('by SIGKILL leaves what is known again after its table and its column were renamed', async () => {
    const store = await temporaryStore();
    await whileHeld(target, async () => {
      const run = start(['--storage', store.url]);
      await waiting(target, REINDEX);
      run.child.kill('SIGKILL');
      await run.ended;
      await expectNothingLeft([target], temporaries, 30_000);
    });
    await runSql(target, 'ALTER TABLE churned.orders RENAME TO purchases; ALTER TABLE churned.purchases RENAME COLUMN customer TO buyer');
    const given = { index: ['churned.orders_note'], storage: store.url };
    expect((await runReindex(target, given)).leftovers).toContainEqual(expect.objectContaining({ name: 'orders_held_ccnew1', noted: true }));
    const { leftovers } = await runReindex(target, { ...given, apply: true });
    expect(leftovers).toContainEqual(expect.objectContaining({ name: 'orders_held_ccnew1', removed: true }));
  });

  test('by SIGKILL, and with nothing noted, leaves what is reported, and removed only when that is asked for', async () => {
    await whileHeld(target, async () => {
      const run = start();
      await waiting(target, REINDEX);
      run.child.kill('SIGKILL');
      await run.ended;
      // the server itself notices that nobody waits for the answer any more
      await expectNothingLeft([target], temporaries, 30_000);
    });
    const other = { index: ['churned.orders_note'], apply: true };
    const told = await runReindex(target, other);
    const both = ['orders_held_ccnew', 'orders_held_ccnew1'];
    expect(told.leftovers.map(({ name, removed, sql }) => [name, removed, sql])).toEqual(
      both.map((name) => [name, false, `DROP INDEX CONCURRENTLY "churned"."${name}"`]),
    );
    expect(await invalidIndexes(target)).toEqual(both);
    const asked = await runReindex(target, { apply: true, removeLeftovers: true });
    expect(asked.leftovers.map(({ name, removed }) => [name, removed])).toEqual(both.map((name) => [name, true]));
    expect(await invalidIndexes(target)).toEqual([]);
  });

  test('by its deadline, in the middle of a rebuild, removes its copy', async () => {
    await whileHeld(target, async () => {
      let now = new Date();
      const context = recordingContext();
      const seen: Progress[] = [];
      const log = { ...context.log, progress: (progress: Progress) => void seen.push(progress) };
      const running = runReindex(target, { ...HELD, deadline: '1h' }, { ...context, log }, () => now);
      await waiting(target, REINDEX, running);
      await eventually(() => seen.length > 0);
      expect(seen[0]).toMatchObject({ phase: expect.stringContaining('churned.orders_held: building index'), unit: 'bytes' });
      now = new Date(now.getTime() + 3_600_000);
      expect(await running).toMatchObject({ ok: false, indexes: [{ outcome: 'failed', attempts: 1, why: expect.stringContaining('deadline') }] });
      expect(await invalidIndexes(target)).toEqual(BEFORE);
    });
  });

  test('by a copy that outgrows the budget with what is written while it is built, removes it', async () => {
    const reader = await openSession(target, TEST_SESSION);
    const running = whileHeld(target, async (letGo) => {
      const rebuilding = runReindex(target, { index: ['churned.orders_held'], apply: true, maxBytes: '200kB' });
      await waiting(target, REINDEX, rebuilding);
      await runSql(target, 'INSERT INTO churned.orders SELECT i, i FROM generate_series(20001, 400000) i');
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM churned.orders LIMIT 1');
      await letGo();
      return rebuilding;
    });
    expect(await running).toMatchObject({
      ok: false,
      indexes: [{ outcome: 'failed', why: expect.stringMatching(/has .* already, and 200 KiB were allowed/) }],
    });
    await reader.close();
  });

  test('by a copy that outgrows the budget, which nobody could have known, removes it', async () => {
    // as many buckets are made as there are rows in the table, although hardly any is in the index
    await runSql(
      target,
      `CREATE TABLE churned.rare (id int, hit boolean);
       CREATE INDEX rare_held ON churned.rare USING hash (churned.held(id)) WHERE hit;
       INSERT INTO churned.rare SELECT i, i = 1 FROM generate_series(1, 20000) i`,
    );
    await whileHeld(target, async () => {
      const result = await runReindex(target, { index: ['churned.rare_held'], apply: true, maxBytes: '100kB' });
      expect(result).toMatchObject({
        ok: false,
        indexes: [{ outcome: 'failed', why: expect.stringMatching(/has .* already, and 100 KiB were allowed/) }],
      });
      expect(leftBy(result)).toMatchObject([{ name: 'rare_held_ccnew', removed: true }]);
      expect(await invalidIndexes(target)).toEqual(BEFORE);
    });
  });

  const ended = (statement: string) =>
    runSql(target, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pg-lifeboat reindex' AND ${statement}`);

  test('by the end of the session that rebuilds removes its copy', async () => {
    await whileHeld(target, async () => {
      const running = runReindex(target, HELD);
      await waiting(target, REINDEX, running);
      await ended(`datname = current_database() AND query LIKE '${REINDEX}%'`);
      const result = await running;
      expect(result).toMatchObject({ ok: false, indexes: [{ outcome: 'failed', attempts: 1, why: expect.stringContaining('was lost') }] });
      expect(leftBy(result)).toMatchObject([{ name: 'orders_held_ccnew1', removed: true }]);
      expect(await invalidIndexes(target)).toEqual(BEFORE);
    });
  });

  test('by the end of the session that watches cancels the rebuild, and the next run removes its copy', async () => {
    const state = join(temporaries, 'state.json');
    await whileHeld(target, async () => {
      const running = runReindex(target, { ...HELD, state });
      await waiting(target, REINDEX, running);
      await ended(`datname = current_database() AND query NOT LIKE '${REINDEX}%'`);
      expect(await running).toMatchObject({ ok: false, indexes: [{ outcome: 'failed', why: expect.stringMatching(/connection .* was lost/i) }] });
    });
    await expectNothingLeft([target], temporaries);
    const next = await runReindex(target, { ...HELD, state });
    expect(leftBy(next)).toMatchObject([{ name: 'orders_held_ccnew1', removed: true }]);
    expect(next).toMatchObject({ ok: true });
    expect(await invalidIndexes(target)).toEqual(BEFORE);
  });

  test('by somebody who cancels the statement says so', async () => {
    await whileHeld(target, async () => {
      const running = runReindex(target, HELD);
      await waiting(target, REINDEX, running);
      await runSql(target, `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '${REINDEX}%'`);
      expect(await running).toMatchObject({ indexes: [{ outcome: 'failed', why: 'Somebody cancelled it.' }] });
      expect(await invalidIndexes(target)).toEqual(BEFORE);
    });
  });

  test('has the database for itself', async () => {
    await whileHeld(target, async (letGo) => {
      const running = runReindex(target, HELD);
      await waiting(target, REINDEX, running);
      expect(await rejectionOf(runReindex(target, { ...HELD, index: ['churned.orders_note'] }))).toMatchObject({ code: 'reindex-running' });
      await letGo();
      expect(await running).toMatchObject({ ok: true });
    });
  });
});

describe('nothing is begun', () => {
  const refused = async (why: RegExp, given: Record<string, unknown> = {}, as = target, isReadable = true) => {
    const before = isReadable ? await indexesOf(target) : null;
    expect(await runReindex(as, { ...HELD, ...given })).toMatchObject({
      ok: false,
      indexes: [{ outcome: 'refused', why: expect.stringMatching(why) }],
    });
    if (isReadable) expect(await indexesOf(target)).toEqual(before);
  };

  test('while a transaction is too old', async () => {
    const old = await transaction('SELECT 1');
    await refused(/A transaction has been open for .* \(postgres, test\)/, { maxTransactionAge: '0s' });
    await old.end();
  });

  test.each(['pg_dump', 'pg-lifeboat'])('while %s has a transaction', async (applicationName) => {
    await withSession(target, { applicationName }, async (session) => {
      await session.query('BEGIN; LOCK TABLE churned.orders IN ACCESS SHARE MODE');
      await refused(new RegExp(`A dump or backup is running: process \\d+ \\(postgres, ${applicationName}\\)`));
    });
  });

  test('while the table is vacuumed', async () => {
    await withTestSession(target, async (session) => {
      await session.query('SET vacuum_cost_delay = 100; SET vacuum_cost_limit = 1');
      const vacuum = session.query('VACUUM churned.orders').catch(() => {});
      await eventually(async () => (await runSql(target, 'SELECT FROM pg_stat_progress_vacuum WHERE datname = current_database()')).length > 0);
      await refused(/works on its table: vacuum/);
      await runSql(target, 'SELECT pg_cancel_backend($1)', [session.processId]);
      await vacuum;
    });
  });

  test('where the role may not see how old the transactions of others are', async () => {
    const owner = await roleIn(target, 'GRANT USAGE ON SCHEMA churned TO $role; ALTER TABLE churned.orders OWNER TO $role');
    const other = await transaction('SELECT 1');
    await refused(/GRANT pg_read_all_stats/, {}, owner);
    await other.end();
    await runSql(target, `ALTER TABLE churned.orders OWNER TO postgres`);
  });

  test('through a pooler, and nothing stays set in the session that it lent', async () => {
    const pooler = await startTransactionPooler(target, 1);
    const before = await indexesOf(target);
    for (const apply of [true, false]) {
      const refusal = await rejectionOf(runReindex(pooler.target, { ...HELD, apply }));
      expect(refusal).toMatchObject({ code: 'pooler-url', remedy: expect.stringContaining('direct') });
    }
    const settings = "SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS patience";
    expect(await withTestSession(pooler.target, (session) => session.query(settings))).toEqual([{ path: '"$user", public', patience: '0' }]);
    await pooler.close();
    expect(await indexesOf(target)).toEqual(before);
  });

  test('while another index of the table is rebuilt', async () => {
    await whileHeld(target, async (letGo) => {
      await withTestSession(target, async (session) => {
        const other = session.query('REINDEX INDEX churned.orders_held');
        await waiting(target, 'REINDEX INDEX churned');
        await refused(/works on its table: create or rebuild an index/, { index: ['churned.orders_note'] }, target, false);
        await letGo();
        await other;
      });
    });
  });
});
