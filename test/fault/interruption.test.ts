import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { list } from '../../src/catalog/list.ts';
import { listOptions } from '../../src/options/list.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type CliRun, onlyJson, startCli } from '../harness/cli.ts';
import { recordingContext, runBackup, runDrill, temporaryStore, urlOf } from '../harness/engine.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder, withTestSession } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';
import { type HeldClient, heldDump, lateProgram } from '../harness/wrapped-client.ts';

const { major } = clusterOf();
let temporaries: string;
let source: ConnectionTarget;
/** Holds one good backup. */
let stocked: string;
let stockedFolder: string;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  source = await shopDatabase();
  const store = await temporaryStore();
  stocked = store.url;
  stockedFolder = store.folder;
  await runBackup(source, stocked, { database: 'shop' });
});

/** A verb under way at the moment that the test is about, and how to let go of what holds it there. */
interface UnderWay {
  readonly run: CliRun;
  letGo(): Promise<void>;
}

function start(args: readonly string[], bindir?: string): CliRun {
  const environment = bindir === undefined ? {} : { LIFEBOAT_PG_BINDIR: bindir };
  return startCli([...args, '--json'], { folder: temporaries, environment });
}

async function heldBy(client: HeldClient, programs: number, args: readonly string[]): Promise<UnderWay> {
  const run = start(args, client.bindir);
  await client.held(programs);
  return { run, letGo: client.letGo };
}

/** Resolves when a line of standard error matches. */
async function says(run: CliRun, pattern: RegExp): Promise<void> {
  let said = '';
  await new Promise<void>((resolve) => {
    run.child.stderr?.on('data', (chunk: string) => {
      said += chunk;
      if (pattern.test(said)) resolve();
    });
    run.child.once('close', () => resolve());
  });
}

const backupArgs = (store: string) => ['backup', '--database-url', urlOf(source), '--storage', store, '--database', 'shop'];
const drillArgs = () => ['drill', '--storage', stocked, '--database', 'shop'];

const BACKUP_MOMENTS: [when: string, begin: (store: string) => Promise<UnderWay>][] = [
  ['pg_dump starts', async (store) => heldBy(await lateProgram(major, 'pg_dump'), 2, backupArgs(store))],
  ['pg_dump is at work', async (store) => heldBy(await heldDump(major), 2, backupArgs(store))],
  [
    'all but the globals is stored',
    async (store) => {
      const underWay = await heldBy(await lateProgram(major, 'pg_dumpall'), 1, backupArgs(store));
      const folder = new URL(store).pathname;
      await eventually(async () => (await filesIn(folder)).filter((name) => /(?:schema|data-00)\.dump\.zst$/.test(name)).length === 2);
      return underWay;
    },
  ],
  [
    'it waits for a lock',
    async (store) => {
      const { promise: released, resolve } = Promise.withResolvers<void>();
      const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>();
      const holding = withTestSession(source, async (session) => {
        await session.query('BEGIN; LOCK TABLE shop.orders IN ACCESS EXCLUSIVE MODE');
        isLocked();
        await released;
      });
      await locked;
      const run = start(backupArgs(store));
      await says(run, /Waiting for a lock/);
      return {
        run,
        async letGo() {
          resolve();
          await holding;
        },
      };
    },
  ],
];

const DRILL_MOMENTS: [when: string, begin: () => Promise<UnderWay>][] = [
  [
    'scratch is being made',
    async () => {
      const run = start(drillArgs());
      await eventually(async () => (await readdir(temporaries)).some((name) => name.startsWith('lifeboat-scratch-')));
      return { run, letGo: async () => {} };
    },
  ],
  ['pg_restore starts', async () => heldBy(await lateProgram(major, 'pg_restore'), 1, drillArgs())],
  [
    'it verifies',
    async () => {
      const run = start([...drillArgs(), '--assert', 'slow: SELECT pg_sleep(600) IS NOT NULL']);
      await says(run, /analyze: /);
      return { run, letGo: async () => {} };
    },
  ],
];

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;
const each = <Moment>(moments: [string, Moment][]) =>
  moments.flatMap(([when, begin]) => SIGNALS.map(([signal, status]) => [signal, when, status, begin] as const));

async function cancelledBy(signal: 'SIGINT' | 'SIGTERM', status: number, { run, letGo }: UnderWay): Promise<void> {
  run.child.kill(signal);
  const end = await run.ended;
  expect(end.status, end.stderr).toBe(status);
  expect(onlyJson(end.stdout)).toMatchObject({ ok: false, error: { code: 'cancelled', message: expect.stringContaining(signal) } });
  // said after five seconds
  expect(end.stderr).not.toContain('The clean-up did not end');
  await expectNothingLeft([source], temporaries);
  await letGo();
}

describe('a backup', () => {
  test.each(each(BACKUP_MOMENTS))('told by %s to stop when %s ends with status %i and leaves nothing', async (signal, _, status, begin) => {
    const store = await temporaryStore();
    await cancelledBy(signal, status, await begin(store.url));
    expect(await filesIn(store.folder)).toEqual([]);
  });

  test.each(BACKUP_MOMENTS)('killed when %s is no backup, and the next one is', async (_, begin) => {
    const store = await temporaryStore();
    const { run, letGo } = await begin(store.url);
    run.child.kill('SIGKILL');
    await run.ended;
    await letGo();
    const shown = () => list(listOptions.parse({ storage: store.url }), recordingContext());
    expect((await shown()).backups).toEqual([]);
    // pg_dump ends when it writes to a pipe that nobody reads
    await expectNothingLeft([source], temporaries);
    const { id } = await runBackup(source, store.url, { database: 'shop' });
    expect((await shown()).backups.map((backup) => backup.id)).toEqual([id]);
  });
});

describe('a drill', () => {
  test.each(each(DRILL_MOMENTS))('told by %s to stop when %s ends with status %i and leaves nothing', async (signal, _, status, begin) => {
    const before = await filesIn(stockedFolder);
    await cancelledBy(signal, status, await begin());
    expect(await filesIn(stockedFolder)).toEqual(before);
  });

  test.each(DRILL_MOMENTS)('killed when %s leaves a scratch that the next drill removes', async (_, begin) => {
    const before = await filesIn(stockedFolder);
    const { run, letGo } = await begin();
    run.child.kill('SIGKILL');
    await run.ended;
    await letGo();
    expect(await filesIn(stockedFolder)).toEqual(before);
    expect(await readdir(temporaries)).toContainEqual(expect.stringMatching(/^lifeboat-scratch-/));
    expect(await runDrill('shop', stocked)).toMatchObject({ ok: true });
    await expectNothingLeft([source], temporaries);
  });
});

describe('a restore', () => {
  test.each(SIGNALS)('told by %s to stop ends with status %i and leaves no session and no file', async (signal, status) => {
    const target = await freshDatabase(major);
    const client = await lateProgram(major, 'pg_restore');
    const args = ['restore', '--storage', stocked, '--database', 'shop', '--target-url', urlOf(target), '--confirm', target.database];
    await cancelledBy(signal, status, await heldBy(client, 1, args));
    await expectNothingLeft([target], temporaries);
    expect(await runSql(target, "SELECT FROM pg_tables WHERE schemaname = 'shop'")).toEqual([]);
  });
});
