import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { scheduleWatcher } from '../../src/github/schedules.ts';
import { watchOutcome } from '../../src/github/watch-told.ts';
import { watchOptions } from '../../src/options/watch.ts';
import { type LookAtWorkflows, type WatchResult, watch } from '../../src/watch/watch.ts';
import { recordingContext, runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { startGithubApi } from '../harness/github-api.ts';
import { shopDatabase } from '../harness/shop.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

let store: { url: string; folder: string };
beforeAll(async () => {
  store = await temporaryStore();
  const source = await shopDatabase();
  await runBackup(source, store.url, { database: 'shop' });
  await runDrill('shop', store.url);
  await runBackup(source, store.url, { database: 'crm' });
});

function look(given: Record<string, unknown> = {}, workflows: LookAtWorkflows | null = null, url = store.url): Promise<WatchResult> {
  return watch(watchOptions.parse({ storage: url, ...given }), recordingContext(), workflows);
}

const messages = ({ findings }: WatchResult) => findings.map(({ object, message }) => `${object}: ${message}`);

describe('a watch of a store', () => {
  test('finds what is backed up and proven fresh, and the rest stale', async () => {
    const all = await look();
    expect(all).toMatchObject({ ok: false, stale: true, workflows: null });
    expect(messages(all)).toEqual(['crm: No drill has proven a backup of it.']);
    expect(all.databases.map(({ database }) => database)).toEqual(['crm', 'shop']);
    const shop = await look({ database: ['shop'] });
    expect(shop).toMatchObject({
      ok: true,
      stale: false,
      databases: [{ newestBackup: { id: expect.any(String) }, newestProof: { backup: expect.any(String) } }],
    });
    expect(shop.notExamined).toEqual([expect.objectContaining({ object: 'scheduled workflows', expected: false })]);
  });

  test('finds everything stale when nothing may be old', async () => {
    const result = await look({ database: ['shop'], maxBackupAge: '0s', maxProofAge: '0s' });
    expect(messages(result)).toEqual([
      expect.stringMatching(/^shop: Its newest backup is .* old/),
      expect.stringMatching(/^shop: Its newest proof is/),
    ]);
  });

  test('misses a database that was never backed up, when it is asked for', async () => {
    expect(messages(await look({ database: ['shop', 'blog'] }))).toEqual(['blog: It has no backup at all.']);
  });

  test('finds an empty store stale', async () => {
    const empty = await temporaryStore();
    const result = await look({}, null, empty.url);
    expect(result).toMatchObject({ ok: false, stale: true, databases: [] });
    expect(messages(result)).toEqual([expect.stringMatching(/holds no backup of any database/)]);
  });

  test('does not take every folder for a database, nor an unfinished backup for one', async () => {
    const other = await temporaryStore();
    await mkdir(join(other.folder, 'logs'), { recursive: true });
    await writeFile(join(other.folder, 'logs', 'x.txt'), 'x');
    await mkdir(join(other.folder, 'shop', '20261120T020013Z-3f9a'), { recursive: true });
    await writeFile(join(other.folder, 'shop', '20261120T020013Z-3f9a', 'schema.dump.zst'), 'x');
    const result = await look({}, null, other.url);
    expect(messages(result)).toEqual(['shop: It has no backup at all.']);
    expect(result.notExamined.map(({ object }) => object)).toEqual(['logs', 'scheduled workflows']);
  });

  test('counts no proof of another manifest, and no backup whose manifest is broken', async () => {
    const copy = await temporaryStore();
    const source = await shopDatabase();
    const { id } = await runBackup(source, copy.url, { database: 'shop' });
    await runDrill('shop', copy.url);
    const manifest = join(copy.folder, 'shop', id, 'manifest.json');
    await writeFile(manifest, `${await readFile(manifest, 'utf8')}\n`);
    expect(messages(await look({}, null, copy.url))).toEqual(['shop: No drill has proven a backup of it.']);
    await writeFile(manifest, '{');
    expect(messages(await look({}, null, copy.url))).toEqual(['shop: It has 1 backup, and none can be read.']);
  });

  test('finds the newest proof of any backup', async () => {
    const copy = await temporaryStore();
    const source = await shopDatabase();
    const first = await runBackup(source, copy.url, { database: 'shop' });
    const second = await runBackup(source, copy.url, { database: 'shop' });
    await runDrill('shop', copy.url, { backup: first.id });
    expect((await look({}, null, copy.url)).databases[0]?.newestProof?.backup).toBe(first.id);
    await runDrill('shop', copy.url, { backup: second.id });
    expect((await look({}, null, copy.url)).databases[0]?.newestProof?.backup).toBe(second.id);
    const proofs = join(copy.folder, 'shop', second.id, 'proofs');
    for (const name of await readdir(proofs)) await rm(join(proofs, name));
    expect((await look({}, null, copy.url)).databases[0]?.newestProof?.backup).toBe(first.id);
  });
});

describe('a watch in GitHub Actions', () => {
  test('is not ok without having seen the workflows, and ok when they ran', async () => {
    const api = await startGithubApi();
    try {
      const context = { ...recordingContext(), environment: { ...api.environment } };
      const options = watchOptions.parse({ storage: store.url, database: ['shop'] });
      const file = '.github/workflows/backup.yml';
      const now = new Date().toISOString();
      api.state.workflows.push({
        id: 1,
        name: 'backup',
        path: file,
        state: 'active',
        created_at: '2020-01-01T00:00:00Z',
        updated_at: '2020-01-01T00:00:00Z',
      });
      api.state.files.set(file, "on: { schedule: [{ cron: '17 2 * * *' }] }");
      const seen = () => watch(options, context, scheduleWatcher(api.state.token));

      api.state.permissions.actions = 'none';
      const blind = await seen();
      expect(blind).toMatchObject({ ok: false, stale: false, findings: [] });
      expect(watchOutcome(blind, options).each?.map(({ database, ok }) => [database, ok])).toEqual([
        ['shop', true],
        ['scheduled workflows', false],
      ]);

      api.state.permissions.actions = 'read';
      const missed = await seen();
      expect(messages(missed)).toEqual([expect.stringMatching(/^\.github\/workflows\/backup\.yml: It has never run on its schedule/)]);
      expect(watchOutcome(missed, options)).toMatchObject({ ok: false, outputs: { stale: false }, problems: [{ level: 'error' }] });

      api.state.runs.push({
        id: 9,
        workflow_id: 1,
        event: 'schedule',
        status: 'completed',
        conclusion: 'failure',
        created_at: now,
        run_started_at: now,
      });
      const well = await seen();
      expect(well).toMatchObject({ ok: true, workflows: [{ file, findings: [] }], notExamined: [] });
      const outputs = {
        'newest-backup': well.databases[0]?.newestBackup?.snapshotAt,
        'newest-proof': well.databases[0]?.newestProof?.at,
        stale: false,
      };
      expect(watchOutcome(well, options).outputs).toEqual(outputs);
    } finally {
      await api.close();
    }
  });

  test('tells of every database, and of the store as a whole', async () => {
    const options = watchOptions.parse({ storage: store.url });
    const outcome = watchOutcome(await look(), options);
    expect(outcome.outputs['newest-proof']).toBe('');
    expect(outcome.each?.map(({ database, ok }) => [database, ok])).toEqual([
      ['crm', false],
      ['shop', true],
      ['every database', true],
    ]);
  });
});

describe('lifeboat watch', () => {
  const lifeboat = (...args: string[]) =>
    run(process.execPath, [join(ROOT, 'src/cli/main.js'), 'watch', '--storage', store.url, ...args], { cwd: store.folder }).then(
      ({ stdout }) => ({ status: 0, stdout }),
      (error: { code: number; stdout: string }) => ({ status: error.code, stdout: error.stdout }),
    );

  test('ends with 1 when something is stale, and says what it did not look at', async () => {
    const stale = await lifeboat();
    expect(stale.status).toBe(1);
    expect(stale.stdout).toMatch(/^STALE crm is stale/);
    const fresh = await lifeboat('--database', 'shop');
    expect(fresh.status).toBe(0);
    expect(fresh.stdout).toMatch(/Not examined:\n {2}scheduled workflows: only the action watch/);
    expect(JSON.parse((await lifeboat('--json', '--database', 'shop', '--database', 'crm')).stdout)).toMatchObject({ ok: false, stale: true });
  });

  test('is not ok with schedules that were asked for and cannot be seen', async () => {
    expect((await lifeboat('--database', 'shop', '--schedules')).status).toBe(1);
  });
});
