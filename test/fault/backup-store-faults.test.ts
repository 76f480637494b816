import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { list } from '../../src/catalog/list.ts';
import type { Context } from '../../src/context.ts';
import { listOptions } from '../../src/options/list.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, runRestore } from '../harness/engine.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { type FaultProxy, startProxy } from '../harness/proxy.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { shopDatabase } from '../harness/shop.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';

const run = promisify(execFile);
const { major } = clusterOf();
let temporaries: string;
let source: ConnectionTarget;
let bucket: TestBucket;
let proxy: FaultProxy;
let into: string;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  source = await shopDatabase();
  // large enough for an upload of several parts
  await runSql(
    source,
    'CREATE TABLE shop.bulk AS SELECT i, gen_random_uuid()::text || gen_random_uuid()::text AS noise FROM generate_series(1, 400000) i',
  );
  bucket = await createTestBucket();
  proxy = await startProxy(bucket.endpoint);
  into = (await drillServer()).url;
});
beforeEach(() => proxy.behave({ kind: 'pass' }));
afterAll(async () => {
  await proxy.close();
  await bucket.close();
});

const contextWith = (credentials = bucket.credentials): Context => {
  const context = recordingContext();
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
  return context;
};
const s3 = (over: Record<string, unknown> = {}) => ({ database: 'shop', s3Endpoint: proxy.endpoint, s3Region: bucket.region, ...over });
const backupTo = (prefix: string, over: Record<string, unknown> = {}) => runBackup(source, `s3://${bucket.name}/${prefix}`, s3(over), contextWith());

async function nothingIn(prefix: string): Promise<void> {
  proxy.behave({ kind: 'pass' });
  const store = await bucket.open(prefix);
  const keys: string[] = [];
  for await (const object of store.list('')) keys.push(object.key);
  await store.close();
  expect(keys).toEqual([]);
  if (bucket.real) expect(await bucket.unfinishedUploads()).toEqual([]);
  await expectNothingLeft([source], temporaries);
}

