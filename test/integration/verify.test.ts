import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MANIFEST_NAME, manifestKey, partKey } from '../../src/format/layout.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { verifyOptions } from '../../src/options/verify.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { seal } from '../../src/stream/seal.ts';
import { verify } from '../../src/verify/verify.ts';
import { verifyBackup } from '../../src/verify/verify-backup.ts';
import { newAgeKey } from '../harness/age.ts';
import { onlyJson, startCli } from '../harness/cli.ts';
import { recordingContext } from '../harness/engine.ts';
import { writeBackup } from '../harness/history.ts';
import { startProxy } from '../harness/proxy.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { newSigningKeys } from '../harness/signing.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
let folder: string;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-verify-'));
  bucket = await createTestBucket();
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (name: string) => openFileStore(pathToFileURL(join(folder, name)).href);
const run = (store: Store, given: Record<string, unknown> = {}) => verify(verifyOptions.parse({ storage: store.url, ...given }), recordingContext());
const read = (store: Store, id: string, identities: string[] = []) =>
  verifyBackup({ store, database: 'shop', identities, publicKeys: [], jobs: 2, onBytes() {} }, id, recordingContext());

async function changeManifest(store: Store, id: string, change: (manifest: Manifest) => Manifest): Promise<void> {
  const key = manifestKey('shop', id);
  await store.put(key, Buffer.from(JSON.stringify(change(JSON.parse(await text(await store.get(key)))))));
}

describe.each([
  ['a folder', async () => open('found')],
  ['S3', async () => bucket.open('found')],
])('a verification of %s', (_, openStore) => {
  test('finds what rotted, what is missing and what does not belong there, each in its own backup', async () => {
    const store = await openStore();
    const ids: string[] = [];
    for (const days of [1, 2, 3, 4, 5, 6]) ids.push(await writeBackup(store, 'shop', { at: daysAgo(days), drills: ['proven'] }));
    const [intact = '', flipped = '', cut = '', lost = '', foreign = '', malformed = ''] = ids;
    const key = (id: string, name = 'data-00.dump.zst') => partKey('shop', id, name);
    const whole = await buffer(await store.get(key(intact)));
    await store.put(key(flipped), Buffer.from(whole.map((byte, i) => (i === 9 ? byte ^ 4 : byte))));
    await store.put(key(cut), whole.subarray(1));
    await store.delete(key(lost));
    await store.put(key(foreign, 'data-07.dump.zst'), whole);
    await store.put(manifestKey('shop', malformed), Buffer.from('{}'));
    await store.put('shop/20200102T030405Z-abcd/data-00.dump.zst', whole);

    const found = await Promise.all(ids.map((id) => read(store, id)));
    expect(found.map(({ id, verdict, parts, findings }) => [id, verdict, parts, findings.map(({ object }) => object)])).toEqual([
      [intact, 'intact', 3, []],
      [flipped, 'damaged', 2, ['data-00.dump.zst']],
      [cut, 'damaged', 2, ['data-00.dump.zst']],
      [lost, 'damaged', 2, ['data-00.dump.zst']],
      [foreign, 'damaged', 3, ['data-07.dump.zst']],
      [malformed, 'damaged', 0, [MANIFEST_NAME]],
    ]);
    await store.close();
  });
});

