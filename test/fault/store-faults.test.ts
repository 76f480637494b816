import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cancelled } from '../../src/errors.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { type FaultProxy, startProxy } from '../harness/proxy.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { notShown } from '../harness/skipped.ts';

const MiB = 1024 * 1024;
const run = promisify(execFile);

const keysOf = async (store: Store) => {
  const keys: string[] = [];
  for await (const object of store.list('')) keys.push(object.key);
  return keys;
};
const zeros = (mebibytes: number) => Readable.from(Array.from({ length: mebibytes }, () => Buffer.alloc(MiB)));

describe('S3 store', () => {
  let bucket: TestBucket;
  let proxy: FaultProxy;
  /** Through the proxy. */
  let store: Store;
  /** Past it. */
  let direct: Store;
  beforeAll(async () => {
    bucket = await createTestBucket();
    proxy = await startProxy(bucket.endpoint);
  });
  beforeEach(async () => {
    proxy.behave({ kind: 'pass' });
    store = await bucket.open('faults', { endpoint: proxy.endpoint });
    direct = await bucket.open('faults');
  });
  afterEach(async () => {
    for (const key of await keysOf(direct)) await direct.delete(key);
    await store.close();
    await direct.close();
  });
  afterAll(async () => {
    await proxy.close();
    await bucket.close();
  });
  const nothingRemains = async () => {
    expect(await keysOf(direct)).toEqual([]);
    if (bucket.real) expect(await bucket.unfinishedUploads()).toEqual([]);
  };

  describe('download', () => {
    const body = randomBytes(9 * MiB);
    beforeEach(async () => {
      await direct.put('part', body);
    });

    test.each([0, 1, 100_000, 5 * MiB])('cut once after %s bytes goes on where it broke', async (afterBytes) => {
      proxy.behave({ kind: 'cut', way: 'down', afterBytes, times: 1, only: /^GET/ });
      expect((await buffer(await store.get('part'))).equals(body)).toBe(true);
      expect(proxy.tampered).toHaveLength(1);
    });

    test('cut again and again with progress in between is whole in the end', async () => {
      proxy.behave({ kind: 'cut', way: 'down', afterBytes: 1.5 * MiB, times: 100, only: /^GET/ });
      expect((await buffer(await store.get('part'))).equals(body)).toBe(true);
      expect(proxy.tampered.length).toBeGreaterThan(5);
    });

    test('cut without end is an error of the stream, never an early end', async () => {
      proxy.behave({ kind: 'cut', way: 'down', afterBytes: 100_000, times: 1_000, only: /^GET/ });
      await expect(buffer(await store.get('part'))).rejects.toMatchObject({ code: 'store-unreachable' });
    });

    test('an object replaced meanwhile is not stitched together', async () => {
      proxy.behave({ kind: 'cut', way: 'down', afterBytes: 2 * MiB, times: 1, only: /^GET/ });
      const stream = await store.get('part');
      const reading = (async () => {
        let first = true;
        for await (const _ of stream) {
          if (first) await direct.put('part', randomBytes(9 * MiB));
          first = false;
        }
      })();
      await expect(reading).rejects.toMatchObject({ code: 'store-failed', message: expect.stringContaining('replaced') });
    });
  });

  describe('upload', () => {
    test.each([
      ['of one request', 'up', 1 * MiB, 500_000, /^PUT/],
      ['of many parts', 'up', 20 * MiB, 3 * MiB, /^PUT.*partNumber=2/],
      ['whose creation went unanswered', 'down', 20 * MiB, 0, /^POST.*uploads/],
    ] as const)('%s, cut once, is made again', async (_, way, bytes, afterBytes, only) => {
      const body = randomBytes(bytes);
      proxy.behave({ kind: 'cut', way, afterBytes, times: 1, only });
      expect(await store.put('part', Readable.from([body]))).toEqual({ bytes });
      expect(proxy.tampered).toHaveLength(1);
      expect((await buffer(await direct.get('part'))).equals(body)).toBe(true);
      if (bucket.real) expect(await bucket.unfinishedUploads()).toEqual([]);
    });

    test.each([
      ['one request', 1, /^PUT/],
      ['a completion', 20, /^POST.*uploadId/],
    ])('%s that landed, though its answer was lost, is a success', async (_, mebibytes, only) => {
      // what goes down first is the leave to send the body, where it was asked for
      proxy.behave({ kind: 'cut', way: 'down', afterBytes: 60, times: 1, only });
      expect(await store.put('once', zeros(mebibytes), { onlyIfAbsent: true })).toEqual({ bytes: mebibytes * MiB });
      expect(proxy.tampered).toHaveLength(1);
      expect((await direct.head('once'))?.bytes).toBe(mebibytes * MiB);
    });

    test('a part that cannot be sent gives the whole upload up', async () => {
      proxy.behave({ kind: 'cut', way: 'up', afterBytes: 100_000, times: 1_000, only: /^PUT.*partNumber=2/ });
      let given = 0;
      const body = new Readable({
        read() {
          given += MiB;
          this.push(given > 40 * MiB ? null : Buffer.alloc(MiB));
        },
      });
      await expect(store.put('part', body)).rejects.toMatchObject({ code: 'store-unreachable' });
      expect(body.destroyed).toBe(true);
      await nothingRemains();
    });

    test('a completion that is refused gives the whole upload up', async () => {
      proxy.behave({ kind: 'answer', status: 400, code: 'InvalidPart', times: 1_000, only: /^POST.*uploadId/ });
      await expect(store.put('part', zeros(20))).rejects.toMatchObject({ code: 'store-failed', details: { s3: 'InvalidPart' } });
      await nothingRemains();
    });

    test('an upload that cannot be given up is told of', async () => {
      if (!bucket.real) return notShown('S3 store: the remedy names an upload that could not be given up', 's3rver has no uploads to give up', 's3');
      proxy.behave({ kind: 'answer', status: 403, code: 'AccessDenied', times: 1_000, only: /^(PUT.*partNumber|DELETE)/ });
      const error = expect.objectContaining({ code: 'store-access-denied', remedy: expect.stringContaining('unfinished upload') });
      await expect(store.put('part', zeros(20))).rejects.toEqual(error);
      expect(await bucket.unfinishedUploads()).toEqual(['faults/part']);
      await bucket.giveUpUploads();
    });

    test.each([
      ['while one request hangs', /^PUT/, 1],
      ['while the creation hangs', /^POST.*uploads/, 20],
      ['while a part hangs', /^PUT.*partNumber=2/, 20],
      ['while the completion hangs', /^POST.*uploadId/, 20],
    ])('an abort %s leaves nothing', async (_, only, mebibytes) => {
      const stop = new AbortController();
      proxy.behave({ kind: 'hang', only });
      const put = store.put('part', zeros(mebibytes), { signal: stop.signal });
      const check = setInterval(() => proxy.tampered.length > 0 && stop.abort(cancelled('SIGTERM')), 10);
      await expect(put).rejects.toMatchObject({ code: 'cancelled' });
      clearInterval(check);
      proxy.behave({ kind: 'pass' });
      await nothingRemains();
    });

    test('an abort while the body waits gives the upload up', async () => {
      const stop = new AbortController();
      let sent = 0;
      const body = new Readable({
        read() {
          if (sent++ < 20) this.push(Buffer.alloc(MiB));
          else stop.abort(cancelled('SIGINT'));
        },
      });
      await expect(store.put('part', body, { signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
      await nothingRemains();
    });
  });

  describe('the server', () => {
    test('asking twice to slow down is obeyed', async () => {
      proxy.behave({ kind: 'answer', status: 503, code: 'SlowDown', times: 2 });
      await store.put('slow', Buffer.from('x'));
      expect(proxy.tampered).toHaveLength(2);
      expect(await keysOf(direct)).toEqual(['slow']);
    });

    test('asking for ever to slow down is store-busy', async () => {
      proxy.behave({ kind: 'answer', status: 503, code: 'SlowDown', times: 1_000 });
      await expect(store.folders('')).rejects.toMatchObject({ code: 'store-busy', details: { s3: 'SlowDown', attempts: 5 } });
    });

    test.each([
      [301, 'PermanentRedirect', 'store-wrong-region'],
      [400, 'AuthorizationHeaderMalformed', 'store-wrong-region'],
      [403, 'AccessDenied', 'store-access-denied'],
      [400, 'ExpiredToken', 'store-access-denied'],
      [403, 'RequestTimeTooSkewed', 'store-access-denied'],
      [404, 'NoSuchBucket', 'bucket-missing'],
      [418, 'Teapot', 'store-failed'],
    ])('answering %s %s is %s', async (status, code, expected) => {
      proxy.behave({ kind: 'answer', status, code, times: 1_000 });
      await expect(store.folders('')).rejects.toMatchObject({ code: expected, message: expect.stringContaining(bucket.name) });
      await expect(store.put('part', zeros(20))).rejects.toMatchObject({ code: expected, message: expect.stringContaining('part') });
      proxy.behave({ kind: 'pass' });
      await nothingRemains();
    });

    test('that is gone is store-unreachable', async () => {
      const gone = await startProxy(bucket.endpoint);
      await gone.close();
      const there = await bucket.open('faults', { endpoint: gone.endpoint });
      await expect(there.put('part', Buffer.from('x'))).rejects.toMatchObject({ code: 'store-unreachable' });
      await there.close();
    });

    test('hanging does not keep an abort waiting', async () => {
      const stop = new AbortController();
      proxy.behave({ kind: 'hang' });
      const asked = [store.folders('', { signal: stop.signal }), store.get('x', { signal: stop.signal }), store.head('x', { signal: stop.signal })];
      stop.abort(cancelled('SIGINT'));
      for (const one of await Promise.allSettled(asked)) expect(one).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
    });
  });
});

describe('file store', () => {
  let folder: string;
  let mounted = false;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-faults-'));
  });
  afterEach(async () => {
    if (mounted) await run('umount', [folder]);
    mounted = false;
    await rm(folder, { recursive: true, force: true });
  });
  const open = () => openFileStore(pathToFileURL(folder).href);
  const mount = async (...options: string[]) => {
    await run('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', folder]).then(
      () => {
        mounted = true;
      },
      () => {},
    );
    return mounted;
  };

  test('a full disk is disk-full, and what was begun is gone', async () => {
    if (!(await mount('size=2m'))) return notShown('file store: disk full', 'only root may mount a small file system');
    const store = open();
    await store.put('small', Buffer.alloc(1_000));
    await expect(store.put('large', zeros(5))).rejects.toMatchObject({ code: 'disk-full' });
    expect(await readdir(folder)).toEqual(['small']);
    await store.put('again', zeros(1));
  });

  test('a read-only file system is store-access-denied', async () => {
    if (!(await mount('size=2m,ro'))) return notShown('file store: read-only file system', 'only root may mount one');
    await expect(open().put('x', Buffer.from('x'))).rejects.toMatchObject({ code: 'store-access-denied' });
  });

  test.runIf(process.platform === 'linux')('a store where no folder can be made is store-failed, and does not try for ever', async () => {
    await expect(openFileStore('file:///proc/nothing').put('db/a', Buffer.from('x'))).rejects.toMatchObject({ code: 'store-failed' });
  });

  test('a store below a file is store-failed', async () => {
    await open().put('file', Buffer.from('x'));
    const below = openFileStore(pathToFileURL(join(folder, 'file')).href);
    await expect(below.put('x', Buffer.from('x'))).rejects.toMatchObject({ code: 'store-failed' });
    await expect(below.get('x')).rejects.toMatchObject({ code: expect.stringMatching(/store-failed|object-missing/) });
  });

  test('SIGKILL in the middle of a put leaves nothing that is listed; a put a day later removes it', async () => {
    const script = join(import.meta.dirname, '../harness/endless-put.ts');
    const child = spawn(process.execPath, [script, pathToFileURL(folder).href, 'db/id/part'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exit = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    expect(await exit).toBe('SIGKILL');

    const store = open();
    expect(await keysOf(store)).toEqual([]);
    expect(await store.folders('')).toEqual([]);
    expect(await store.head('db/id/part')).toBeNull();

    const temporaries = join(folder, '.lifeboat-tmp');
    const [left = ''] = await readdir(temporaries);
    await store.put('db/other', Buffer.from('x'));
    expect(await readdir(temporaries)).toEqual([left]);
    const longAgo = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(temporaries, left), longAgo, longAgo);
    await store.put('db/later', Buffer.from('x'));
    expect(await readdir(folder)).toEqual(['db']);
  });

  test('folders that hold no object are not listed', async () => {
    await mkdir(join(folder, 'db', '20260101T000000Z-0000'), { recursive: true });
    expect(await open().folders('')).toEqual([]);
    expect(await open().folders('db')).toEqual([]);
  });
});
