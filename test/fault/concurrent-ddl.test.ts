import { beforeAll, describe, expect, test } from 'vitest';
import type { Session } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder, withTestSession } from '../harness/nothing-left.ts';
import { clusterOf, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';
import { type HeldClient, heldDump, lateProgram } from '../harness/wrapped-client.ts';

const { major } = clusterOf();
let temporaries: string;
let server: Awaited<ReturnType<typeof drillServer>>;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  server = await drillServer();
});

/** Sessions of the test that wait for a lock. */
async function waiting(target: ConnectionTarget): Promise<number> {
  const rows = await withTestSession(target, (session) =>
    session.query(
      `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND a.application_name = 'test' AND a.datname = current_database()`,
    ),
  );
  return rows.length;
}

/** Sessions of the engine that wait for a lock. */
async function engineWaits(target: ConnectionTarget, application: string): Promise<void> {
  await eventually(async () => {
    const rows = await withTestSession(target, (session) =>
      session.query(
        `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.application_name = $1 AND a.datname = current_database()`,
        [application],
      ),
    );
    return rows.length > 0;
  });
}

/** The sessions that count rows have ended, and the coordinating one is alone with the pg_dumps. */
async function coordinatorOf(target: ConnectionTarget): Promise<number> {
  let pids: { pid: number }[] = [];
  await eventually(async () => {
    const sql = `SELECT pid FROM pg_stat_activity
                  WHERE application_name = 'pg-lifeboat' AND datname = current_database() AND state = 'idle in transaction' AND pid IN
                        (SELECT pid FROM pg_locks WHERE mode = 'AccessShareLock' AND relation = 'shop.orders'::regclass)`;
    pids = await withTestSession(target, (session) => session.query<{ pid: number }>(sql));
    return pids.length === 1;
  });
  return (pids[0] as { pid: number }).pid;
}

async function dumpsHeld(dump: HeldClient, target: ConnectionTarget): Promise<number> {
  await dump.held(2);
  return coordinatorOf(target);
}