describe('the verb verify', () => {
  test('reads every backup of every database, newest first, or those that were asked for', async () => {
    const store = open('all');
    const ids = [await writeBackup(store, 'shop', { at: daysAgo(1) }), await writeBackup(store, 'shop', { at: daysAgo(2) })];
    const blog = await writeBackup(store, 'blog', { at: daysAgo(3) });
    const all = await run(store);
    expect(all).toMatchObject({ ok: true, databases: ['blog', 'shop'], storage: store.url });
    expect(all.backups.map(({ id, verdict }) => [id, verdict])).toEqual([blog, ...ids].map((id) => [id, 'intact']));
    expect(all.bytes).toBe(all.backups.reduce((sum, { bytes }) => sum + bytes, 0));
    expect((await run(store, { database: ['shop'], backup: ids[1] })).backups).toMatchObject([{ id: ids[1], parts: 3 }]);
    expect((await run(store, { database: ['shop'], backup: 'latest' })).backups).toMatchObject([{ id: ids[0] }]);
    expect((await run(open('elsewhere'), { from: `${store.url}/`, database: ['blog'] })).backups).toMatchObject([{ id: blog }]);
    expect(await rejectionOf(run(store, { backup: 'latest' }))).toMatchObject({ code: 'bad-option' });
    expect(await rejectionOf(run(store, { database: ['shpo'] }))).toMatchObject({ code: 'no-backups' });
    expect(await rejectionOf(run(store, { database: ['shop'], backup: '20260101T000000Z-0000' }))).toMatchObject({ code: 'unknown-backup' });
  });

  test('sees through the compression: a part may be stored as the manifest says and hold something else', async () => {
    const store = open('plain');
    const id = await writeBackup(store, 'shop', { at: daysAgo(1) });
    const other = zstdCompressSync(Buffer.from('not what was dumped'));
    await store.put(partKey('shop', id, 'data-00.dump.zst'), other);
    const stored = { bytes: other.length, sha256: createHash('sha256').update(other).digest('hex') };
    await changeManifest(store, id, (manifest) => ({
      ...manifest,
      parts: manifest.parts.map((part) => (part.name === 'data-00.dump.zst' ? { ...part, stored } : part)),
    }));
    expect(await read(store, id)).toMatchObject({ verdict: 'damaged', findings: [{ object: 'data-00.dump.zst' }] });
  });

  test('compares encrypted parts as they are stored without an identity, says so, and looks inside with one', async () => {
    const store = open('sealed');
    const id = await writeBackup(store, 'shop', { at: daysAgo(1) });
    const [key, stranger] = [await newAgeKey(), await newAgeKey()];
    const name = 'data-00.dump.zst.age';
    const { stream, done } = seal(Readable.from([Buffer.from('rows')]), { recipients: [key.recipient] });
    await store.put(partKey('shop', id, name), stream);
    const digests = await done;
    await store.delete(partKey('shop', id, 'data-00.dump.zst'));
    await changeManifest(store, id, (manifest) => ({
      ...manifest,
      recipients: [key.recipient],
      parts: manifest.parts.map((part) => (part.name === 'data-00.dump.zst' ? { ...part, name, ...digests } : part)),
    }));
    expect(await read(store, id, [key.identity])).toMatchObject({ verdict: 'intact', parts: 3, notExamined: [] });
    for (const identities of [[], [stranger.identity]]) {
      const blind = await read(store, id, identities);
      expect(blind).toMatchObject({ verdict: 'intact', parts: 3, notExamined: [{ reason: expect.stringMatching(/encrypted/) }] });
    }
    await store.put(partKey('shop', id, name), Buffer.alloc(digests.stored.bytes));
    for (const identities of [[], [key.identity]]) {
      expect(await read(store, id, identities)).toMatchObject({ verdict: 'damaged', findings: [{ object: name }] });
    }
  });

  test('finds a manifest that none of the public keys has signed', async () => {
    const store = open('unsigned');
    const id = await writeBackup(store, 'shop', { at: daysAgo(1) });
    const found = await run(store, { publicKey: [newSigningKeys().publicPem] });
    expect(found).toMatchObject({ ok: false, backups: [{ id, verdict: 'damaged', parts: 3, findings: [{ object: MANIFEST_NAME }] }] });
  });

  test('is not clean where a manifest is of a newer version, and does not take a pruned backup for a damaged one', async () => {
    const store = open('newer');
    const newer = await writeBackup(store, 'shop', { at: daysAgo(1) });
    await store.put(manifestKey('shop', newer), Buffer.from('{"format":9}'));
    expect(await run(store)).toMatchObject({ ok: false, backups: [{ verdict: 'not-examined', notExamined: [{ object: MANIFEST_NAME }] }] });

    const doomed = await writeBackup(store, 'shop', { at: daysAgo(2) });
    const pruning: Store = {
      ...store,
      async get(key, options) {
        if (key.includes('data-01')) for (const name of [MANIFEST_NAME, 'data-01.dump.zst']) await store.delete(partKey('shop', doomed, name));
        return store.get(key, options);
      },
    };
    expect(await read(pruning, doomed)).toMatchObject({ verdict: 'gone', findings: [] });
  });

  test('tells what it found before the store was gone, and takes the rest for not examined', async () => {
    const proxy = await startProxy(bucket.endpoint);
    const store = await bucket.open('gone');
    const ids = [await writeBackup(store, 'shop', { at: daysAgo(1) }), await writeBackup(store, 'shop', { at: daysAgo(2) })];
    await store.put(partKey('shop', ids[0] ?? '', 'data-00.dump.zst'), Buffer.from('rot'));
    proxy.behave({ kind: 'answer', status: 403, code: 'AccessDenied', times: 1000, only: new RegExp(`^GET .*${ids[1]}/data-00`) });
    const { credentials, region, name } = bucket;
    const environment = { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey };
    const place = ['--storage', `s3://${name}/gone`, '--s3-endpoint', proxy.endpoint, '--s3-region', region];
    const found = await startCli(['verify', '--json', ...place], { folder, environment }).ended;
    expect(found.status).toBe(1);
    expect(onlyJson(found.stdout)).toMatchObject({ ok: false, backups: [{ verdict: 'damaged' }, { verdict: 'not-examined', findings: [] }] });
    await Promise.all([store.close(), proxy.close()]);
  });

  test('on the command line exits with 1 on a finding, and names it', async () => {
    const store = open('cli');
    const good = await writeBackup(store, 'shop', { at: daysAgo(1) });
    await writeFile(join(folder, 'lifeboat.yml'), `storage: ${store.url}\ndatabases: { shop: }\n`);
    const done = await startCli(['verify'], { folder }).ended;
    expect(done).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Intact: 1 backup of shop in .*\n/) });
    await store.put(partKey('shop', good, 'schema.dump.zst'), Buffer.from('rot'));
    const found = await startCli(['verify', '--json'], { folder }).ended;
    expect(found.status).toBe(1);
    expect(onlyJson(found.stdout)).toMatchObject({
      ok: false,
      backups: [{ id: good, verdict: 'damaged', findings: [{ object: 'schema.dump.zst' }] }],
    });
  });
});
