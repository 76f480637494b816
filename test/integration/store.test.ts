import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cancelled } from '../../src/errors.ts';
import type { Store, StoredObject } from '../../src/storage/store.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { notShown } from '../harness/skipped.ts';

const MiB = 1024 * 1024;

interface Subject {
  open(prefix: string): Promise<Store>;
  /** What may not be there after a put that failed, beside objects. */
  debris(): Promise<string[]>;
  close(): Promise<void>;
}

async function fileSubject(): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat store %-'));
  const { openFileStore } = await import('../../src/storage/file.ts');
  return {
    open: async (prefix) => openFileStore(pathToFileURL(join(folder, prefix)).href),
    debris: async () => (await readdir(folder, { recursive: true })).filter((name) => name.includes('.lifeboat-tmp')),
    close: () => rm(folder, { recursive: true }),
  };
}

function s3Subject(bucket: TestBucket): Subject {
  return { open: bucket.open, debris: async () => (bucket.real ? await bucket.unfinishedUploads() : []), close: bucket.close };
}

describe('file store', () => conformance(fileSubject, true));

describe('S3 store', () => {
  conformance(async () => s3Subject(await createTestBucket()), Boolean(process.env['LIFEBOAT_TEST_S3_ENDPOINT']));
  s3Only();
});

async function all(list: AsyncIterable<StoredObject>): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  for await (const object of list) objects.push(object);
  return objects;
}

/**
 * What every store promises (src/storage/store.ts).
 * @param whole false for a server that lacks some of S3: what it cannot show is said, not skipped
 */
