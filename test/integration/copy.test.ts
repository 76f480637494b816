import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copy } from '../../src/copy/copy.ts';
import { copyToStore } from '../../src/copy/to-store.ts';
import { databaseFolder, manifestKey, partKey } from '../../src/format/layout.ts';
import { copyOptions } from '../../src/options/copy.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { onlyJson, startCli } from '../harness/cli.ts';
import { recordingContext } from '../harness/engine.ts';
import { objectsOf, writeBackup } from '../harness/history.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DAY_MS = 86_400_000;
let folder: string;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-copy-'));
  bucket = await createTestBucket();
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

const fileUrl = (name: string) => pathToFileURL(join(folder, name)).href;
const openFile = async (name: string) => openFileStore(fileUrl(name));
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
const run = (from: Store, to: Store, databases = ['shop'], wish = {}) => copyToStore({ from, to, databases, wish, jobs: 2 }, recordingContext());

/** Every byte of one store's backup is in the other. */
async function expectSame(from: Store, to: Store, id: string, database = 'shop'): Promise<void> {
  const names = await objectsOf(from, database, id);
  expect(await objectsOf(to, database, id)).toEqual(names);
  for (const name of names) {
    const [one, other] = await Promise.all([from, to].map(async (store) => buffer(await store.get(partKey(database, id, name)))));
    expect(other?.equals(one as Buffer)).toBe(true);
  }
}

async function bytesIn(store: Store, database: string): Promise<number> {
  let sum = 0;
  for await (const { bytes } of store.list(databaseFolder(database))) sum += bytes;
  return sum;
}

describe.each([
  ['from a folder to S3', openFile, (name: string) => bucket.open(name)],
  ['from S3 to a folder', (name: string) => bucket.open(name), openFile],
])('a copy %s', (direction, openFrom, openTo) => {
  const open = async (name: string): Promise<[Store, Store]> => {
    const unique = `${name}-${direction.replaceAll(' ', '-')}`;
    return [await openFrom(`from-${unique}`), await openTo(`to-${unique}`)];
  };

  test('brings every backup with its proofs, and the next one has nothing to do', async () => {
    const [from, to] = await open('all');
    const ids = [await writeBackup(from, 'shop', { at: daysAgo(1), drills: ['proven'] }), await writeBackup(from, 'shop', { at: daysAgo(2) })];
    const blog = await writeBackup(from, 'the blog', { at: daysAgo(3) });
    await from.put(partKey('shop', ids[0] ?? '', 'manifest-0123456789abcdef.sig'), Buffer.from('signature'));
    await from.put(partKey('shop', ids[0] ?? '', 'notes.txt'), Buffer.from('no part of it'));
    await from.put('shop/20260102T030405Z-abcd/data-00.dump.zst', Buffer.from('half'));

    const first = await run(from, to, ['shop', 'the blog']);
    expect(first).toMatchObject({ ok: true, storage: to.url, problem: null });
    expect(first.backups.map(({ id, outcome }) => [id, outcome])).toEqual([...ids, blog].map((id) => [id, 'copied']));
    await from.delete(partKey('shop', ids[0] ?? '', 'notes.txt'));
    for (const id of ids) await expectSame(from, to, id);
    await expectSame(from, to, blog, 'the blog');
    expect(first.bytes).toBe((await bytesIn(to, 'shop')) + (await bytesIn(to, 'the blog')));
    expect(await to.folders('shop')).toEqual(ids.toReversed());

    const second = await run(from, to, ['shop', 'the blog']);
    expect(second).toMatchObject({ ok: true, bytes: 0, backups: [{ outcome: 'there' }, { outcome: 'there' }, { outcome: 'there' }] });
    await Promise.all([from.close(), to.close()]);
  });

  test('brings new proofs of what is there, mends lost parts, and touches no other manifest', async () => {
    const [from, to] = await open('later');
    const at = daysAgo(1);
    const id = await writeBackup(from, 'shop', { at });
    await run(from, to);
    await writeBackup(from, 'shop', { at, drills: ['proven', 'failed'] });
    expect(await run(from, to)).toMatchObject({ ok: true, backups: [{ outcome: 'completed', objects: 2 }] });
    await expectSame(from, to, id);

    await to.delete(partKey('shop', id, 'data-01.dump.zst'));
    await to.put(partKey('shop', id, 'data-00.dump.zst'), Buffer.from('short'));
    expect(await run(from, to)).toMatchObject({ ok: true, backups: [{ outcome: 'completed', objects: 2 }] });
    await expectSame(from, to, id);

    for (const other of [Buffer.from('{}'), Buffer.alloc((await to.head(manifestKey('shop', id)))?.bytes ?? 0, 32)]) {
      await to.put(manifestKey('shop', id), other);
      await to.delete(partKey('shop', id, 'data-01.dump.zst'));
      expect(await run(from, to)).toMatchObject({ ok: false, backups: [{ outcome: 'failed', problem: { code: 'copy-differs' } }] });
      expect(await buffer(await to.get(manifestKey('shop', id)))).toEqual(other);
      expect(await to.head(partKey('shop', id, 'data-01.dump.zst'))).toBeNull();
    }
    await Promise.all([from.close(), to.close()]);
  });

  test('goes on from what an interrupted one left, and trusts no byte of it unseen', async () => {
    const [from, to] = await open('resumed');
    const id = await writeBackup(from, 'shop', { at: daysAgo(1) });
    const key = (name: string) => partKey('shop', id, name);
    const whole = await buffer(await from.get(key('data-00.dump.zst')));
    const flipped = Buffer.from(whole.map((byte, i) => (i === 5 ? byte ^ 1 : byte)));
    await to.put(key('schema.dump.zst'), whole);
    await to.put(key('data-00.dump.zst'), flipped);
    await to.put(key('data-01.dump.zst'), whole.subarray(1));
    expect(await run(from, to)).toMatchObject({ ok: true, backups: [{ outcome: 'copied', objects: 3, reused: 1 }] });
    await expectSame(from, to, id);
    await Promise.all([from.close(), to.close()]);
  });
});

