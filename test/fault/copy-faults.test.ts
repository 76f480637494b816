import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyToStore } from '../../src/copy/to-store.ts';
import { LifeboatError } from '../../src/errors.ts';
import { MANIFEST_NAME, manifestKey, partKey } from '../../src/format/layout.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { onlyJson, startCli } from '../harness/cli.ts';
import { recordingContext } from '../harness/engine.ts';
import { isWhole, objectsOf, writeBackup } from '../harness/history.ts';
import { startProxy } from '../harness/proxy.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';

const DAY_MS = 86_400_000;
/** Of a backup with one proof: three parts, the proof, the manifest. */
const PUTS = 5;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();

let folder: string;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-copy-faults-'));
  bucket = await createTestBucket();
});
afterAll(async () => {
  if (bucket.real) await bucket.giveUpUploads();
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (name: string) => openFileStore(pathToFileURL(join(folder, name)).href);
const run = (from: Store, to: Store, context = recordingContext()) => copyToStore({ from, to, databases: ['shop'], wish: {}, jobs: 2 }, context);
const outcomes = ({ backups }: Awaited<ReturnType<typeof run>>) => backups.map(({ outcome }) => outcome);

/** Gone from the given put on; that one done, or not. */
function stoppingAt(store: Store, put: number, isDone: boolean, written: string[]): Store {
  let asked = 0;
  return {
    ...store,
    async put(key, body, options) {
      asked += 1;
      if (asked > put || (asked === put && !isDone)) throw new LifeboatError('store-unreachable', 'The test stops here.', 'None.');
      const done = await store.put(key, body, options);
      written.push(key);
      if (asked === put) throw new LifeboatError('store-unreachable', 'The test stops here.', 'None.');
      return done;
    },
  };
}

describe.each([
  ['a folder', (name: string) => open(name), Array.from({ length: PUTS }, (_, i) => i + 1)],
  ['S3', (name: string) => bucket.open(name), [1, 4, PUTS]],
])('a copy to %s whose destination goes away', (where, openTo, points) => {
  test.each(points.flatMap((n) => [[n, true] as const, [n, false] as const]))(
    'at put %i (done: %s) leaves no manifest before all is there, and the next run finishes',
    async (n, isDone) => {
      const name = `${where.replaceAll(' ', '-')}-${n}-${isDone}`;
      const from = open(`from-${name}`);
      const to = await openTo(`to-${name}`);
      const [newest = '', older = ''] = [
        await writeBackup(from, 'shop', { at: daysAgo(1), drills: ['proven'] }),
        await writeBackup(from, 'shop', { at: daysAgo(2), drills: ['proven'] }),
      ];
      const written: string[] = [];
      const broken = await run(from, stoppingAt(to, n, isDone, written));
      expect(broken).toMatchObject({ ok: false, problem: { code: 'store-unreachable' } });
      expect(outcomes(broken)).toEqual(['failed', 'not-tried']);
      const names = await objectsOf(to, 'shop', newest);
      expect(names.includes(MANIFEST_NAME)).toBe(n === PUTS && isDone);
      if (written.includes(manifestKey('shop', newest))) expect(written.at(-1)).toBe(manifestKey('shop', newest));
      expect(await objectsOf(to, 'shop', older)).toEqual([]);

      expect(outcomes(await run(from, to))).toEqual([n === PUTS && isDone ? 'there' : 'copied', 'copied']);
      for (const id of [newest, older]) expect(await objectsOf(to, 'shop', id)).toEqual(await objectsOf(from, 'shop', id));
      await to.close();
    },
  );
});

describe('a copy', () => {
  test('that is killed midway leaves no manifest, and the next one goes on from there', async () => {
    const proxy = await startProxy(bucket.endpoint);
    const from = open('killed');
    const id = await writeBackup(from, 'shop', { at: daysAgo(1), drills: ['proven'] });
    const to = await bucket.open('killed');
    const environment = {
      LIFEBOAT_COPY_ACCESS_KEY_ID: bucket.credentials.accessKeyId,
      LIFEBOAT_COPY_SECRET_ACCESS_KEY: bucket.credentials.secretAccessKey,
    };
    const args = ['copy', '--storage', from.url, '--to', `s3://${bucket.name}/killed`, '--to-s3-region', bucket.region, '--jobs', '1'];
    proxy.behave({ kind: 'hang', only: /^PUT .*data-01/ });
    const killed = startCli([...args, '--to-s3-endpoint', proxy.endpoint], { folder, environment });
    await eventually(() => proxy.tampered.length > 0);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await proxy.close();
    expect(await objectsOf(to, 'shop', id)).toEqual(['data-00.dump.zst', 'schema.dump.zst']);

    const { stdout } = await startCli([...args, '--to-s3-endpoint', bucket.endpoint, '--json'], { folder, environment }).ended;
    expect(onlyJson(stdout)).toMatchObject({ ok: true, copies: [{ backups: [{ id, outcome: 'copied', objects: 3, reused: 2 }] }] });
    expect(await objectsOf(to, 'shop', id)).toEqual(await objectsOf(from, 'shop', id));
    await to.close();
  });

  test('that is told to stop, stops, and throws the reason', async () => {
    const from = open('stopped');
    const id = await writeBackup(from, 'shop', { at: daysAgo(1) });
    const to = open('to-stopped');
    const controller = new AbortController();
    const reason = new LifeboatError('cancelled', 'Stopped.', 'None.');
    const stopping: Store = {
      ...to,
      async put(key, body, options) {
        const done = await to.put(key, body, options);
        controller.abort(reason);
        return done;
      },
    };
    expect(await rejectionOf(run(from, stopping, recordingContext(controller.signal)))).toBe(reason);
    expect(await objectsOf(to, 'shop', id)).not.toContain(MANIFEST_NAME);
  });

  test('of a backup with a broken part copies the others, and names it', async () => {
    const from = open('broken');
    const to = await bucket.open('broken');
    const ids: string[] = [];
    for (const days of [1, 2, 3, 4, 5]) ids.push(await writeBackup(from, 'shop', { at: daysAgo(days) }));
    const [flipped = '', cut = '', lost = '', malformed = '', good = ''] = ids;
    const part = (id: string) => partKey('shop', id, 'data-00.dump.zst');
    const bytes = (await from.head(part(flipped)))?.bytes ?? 0;
    await from.put(part(flipped), Buffer.alloc(bytes));
    await from.put(part(cut), Buffer.alloc(bytes - 1));
    await from.delete(part(lost));
    await from.put(manifestKey('shop', malformed), Buffer.from('{'));

    const result = await run(from, to);
    expect(result).toMatchObject({ ok: false, problem: null });
    expect(result.backups.map(({ id, outcome, problem }) => [id, outcome, problem?.code])).toEqual([
      [flipped, 'failed', 'part-corrupt'],
      [cut, 'failed', 'part-corrupt'],
      [lost, 'failed', 'part-missing'],
      [malformed, 'failed', 'manifest-malformed'],
      [good, 'copied', undefined],
    ]);
    expect(result.backups[0]?.problem?.message).toContain('data-00.dump.zst');
    for (const id of [flipped, cut, lost, malformed]) {
      const names = await objectsOf(to, 'shop', id);
      expect(names).not.toContain(MANIFEST_NAME);
      expect(names).not.toContain('data-00.dump.zst');
    }
    expect(await isWhole(to, 'shop', good)).toBe(true);
    await to.close();
  });

  test('does not take a backup that is pruned meanwhile for a failure', async () => {
    const from = open('pruned');
    const to = open('to-pruned');
    const [doomed = '', kept = ''] = [await writeBackup(from, 'shop', { at: daysAgo(1) }), await writeBackup(from, 'shop', { at: daysAgo(2) })];
    const pruning: Store = {
      ...from,
      async get(key, options) {
        if (key.includes('data-01') && key.includes(doomed)) {
          for (const name of [MANIFEST_NAME, 'data-01.dump.zst', 'data-00.dump.zst', 'schema.dump.zst'])
            await from.delete(partKey('shop', doomed, name));
        }
        return from.get(key, options);
      },
    };
    const result = await run(pruning, to);
    expect(result.ok).toBe(true);
    expect(result.backups.map(({ id, outcome }) => [id, outcome])).toEqual([
      [doomed, 'gone'],
      [kept, 'copied'],
    ]);
    expect(await objectsOf(to, 'shop', doomed)).not.toContain(MANIFEST_NAME);
  });

  test('publishes nothing that did not land as it was sent', async () => {
    const from = open('lost-writes');
    const to = open('to-lost-writes');
    const id = await writeBackup(from, 'shop', { at: daysAgo(1) });
    const losing: Store = {
      ...to,
      async put(key, body, options) {
        const done = await to.put(key, body, options);
        if (key.includes('data-01')) await to.delete(key);
        return done;
      },
    };
    expect(await run(from, losing)).toMatchObject({ ok: false, backups: [{ outcome: 'failed', problem: { code: 'copy-differs' } }] });
    expect(await to.head(manifestKey('shop', id))).toBeNull();
  });

  test('beside another copy of the same backup ends well when both bring the same', async () => {
    const from = open('raced');
    const to = open('to-raced');
    const id = await writeBackup(from, 'shop', { at: daysAgo(1) });
    const results = await Promise.all([run(from, to), run(from, to)]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect(await isWhole(to, 'shop', id)).toBe(true);
  });
});