function conformance(create: () => Promise<Subject>, whole: boolean) {
  let subject: Subject;
  let store: Store;
  beforeAll(async () => {
    subject = await create();
    store = await subject.open('lifeboat/of tests');
  });
  afterAll(async () => {
    await store.close();
    await subject.close();
  });
  const read = async (key: string) => await buffer(await store.get(key));
  const keys = async (folder: string) => (await all(store.list(folder))).map((object) => object.key).sort();

  test('nothing is listed before the first put', async () => {
    expect(await keys('')).toEqual([]);
    expect(await store.folders('')).toEqual([]);
  });

  test('a stream comes back as it went in', async () => {
    const body = randomBytes(100_000);
    expect(await store.put('round/stream', Readable.from([body.subarray(0, 70_000), body.subarray(70_000)]))).toEqual({ bytes: 100_000 });
    expect((await read('round/stream')).equals(body)).toBe(true);
  });

  test('bytes come back as they went in', async () => {
    expect(await store.put('round/bytes', Buffer.from('{"a":1}'))).toEqual({ bytes: 7 });
    expect((await read('round/bytes')).toString()).toBe('{"a":1}');
  });

  test.each([
    ['stream', () => Readable.from([])],
    ['bytes', () => new Uint8Array()],
  ])('an empty %s is an object', async (kind, body) => {
    expect(await store.put(`empty/${kind}`, body())).toEqual({ bytes: 0 });
    expect(await read(`empty/${kind}`)).toHaveLength(0);
    expect((await store.head(`empty/${kind}`))?.bytes).toBe(0);
  });

  test.each([undefined, 10, 21 * MiB, 900 * MiB])('21 MiB come back when %s bytes were expected', async (expectedBytes) => {
    const chunk = randomBytes(MiB);
    const body = Readable.from(Array.from({ length: 21 }, () => chunk));
    expect(await store.put('large', body, expectedBytes === undefined ? {} : { expectedBytes })).toEqual({ bytes: 21 * MiB });
    const hash = createHash('sha256');
    for await (const piece of await store.get('large')) hash.update(piece);
    const expected = createHash('sha256');
    for (let i = 0; i < 21; i++) expected.update(chunk);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });

  test('a put replaces', async () => {
    await store.put('replaced', Buffer.from('first'));
    await store.put('replaced', Buffer.from('second'));
    expect((await read('replaced')).toString()).toBe('second');
  });

  test.each([
    ['bytes', () => Buffer.from('second')],
    ['a stream', () => Readable.from([Buffer.from('second')])],
    ['many parts', () => Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(MiB)))],
  ])('%s put only if absent leave what is there', async (kind, body) => {
    const key = `once/${kind}`;
    await store.put(key, Buffer.from('first'), { onlyIfAbsent: true });
    await expect(store.put(key, body(), { onlyIfAbsent: true })).rejects.toMatchObject({ code: 'already-exists' });
    expect((await read(key)).toString()).toBe('first');
    expect(await subject.debris()).toEqual([]);
  });

  test('of many puts only if absent at once, one wins', async () => {
    if (!whole) return notShown('S3 store: of several conditional puts at once, one wins', 's3rver ignores If-None-Match', 's3');
    const puts = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => store.put('race', Buffer.from(String(i)), { onlyIfAbsent: true })));
    const won = puts.flatMap((put, i) => (put.status === 'fulfilled' ? [String(i)] : []));
    expect(won).toHaveLength(1);
    expect((await read('race')).toString()).toBe(won[0]);
  });

  test('head tells size and time, or null', async () => {
    await store.put('head/here', Buffer.from('four'));
    const found = await store.head('head/here');
    expect(found).toMatchObject({ key: 'head/here', bytes: 4 });
    expect(Math.abs(Date.now() - Number(found?.modifiedAt))).toBeLessThan(60_000);
    expect(await store.head('head/gone')).toBeNull();
    expect(await store.head('head')).toBeNull();
  });

  test.each(['get/gone', 'head'])('get of %s is object-missing', async (key) => {
    await expect(store.get(key)).rejects.toMatchObject({ code: 'object-missing' });
  });

  test('list and folders see what is below a folder and nothing beside it', async () => {
    for (const key of ['tree/a/1', 'tree/a/b/2', 'tree/a2/3', 'tree/4', 'treehouse/5']) await store.put(key, Buffer.from(key));
    expect(await keys('tree')).toEqual(['tree/4', 'tree/a/1', 'tree/a/b/2', 'tree/a2/3']);
    expect(await keys('tree/a')).toEqual(['tree/a/1', 'tree/a/b/2']);
    expect(await keys('nowhere')).toEqual([]);
    expect(await store.folders('tree')).toEqual(['a', 'a2']);
    expect(await store.folders('')).toContain('treehouse');
    expect(await store.folders('nowhere')).toEqual([]);
    expect((await all(store.list('tree/a')))[0]?.bytes).toBe(8);
  });

  test('a listing longer than a page is whole', async () => {
    if (!whole) return notShown('S3 store: listings of more than one page', 's3rver fails to answer them', 's3');
    const wanted = Array.from({ length: 1_005 }, (_, i) => `pages/${String(i).padStart(4, '0')}/x`);
    const queue = wanted.values();
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (const key of queue) await store.put(key, Buffer.from('x'));
      }),
    );
    expect(await keys('pages')).toEqual(wanted);
    expect(await store.folders('pages')).toHaveLength(1_005);
  });

  test('awkward keys', async () => {
    const awkward = ['%20', 'a b', 'a+b', 'ünï-çødé', "quote'", 'star*', '=&;', '日本', '.hidden', 'back\\slash', '100%'].map(
      (name) => `awkward/${name}/x`,
    );
    for (const key of awkward) await store.put(key, Buffer.from(key));
    for (const key of awkward) expect((await read(key)).toString()).toBe(key);
    if (!whole) return notShown('S3 store: awkward keys in listings', 's3rver lists some of them changed', 's3');
    expect(await keys('awkward')).toEqual(awkward.toSorted());
    expect(await store.folders('awkward')).toEqual(awkward.map((key) => key.split('/')[1]).toSorted());
  });

  test('delete removes the object and the folder it was alone in; again is no error', async () => {
    await store.put('deleted/deep/er', Buffer.from('x'));
    await store.delete('deleted/deep/er');
    await store.delete('deleted/deep/er');
    expect(await store.head('deleted/deep/er')).toBeNull();
    expect(await store.folders('')).not.toContain('deleted');
  });

  test.each([
    ['early', 1_000],
    ['late', 20 * MiB],
  ])('a body that fails %s leaves nothing and keeps its error', async (when, bytes) => {
    const failure = new Error('the body failed');
    const body = Readable.from(
      (async function* () {
        for (let sent = 0; sent < bytes; sent += 1_000_000) yield Buffer.alloc(1_000_000);
        throw failure;
      })(),
    );
    await expect(store.put(`failed/${when}`, body)).rejects.toBe(failure);
    expect(await keys('failed')).toEqual([]);
    expect(await subject.debris()).toEqual([]);
  });

  test.each([
    ['early', 1],
    ['late', 20],
  ])('a put aborted %s leaves nothing, destroys the body and throws the reason', async (when, chunks) => {
    const stop = new AbortController();
    const reason = cancelled('SIGTERM');
    let waits = () => {};
    const waiting = new Promise<void>((resolve) => {
      waits = resolve;
    });
    let sent = 0;
    const body = new Readable({
      read() {
        if (sent++ < chunks) this.push(Buffer.alloc(MiB));
        else waits();
      },
    });
    const put = store.put(`aborted/${when}`, body, { signal: stop.signal });
    void waiting.then(() => stop.abort(reason));
    await expect(put).rejects.toBe(reason);
    expect(body.destroyed).toBe(true);
    expect(await keys('aborted')).toEqual([]);
    expect(await subject.debris()).toEqual([]);
  });

  test('nothing begins under a signal that has aborted', async () => {
    const signal = AbortSignal.abort(cancelled('SIGINT'));
    await store.put('signal', Buffer.from('x'));
    await expect(store.put('signal', Readable.from([Buffer.from('y')]), { signal })).rejects.toBe(signal.reason);
    await expect(store.get('signal', { signal })).rejects.toBe(signal.reason);
    expect((await read('signal')).toString()).toBe('x');
  });

  test('a get can be aborted, or left alone half-read', async () => {
    await store.put('half', Readable.from(Array.from({ length: 12 }, () => Buffer.alloc(MiB))));
    const stop = new AbortController();
    const aborted = await store.get('half', { signal: stop.signal });
    await expect(
      (async () => {
        for await (const _ of aborted) stop.abort(cancelled('SIGINT'));
      })(),
    ).rejects.toMatchObject({ code: 'cancelled' });
    const left = await store.get('half');
    for await (const _ of left) break;
    expect(left.destroyed).toBe(true);
    (await store.get('half')).destroy();
  });

  test('a store with another prefix sees nothing of it', async () => {
    const other = await subject.open('lifeboat/of');
    expect(await other.folders('')).toEqual([]);
    expect(await all(other.list('tests'))).toEqual([]);
    await other.close();
  });

  test.each(['', '/etc/passwd', '../x', 'a/../../x', 'a//b', 'a/', './a', '.lifeboat-tmp/x', 'x'.repeat(300)])(
    'the key %j is refused',
    async (key) => {
      await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject({ code: 'store-failed' });
      await expect(store.get(key)).rejects.toMatchObject({ code: 'store-failed' });
      await expect(store.delete(key)).rejects.toMatchObject({ code: 'store-failed' });
    },
  );
}