describe('DDL of another session, begun while the backup runs,', () => {
  test('waits until it is over, and the backup is exact', async () => {
    const source = await shopDatabase();
    await runSql(source, 'CREATE TABLE shop.doomed AS SELECT i FROM generate_series(1, 40) i');
    const store = await temporaryStore();
    const dump = await heldDump(major);
    const statements = [
      'TRUNCATE shop.audit',
      'ALTER TABLE shop.orders ADD COLUMN weight float8 DEFAULT random()',
      'DROP TABLE shop.doomed',
      'VACUUM FULL shop.customers',
    ];
    const taking = runBackup(source, store.url, { database: 'shop' }, dump.context());
    await dumpsHeld(dump, source);
    const ddl = statements.map((statement) =>
      withTestSession(source, async (session) => {
        await session.query(statement);
        expect(await filesIn(store.folder), statement).toContainEqual(expect.stringContaining('manifest.json'));
      }),
    );
    await eventually(async () => (await waiting(source)) === statements.length);
    await dump.letGo();
    const backup = await taking;
    await Promise.all(ddl);
    expect(backup.rows).toBe(300 + 3000 + 500 + 40);
    expect(await runSql(source, 'SELECT FROM shop.audit')).toEqual([]);

    const drill = await runDrill('shop', store.url, { into: server.url });
    expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven', rows: backup.rows } });
    await expectNothingLeft([source], temporaries);
  });

  test('but before pg_dump has its own locks, fails the backup instead of blocking each other for ever', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    const dump = await lateProgram(major, 'pg_dump');
    const taking = rejectionOf(runBackup(source, store.url, { database: 'shop', lockTimeout: '2s' }, dump.context()));
    await dumpsHeld(dump, source);
    const ddl = withTestSession(source, (session) => session.query('TRUNCATE shop.audit'));
    await eventually(async () => (await waiting(source)) === 1);
    await dump.letGo();
    expect(await taking).toMatchObject({
      code: 'lock-timeout',
      message: expect.stringMatching(/^shop\.audit could not be locked in time: process \d+ \(postgres, test\) wants it for itself/),
      remedy: expect.stringContaining('migration'),
      details: { table: 'shop.audit', pid: expect.any(Number) },
    });
    await ddl;
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });

  test('on a sequence, which no lock protects, fails the backup', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    const dump = await lateProgram(major, 'pg_dump');
    const taking = rejectionOf(runBackup(source, store.url, { database: 'shop' }, dump.context()));
    await dumpsHeld(dump, source);
    await runSql(source, 'DROP SEQUENCE shop.tickets');
    await dump.letGo();
    const error = await taking;
    expect(error).toMatchObject({ code: 'client-failed', message: expect.stringMatching(/(?:shop\.)?"?tickets/) });
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });
});

describe('DDL of another session, begun before the backup,', () => {
  async function whileLocked<T>(source: ConnectionTarget, statements: string, use: (session: Session) => Promise<T>): Promise<T> {
    return withTestSession(source, async (session) => {
      await session.query(`BEGIN; ${statements}`);
      return use(session);
    });
  }

  test('makes it wait, and say for whom', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    const context = recordingContext();
    const backup = await whileLocked(source, 'TRUNCATE shop.audit; ALTER TABLE shop.orders ADD COLUMN weight float8 DEFAULT 1', async (session) => {
      const taking = runBackup(source, store.url, { database: 'shop' }, context);
      await eventually(() => context.lines.some((line) => line.includes('Waiting for a lock')));
      expect(context.lines.at(-1)).toContain(`shop.audit is locked by process ${session.processId} (postgres, test)`);
      await session.query("INSERT INTO shop.audit VALUES ('2026-02-01', 'the only one'); COMMIT");
      return taking;
    });
    expect(backup.rows).toBe(300 + 3000 + 1);
    const drill = await runDrill('shop', store.url, { into: server.url, assert: ['new column: SELECT min(weight) = 1 FROM shop.orders'] });
    expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
  });

  test('fails it after the lock timeout: table, process and how long', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    await whileLocked(source, 'ALTER TABLE shop.orders ADD COLUMN x int', async (session) => {
      const error = await rejectionOf(runBackup(source, store.url, { database: 'shop', lockTimeout: '2s' }));
      expect(error).toMatchObject({
        code: 'lock-timeout',
        message: expect.stringMatching(new RegExp(`shop\\.orders is locked by process ${session.processId} \\(postgres, test\\).*open for \\d+ s`)),
        remedy: expect.stringContaining(`pg_terminate_backend(${session.processId})`),
        details: { table: 'shop.orders', pid: session.processId, seconds: expect.any(Number) },
      });
    });
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });

  test('that adds and removes tables makes it begin again, and the backup has what is there then', async () => {
    const source = await shopDatabase();
    await runSql(source, 'CREATE TABLE public.leaving (id int)');
    const store = await temporaryStore();
    const context = recordingContext();
    await whileLocked(source, 'DROP TABLE public.leaving; CREATE TABLE public.coming AS SELECT i FROM generate_series(1, 11) i', async (session) => {
      const taking = runBackup(source, store.url, { database: 'shop' }, context);
      await engineWaits(source, 'pg-lifeboat');
      await session.query('COMMIT');
      expect((await taking).rows).toBe(300 + 3000 + 500 + 11);
    });
    expect(context.lines).toContainEqual(expect.stringContaining('attempt 1 of'));
    expect(await runDrill('shop', store.url, { into: server.url })).toMatchObject({ ok: true });
  });

  test('that never stops changing what there is fails it, and leaving that schema out helps', async () => {
    const source = await shopDatabase();
    await runSql(source, 'CREATE SCHEMA churn');
    const store = await temporaryStore();
    let stop = false;
    const churning = [1, 2, 3].map((worker) =>
      withTestSession(source, async (session) => {
        for (let i = 20; !stop; i++) await session.query(`CREATE TABLE churn.t${worker}_${i} (); DROP TABLE IF EXISTS churn.t${worker}_${i - 20}`);
      }),
    );
    try {
      const error = await rejectionOf(runBackup(source, store.url, { database: 'shop' }));
      expect(error).toMatchObject({ code: 'schema-changing', remedy: expect.stringContaining('--exclude-schema') });
      expect(await filesIn(store.folder)).toEqual([]);
      const backup = await runBackup(source, store.url, { database: 'shop', excludeSchema: ['churn'] });
      expect(backup.rows).toBe(300 + 3000 + 500);
    } finally {
      stop = true;
      await Promise.all(churning);
    }
    expect(await runDrill('shop', store.url, { into: server.url })).toMatchObject({ ok: true });
    await expectNothingLeft([source], temporaries);
  });
});

describe('the coordinating session', () => {
  test('ended from outside fails the backup, since its locks are gone', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    const dump = await heldDump(major);
    const taking = rejectionOf(runBackup(source, store.url, { database: 'shop' }, dump.context()));
    const pid = await dumpsHeld(dump, source);
    await runSql(source, 'SELECT pg_terminate_backend($1)', [pid]);
    const error = await taking;
    await dump.letGo();
    expect(error).toMatchObject({
      code: 'connection-lost',
      message: expect.stringContaining(source.database),
      remedy: expect.stringContaining('log of the server'),
    });
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });

  test('ended when all is dumped and nothing published fails it all the same', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    const dump = await heldDump(major);
    const taking = rejectionOf(runBackup(source, store.url, { database: 'shop' }, dump.context()));
    const pid = await dumpsHeld(dump, source);
    await Promise.all([runSql(source, 'SELECT pg_terminate_backend($1)', [pid]), dump.letGo()]);
    expect(await taking).toMatchObject({ code: 'connection-lost' });
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });
});