describe('the verb copy', () => {
  const options = (given: Record<string, unknown>) => copyOptions.parse(given);
  const s3 = () => ({ toS3Endpoint: bucket.endpoint, toS3Region: bucket.region, toAccessKeyId: bucket.credentials.accessKeyId });

  test('takes one backup, or those of some age, to every store that is named', async () => {
    const from = await openFile('verb');
    const ids = [1, 3, 9].map((days) => daysAgo(days));
    for (const at of ids) await writeBackup(from, 'shop', { at });
    const latest = (await from.folders('shop')).at(-1) ?? '';
    const given = {
      storage: from.url,
      database: ['shop'],
      to: [`s3://${bucket.name}/verb`],
      ...s3(),
      toSecretAccessKey: bucket.credentials.secretAccessKey,
    };
    const one = await copy(options({ ...given, backup: 'latest' }), recordingContext());
    expect(one).toMatchObject({ ok: true, databases: ['shop'], copies: [{ backups: [{ id: latest, outcome: 'copied' }] }] });
    const some = await copy(options({ ...given, to: [...given.to, fileUrl('verb-2')], within: '5d' }), recordingContext());
    expect(some.copies.map(({ backups }) => backups.map(({ outcome }) => outcome))).toEqual([
      ['there', 'copied'],
      ['copied', 'copied'],
    ]);
  });

  test('locks what it copies where it is told to, and copies nothing to a store that cannot', async () => {
    const from = await openFile('locked');
    const id = await writeBackup(from, 'shop', { at: daysAgo(1) });
    const { endpoint, region, credentials } = bucket;
    const own = { ...s3(), toSecretAccessKey: credentials.secretAccessKey };
    const refused = await copy(options({ storage: from.url, to: [`s3://${bucket.name}/locked lock-days=3`], ...own }), recordingContext());
    expect(refused).toMatchObject({ ok: false, copies: [{ backups: [], problem: { code: 'lock-unsupported' } }] });
    expect(await (await bucket.open('locked')).folders('')).toEqual([]);
    if (!bucket.real) return notShown('copy: that a copy is locked', 's3rver has no Object Lock', 's3');
    const locking = await createTestBucket({ locks: true });
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const locked = await copy(options({ storage: from.url, to: [`s3://${locking.name}`], lockDays: '3', ...own }), recordingContext());
    expect(locked).toMatchObject({ ok: true, copies: [{ backups: [{ id, outcome: 'copied' }] }] });
    for (const name of ['manifest.json', 'data-00.dump.zst']) {
      const { ObjectLockRetainUntilDate, ObjectLockMode } = await client.send(
        new HeadObjectCommand({ Bucket: locking.name, Key: partKey('shop', id, name) }),
      );
      expect(ObjectLockMode).toBe('GOVERNANCE');
      expect(Number(ObjectLockRetainUntilDate)).toBeGreaterThan(Date.now() + 2.9 * DAY_MS);
    }
    client.destroy();
    await locking.close();
  });

  test('refuses what cannot be meant, before it reads anything', async () => {
    const from = await openFile('refused');
    await writeBackup(from, 'shop', { at: daysAgo(1) });
    await writeBackup(from, 'blog', { at: daysAgo(1) });
    await symlink(join(folder, 'refused'), join(folder, 'alias'));
    const refusals: [Record<string, unknown>, string][] = [
      [{}, 'bad-option'],
      [{ to: [fileUrl('alias')] }, 'same-store'],
      [{ to: ['ftp://x'] }, 'bad-storage-url'],
      [{ to: ['s3://xyz access-key-id-env=NOT_SET_ID secret-access-key-env=NOT_SET_KEY'] }, 'bad-option'],
      [{ to: ['s3://xyz'], toAccessKeyId: 'id' }, 'bad-option'],
      [{ to: [fileUrl('new')], backup: 'latest' }, 'bad-option'],
      [{ to: [fileUrl('new')], database: ['shpo'] }, 'no-backups'],
      [{ to: [fileUrl('new')], database: ['shop'], backup: '20260101T000000Z-0000' }, 'unknown-backup'],
    ];
    for (const [given, code] of refusals) {
      expect(await rejectionOf(copy(options({ storage: from.url, ...given }), recordingContext()))).toMatchObject({ code });
    }
  });

  test('on the command line reads its stores from lifeboat.yml and its key from the environment, and shows neither', async () => {
    const home = join(folder, 'cli');
    const from = await openFile('cli/store');
    await writeBackup(from, 'shop', { at: daysAgo(1), drills: ['proven'] });
    const copies = [
      `{ storage: "s3://${bucket.name}/cli", s3-endpoint: "${bucket.endpoint}", s3-region: ${bucket.region}, access-key-id-env: COPY_ID, secret-access-key-env: COPY_KEY }`,
      `{ storage: "${fileUrl('cli-copy')}" }`,
    ];
    await writeFile(join(home, 'lifeboat.yml'), `storage: ${from.url}\ncopies: [${copies.join(', ')}]\ndatabases: { shop: }\n`);
    const environment = { COPY_ID: bucket.credentials.accessKeyId, COPY_KEY: bucket.credentials.secretAccessKey };
    const done = await startCli(['copy'], { folder: home, environment }).ended;
    expect(done).toMatchObject({ status: 0 });
    expect(done.stdout).toMatch(/^Copied 2 backups of shop to 2 stores, .*\n\ncopied to s3:/);
    expect(done.stdout + done.stderr).not.toContain(bucket.credentials.secretAccessKey);
    const again = await startCli(['copy', '--json'], { folder: home, environment }).ended;
    expect(onlyJson(again.stdout)).toMatchObject({ ok: true, copies: [{ bytes: 0 }, { bytes: 0 }] });

    const keyless = await startCli(['copy'], { folder: home }).ended;
    expect(keyless).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('COPY_ID and COPY_KEY are not set') });
  });
});