function s3Only() {
  let bucket: TestBucket;
  beforeAll(async () => {
    bucket = await createTestBucket();
  });
  afterAll(() => bucket.close());

  const everyVerb = (store: Store) => ({
    put: () => store.put('k', Buffer.from('x')),
    upload: () => store.put('k', Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(MiB)))),
    get: () => store.get('k'),
    list: () => all(store.list('')),
    folders: () => store.folders(''),
  });

  test.each(['put', 'upload', 'get', 'list', 'folders'] as const)('%s in a bucket that is not there is bucket-missing', async (verb) => {
    const store = await bucket.open('p', { bucket: 'lifeboat-no-such-bucket' });
    await expect(everyVerb(store)[verb]()).rejects.toMatchObject({
      code: 'bucket-missing',
      message: expect.stringContaining('lifeboat-no-such-bucket'),
    });
    await store.close();
  });

  test.each(['put', 'upload', 'get', 'list', 'folders'] as const)(
    '%s with a wrong key or secret is store-access-denied and tells neither',
    async (verb) => {
      if (!bucket.real) return notShown(`S3 store: ${verb} with wrong credentials`, 's3rver does not tell codes apart as S3 does', 's3');
      const { accessKeyId } = bucket.credentials;
      for (const credentials of [
        { accessKeyId: 'NOSUCHKEYATALL', secretAccessKey: 'wrong-secret-1234' },
        { accessKeyId, secretAccessKey: 'wrong-secret-1234' },
      ]) {
        const store = await bucket.open('p', { credentials });
        const error = await everyVerb(store)
          [verb]()
          .then(
            () => null,
            (e) => e,
          );
        expect(error).toMatchObject({ code: 'store-access-denied' });
        expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('wrong-secret-1234');
        await store.close();
      }
    },
  );

  test('no server at the endpoint is store-unreachable', async () => {
    const store = await bucket.open('p', { endpoint: 'http://127.0.0.1:1' });
    await expect(store.folders('')).rejects.toMatchObject({ code: 'store-unreachable', message: expect.stringContaining('127.0.0.1:1') });
    await store.close();
  });

  test('an endpoint that is no URL, or holds a password, is bad-option', async () => {
    await expect(bucket.open('p', { endpoint: 'localhost:9000' })).rejects.toMatchObject({ code: 'bad-option' });
    await expect(bucket.open('p', { endpoint: 'http://me:hunter2@host' })).rejects.toMatchObject({
      code: 'bad-option',
      message: expect.not.stringContaining('hunter2'),
    });
  });

  test('a real server was there', () => {
    if (bucket.real) return;
    const why = 'LIFEBOAT_TEST_S3_ENDPOINT names no server, and s3rver stood in';
    notShown('S3 store: that unfinished uploads are given up (s3rver cannot list or abort them)', why, 's3');
    notShown('S3 store: conditional writes', why, 's3');
  });
}