describe('a backup to a bucket', () => {
  test('is proven, restored and listed from there', async () => {
    const backup = await backupTo('good');
    const options = { s3Endpoint: proxy.endpoint, s3Region: bucket.region };
    expect(await runDrill('shop', `s3://${bucket.name}/good`, { ...options, into }, contextWith())).toMatchObject({ ok: true });
    const target = await freshDatabase(major);
    expect(await runRestore('shop', `s3://${bucket.name}/good`, target, options, contextWith())).toMatchObject({ ok: true, rows: backup.rows });
    const named = bucket.real ? {} : { database: 'shop' };
    if (!bucket.real) notShown('list: all databases of a bucket', 's3rver lists no folder that holds nothing but folders', 's3');
    const { backups } = await list(listOptions.parse({ storage: `s3://${bucket.name}/good`, ...options, ...named }), contextWith());
    expect(backups).toMatchObject([{ id: backup.id, state: 'proven' }]);
    await expectNothingLeft([source, target], temporaries);
  });

  test.each([
    ['whose connection breaks in the middle of a part', { kind: 'cut', way: 'up', afterBytes: 2_000_000, times: 1, only: /^PUT.*data-00/ }],
    ['that asks to slow down', { kind: 'answer', status: 503, code: 'SlowDown', times: 2 }],
    ['whose answer to the manifest is lost', { kind: 'cut', way: 'down', afterBytes: 0, times: 1, only: /^PUT.*manifest\.json/ }],
  ] as const)('%s goes through', async (_, behaviour) => {
    const prefix = `through-${behaviour.kind}-${'way' in behaviour ? behaviour.way : ''}`;
    proxy.behave(behaviour);
    const { id } = await backupTo(prefix);
    expect(proxy.tampered.length).toBeGreaterThan(0);
    proxy.behave({ kind: 'pass' });
    const options = { s3Endpoint: proxy.endpoint, s3Region: bucket.region, into };
    expect(await runDrill('shop', `s3://${bucket.name}/${prefix}`, options, contextWith())).toMatchObject({ ok: true, backup: id });
  });

  test.each([
    [
      'breaks again and again',
      { kind: 'cut', way: 'up', afterBytes: 1_000_000, times: 1_000, only: /^PUT.*data-00/ },
      'store-unreachable',
      /data-00/,
    ],
    ['asks to slow down without end', { kind: 'answer', status: 503, code: 'SlowDown', times: 10_000 }, 'store-busy', /lifeboat-/],
    [
      'asks to slow down at the manifest',
      { kind: 'answer', status: 503, code: 'SlowDown', times: 10_000, only: /^PUT.*manifest/ },
      'store-busy',
      /manifest\.json/,
    ],
    ['denies access', { kind: 'answer', status: 403, code: 'AccessDenied', times: 10_000 }, 'store-access-denied', /lifeboat-/],
    ['denies to write', { kind: 'answer', status: 403, code: 'AccessDenied', times: 10_000, only: /^(?:PUT|POST)/ }, 'store-access-denied', /\.zst/],
    ['is in another region', { kind: 'answer', status: 301, code: 'PermanentRedirect', times: 10_000 }, 'store-wrong-region', /lifeboat-/],
  ] as const)('that %s fails, and nothing is left', async (_, behaviour, code, sentence) => {
    proxy.behave(behaviour);
    const error = await rejectionOf(backupTo('faulty'));
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence), remedy: expect.stringMatching(/.{20}/) });
    await nothingIn('faulty');
  });

  test('that is missing is told before any lock is taken', async () => {
    const error = await rejectionOf(runBackup(source, 's3://lifeboat-that-is-not-there/x', s3(), contextWith()));
    expect(error).toMatchObject({ code: 'bucket-missing', message: expect.stringContaining('lifeboat-that-is-not-there') });
    await expectNothingLeft([source], temporaries);
  });

  test('with a wrong key is told', async () => {
    if (!bucket.real) return notShown('backup: access denied by a real server', 's3rver lets everybody in', 's3');
    const wrong = contextWith({ ...bucket.credentials, secretAccessKey: 'a-wrong-secret' });
    const error = await rejectionOf(runBackup(source, `s3://${bucket.name}/x`, s3(), wrong));
    expect(error).toMatchObject({ code: 'store-access-denied' });
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('a-wrong-secret');
    await expectNothingLeft([source], temporaries);
  });

  test('where nothing listens is told', async () => {
    const error = await rejectionOf(backupTo('x', { s3Endpoint: 'http://127.0.0.1:1' }));
    expect(error).toMatchObject({ code: 'store-unreachable', message: expect.stringContaining(bucket.name) });
    await expectNothingLeft([source], temporaries);
  });
});

describe('a drill and a restore from a bucket', () => {
  test('go on where a download broke, and fail when it breaks for good', async () => {
    await backupTo('down');
    const storage = `s3://${bucket.name}/down`;
    const options = { s3Endpoint: proxy.endpoint, s3Region: bucket.region };
    proxy.behave({ kind: 'cut', way: 'down', afterBytes: 3_000_000, times: 2, only: /^GET.*data-00/ });
    expect(await runDrill('shop', storage, { ...options, into }, contextWith())).toMatchObject({ ok: true });
    expect(proxy.tampered).toHaveLength(2);
    proxy.behave({ kind: 'cut', way: 'down', afterBytes: 100_000, times: 10_000, only: /^GET.*data-00/ });
    const target = await freshDatabase(major);
    expect(await rejectionOf(runRestore('shop', storage, target, options, contextWith()))).toMatchObject({ code: 'store-unreachable' });
    expect(await rejectionOf(runDrill('shop', storage, { ...options, into }, contextWith()))).toMatchObject({ code: 'store-unreachable' });
    await expectNothingLeft([source, target], temporaries);
  });
});

test('a disk that fills up under a file store fails the backup, and nothing is left', async () => {
  const folder = await mkdtemp(join(temporaries, 'full-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
  } catch {
    return notShown('backup: disk full', 'only root may mount a small file system');
  }
  try {
    const error = await rejectionOf(runBackup(source, pathToFileURL(folder).href, { database: 'shop' }));
    expect(error).toMatchObject({ code: 'disk-full', message: expect.stringContaining('data-00'), remedy: expect.stringContaining('larger disk') });
    expect(await filesIn(folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  } finally {
    await run('umount', [folder]);
    await rm(folder, { recursive: true, force: true });
  }
});
