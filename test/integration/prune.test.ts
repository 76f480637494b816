import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listBackupIds } from '../../src/catalog/backups.ts';
import { manifestKey, partKey } from '../../src/format/layout.ts';
import { pruneOptions } from '../../src/options/prune.ts';
import { type PruneResult, pruneStore } from '../../src/retention/prune.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store, Unfinished } from '../../src/storage/store.ts';
import { onlyJson, startCli } from '../harness/cli.ts';
import { recordingContext } from '../harness/engine.ts';
import { objectsOf, writeBackup } from '../harness/history.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';

const HOUR_MS = 3_600_000;
const ORPHAN = '20260102T030405Z-abcd';
const signal = new AbortController().signal;
const hoursAgo = (hours: number, from = Date.now()) => new Date(from - hours * HOUR_MS).toISOString();

let folder: string;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-prune-'));
  bucket = await createTestBucket();
});
afterAll(async () => {
  if (bucket.real) await bucket.giveUpUploads();
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (store: Store, given: Record<string, unknown> = {}, now = new Date()): Promise<PruneResult> =>
  pruneStore(store, pruneOptions.parse({ storage: store.url, database: 'shop', ...given }), recordingContext(), now);
const doomed = ({ decisions }: PruneResult) => decisions.filter(({ action }) => action === 'delete').map(({ id }) => id);

async function unfinishedIn(store: Store, of = ''): Promise<Unfinished[]> {
  const all: Unfinished[] = [];
  for await (const one of store.unfinished(of)) all.push(one);
  return all;
}

describe.each([
  ['a file store', async (name: string) => openFileStore(pathToFileURL(join(folder, name)).href)],
  ['an S3 store', async (name: string) => bucket.open(name)],
])('a prune of %s', (_, open) => {
  /** Newest first: two unproven, three proven, one whose drill failed long ago, one proven and then failed, an old proven and an old unproven one. */
  async function history(store: Store): Promise<string[]> {
    const days = (n: number) => hoursAgo(24 * n);
    return [
      await writeBackup(store, 'shop', { at: days(0.1) }),
      await writeBackup(store, 'shop', { at: days(1), drills: ['incomplete'] }),
      await writeBackup(store, 'shop', { at: days(2), drills: ['proven', 'incomplete'] }),
      await writeBackup(store, 'shop', { at: days(3), drills: ['proven'] }),
      await writeBackup(store, 'shop', { at: days(4), drills: ['failed', 'proven'] }),
      await writeBackup(store, 'shop', { at: days(40), drills: ['failed'] }),
      await writeBackup(store, 'shop', { at: days(41), drills: ['proven', 'failed'] }),
      await writeBackup(store, 'shop', { at: days(42), drills: ['proven'] }),
      await writeBackup(store, 'shop', { at: days(43) }),
    ];
  }

  test('says what it would delete, and deletes it when told to', async () => {
    const store = await open('applied');
    const ids = await history(store);
    const other = await writeBackup(store, 'blog', { at: hoursAgo(2400) });

    const dry = await run(store, { daily: '3' });
    expect(dry).toMatchObject({ ok: true, applied: false, database: 'shop', unreadable: [], orphans: [] });
    expect(dry.decisions.map(({ id, state }) => [id, state])).toEqual(
      ['unproven', 'incomplete', 'proven', 'proven', 'proven', 'failed', 'failed', 'proven', 'unproven'].map((state, i) => [ids[i], state]),
    );
    expect(doomed(dry)).toEqual(ids.slice(5));
    expect(dry.deletedBytes).toBeGreaterThan(4 * 3 * 19);
    expect(await listBackupIds(store, 'shop', signal)).toEqual(ids);

    const applied = await run(store, { daily: '3', apply: true });
    expect({ ...applied, applied: false, at: '' }).toEqual({ ...dry, at: '' });
    expect(await store.folders('shop')).toEqual(ids.slice(0, 5).toReversed());
    expect(await listBackupIds(store, 'blog', signal)).toEqual([other]);
    expect(doomed(await run(store, { daily: '3', apply: true }))).toEqual([]);
    await store.close();
  });

  test('deletes nothing without a retention, nor before enough is proven', async () => {
    const store = await open('kept');
    const ids = await history(store);
    for (const given of [{}, { minKeep: '1' }, { daily: '0' }, { keepLast: '1', minKeep: '5' }]) {
      expect(doomed(await run(store, { ...given, apply: true }))).toEqual([]);
    }
    expect(await store.folders('shop')).toEqual(ids.toReversed());
    await store.close();
  });

  test('lists a backup whose manifest cannot be read, and leaves it alone', async () => {
    const store = await open('unreadable');
    const ids = await history(store);
    const [broken = '', newer = ''] = ids.slice(7);
    await store.put(manifestKey('shop', broken), Buffer.from('{'));
    await store.put(manifestKey('shop', newer), Buffer.from('{"format":9}'));
    const result = await run(store, { daily: '1', minKeep: '1', apply: true });
    expect(result.unreadable.map(({ id }) => id)).toEqual([broken, newer]);
    expect(result.unreadable[0]?.error).toMatch(/manifest/);
    expect(await objectsOf(store, 'shop', broken)).toContain('data-01.dump.zst');
    expect(await listBackupIds(store, 'shop', signal)).toEqual(expect.arrayContaining([broken, newer]));
    await store.close();
  });

  test('reaps a folder without a manifest after a day, not before, and nothing of anybody else', async () => {
    const store = await open('orphans');
    const kept = await writeBackup(store, 'shop', { at: hoursAgo(1) });
    await store.put(partKey('shop', ORPHAN, 'data-00.dump.zst'), Buffer.from('half'));
    await store.put('shop/notes/readme.txt', Buffer.from('mine'));
    await store.put(`blog/${ORPHAN}/data-00.dump.zst`, Buffer.from('half'));

    const young = await run(store, { apply: true }, new Date(Date.now() + 23 * HOUR_MS));
    expect(young.orphans).toMatchObject([{ kind: 'folder', key: `shop/${ORPHAN}`, bytes: 4, action: 'keep' }]);
    const dayLater = new Date(Date.now() + 25 * HOUR_MS);
    const dry = await run(store, {}, dayLater);
    expect(dry).toMatchObject({ orphans: [{ action: 'delete' }], deletedBytes: 4 });
    expect(await store.folders('shop')).toEqual([ORPHAN, kept, 'notes']);

    expect((await run(store, { apply: true }, dayLater)).orphans).toEqual(dry.orphans);
    expect(await store.folders('shop')).toEqual([kept, 'notes']);
    expect(await store.folders('blog')).toEqual([ORPHAN]);
    await store.close();
  });

  test('says no-backups of a database that the store does not know', async () => {
    const store = await open('unknown');
    await writeBackup(store, 'shop', { at: hoursAgo(1) });
    expect(await rejectionOf(run(store, { database: 'shpo' }))).toMatchObject({ code: 'no-backups', message: expect.stringContaining('shpo') });
    await store.close();
  });
});

describe('unfinished puts', () => {
  test('of a file store are its temporary files', async () => {
    const store = openFileStore(pathToFileURL(join(folder, 'temporary')).href);
    const id = await writeBackup(store, 'shop', { at: hoursAgo(1) });
    const temporaries = join(folder, 'temporary', '.lifeboat-tmp');
    expect(await unfinishedIn(store)).toEqual([]);
    await mkdir(temporaries);
    for (const name of ['old', 'young']) await writeFile(join(temporaries, name), 'half');
    await utimes(join(temporaries, 'old'), new Date(0), new Date(hoursAgo(25)));
    expect((await unfinishedIn(store)).map(({ id: name }) => name).toSorted()).toEqual(['old', 'young']);

    expect((await run(store)).orphans.map(({ action }) => action).toSorted()).toEqual(['delete', 'keep']);
    expect(await readdir(temporaries)).toHaveLength(2);
    await run(store, { apply: true });
    expect(await readdir(temporaries)).toEqual(['young']);
    for (const one of await unfinishedIn(store)) await store.abandon(one);
    await store.abandon({ key: '.lifeboat-tmp/gone', id: 'gone', since: new Date() });
    expect(await readdir(join(folder, 'temporary'))).toEqual(['shop']);
    expect(await listBackupIds(store, 'shop', signal)).toEqual([id]);
  });

  test('of an S3 store are its uploads, a prune gives up those of a day and of this database', async () => {
    if (!bucket.real) return notShown('prune: that unfinished uploads of a day are given up', 's3rver cannot list or abort them', 's3');
    const store = await bucket.open('uploads');
    const kept = await writeBackup(store, 'shop', { at: hoursAgo(1) });
    const { endpoint, region, credentials, name } = bucket;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const keys = [`shop/${ORPHAN}/data-00.dump.zst`, `shop/${kept}/x`, 'shop/mine/x', `shop2/${ORPHAN}/data-00.dump.zst`];
    for (const key of keys) await client.send(new CreateMultipartUploadCommand({ Bucket: name, Key: `uploads/${key}` }));
    client.destroy();
    await store.put(partKey('shop', ORPHAN, 'data-01.dump.zst'), Buffer.from('done'));
    const keysLeft = async () => (await unfinishedIn(store)).map(({ key }) => key).toSorted();
    expect(await keysLeft()).toEqual(keys.toSorted());
    expect((await unfinishedIn(store, 'shop')).map(({ key }) => key).toSorted()).toEqual(keys.slice(0, 3).toSorted());
    expect(Math.abs(Date.now() - Number((await unfinishedIn(store))[0]?.since))).toBeLessThan(60_000);

    await run(store, { apply: true }, new Date(Date.now() + 23 * HOUR_MS));
    expect(await keysLeft()).toEqual(keys.toSorted());
    const dayLater = await run(store, { apply: true }, new Date(Date.now() + 25 * HOUR_MS));
    expect(dayLater.orphans.map(({ kind, action }) => [kind, action])).toEqual([
      ['folder', 'delete'],
      ['upload', 'delete'],
      ['upload', 'delete'],
    ]);
    expect(await keysLeft()).toEqual(keys.slice(2).toSorted());
    expect(await store.folders('shop')).toEqual([kept]);
    for (const one of await unfinishedIn(store)) {
      await store.abandon(one);
      await store.abandon(one);
    }
    expect(await unfinishedIn(store)).toEqual([]);
    await store.close();
  });

  test('that cannot be listed are not examined, and an upload under way keeps its folder', async () => {
    const store = openFileStore(pathToFileURL(join(folder, 'denied')).href);
    await store.put(partKey('shop', ORPHAN, 'data-00.dump.zst'), Buffer.from('done'));
    const now = new Date(Date.now() + 48 * HOUR_MS);
    const busy: Store = {
      ...store,
      async *unfinished() {
        yield { key: partKey('shop', ORPHAN, 'data-01.dump.zst'), id: 'x', since: new Date(now.getTime() - HOUR_MS) };
      },
    };
    expect((await run(busy, { apply: true }, now)).orphans.map(({ action }) => action)).toEqual(['keep', 'keep']);
    const { LifeboatError } = await import('../../src/errors.ts');
    const denying: Store = {
      ...store,
      // biome-ignore lint/correctness/useYield: it fails before
      async *unfinished() {
        throw new LifeboatError('store-access-denied', 'Could not list.', 'Ask.');
      },
    };
    const denied = await run(denying, { apply: true }, now);
    expect(denied).toMatchObject({ ok: true, notExamined: [{ object: 'unfinished uploads' }], orphans: [{ action: 'delete' }] });
    expect(await store.folders('')).toEqual([]);
  });
});

describe('lifeboat prune', () => {
  test('is a dry run unless --apply, by the retention of lifeboat.yml', async () => {
    const home = join(folder, 'cli');
    const url = pathToFileURL(join(home, 'store')).href;
    const store = openFileStore(url);
    const ids: string[] = [];
    for (const n of [1, 2, 3, 4, 5]) ids.push(await writeBackup(store, 'shop', { at: hoursAgo(24 * n), drills: ['proven'] }));
    await writeFile(
      join(home, 'lifeboat.yml'),
      `storage: ${url}\nretention: { daily: 1 }\ndatabases: { shop: { retention: { daily: 4 } }, blog: }\n`,
    );
    const lifeboat = (...args: string[]) => startCli(['prune', '--database', 'shop', ...args], { folder: home }).ended;

    const dry = await lifeboat();
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(dry.stdout).toMatch(/^Dry run: nothing was deleted; 1 of 5 backups of shop would be, .*\n/);
    expect(await store.folders('shop')).toHaveLength(5);
    const json = await lifeboat('--json', '--apply', '--daily', '3');
    expect(onlyJson(json.stdout)).toMatchObject({ ok: true, applied: true, policy: { daily: 3, minKeep: 3 } });
    expect(await listBackupIds(store, 'shop', signal)).toEqual(ids.slice(0, 3));
  });
});
