import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { PutObjectLegalHoldCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { list } from '../../src/catalog/list.ts';
import { copy } from '../../src/copy/copy.ts';
import { manifestKey, partKey } from '../../src/format/layout.ts';
import { copyOptions } from '../../src/options/copy.ts';
import { listOptions } from '../../src/options/list.ts';
import { pruneOptions } from '../../src/options/prune.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { pruneMarkdown } from '../../src/report/markdown/prune.ts';
import { pruneText } from '../../src/report/terminal/prune.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';
import { pruneStore } from '../../src/retention/prune.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { lockFor, lockingStore } from '../../src/storage/lock.ts';
import type { ObjectLock, Store } from '../../src/storage/store.ts';
import { recordingContext, runBackup, temporaryStore } from '../harness/engine.ts';
import { objectsOf, writeBackup } from '../harness/history.ts';
import { startProxy } from '../harness/proxy.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { shopDatabase } from '../harness/shop.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DAY_MS = 86_400_000;
const MiB = 1024 * 1024;
const signal = new AbortController().signal;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);

let plain: TestBucket;
let bucket: TestBucket;
let source: ConnectionTarget;
beforeAll(async () => {
  plain = await createTestBucket();
  bucket = await createTestBucket({ locks: true });
  source = await shopDatabase();
  process.env['AWS_ACCESS_KEY_ID'] = bucket.credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = bucket.credentials.secretAccessKey;
});
afterAll(async () => {
  await plain.close();
  await bucket.close();
});

/** Says so where there is only a server that locks nothing. */
function locksNothing(what: string): boolean {
  if (!bucket.real) notShown(`lock: ${what}`, 's3rver knows no Object Lock', 's3');
  return !bucket.real;
}

const s3 = ({ endpoint, region }: TestBucket) => ({ s3Endpoint: endpoint, s3Region: region });
const versionsIn = async (prefix: string) => (await bucket.versions()).filter(({ key }) => key.startsWith(`${prefix}/`));

describe('an object that is put with a lock', () => {
  const BODIES = [
    ['bytes', 5, () => Buffer.from('bytes')],
    ['a stream of several parts', 21 * MiB, () => Readable.from(Array.from({ length: 21 }, () => randomBytes(MiB)))],
  ] as const;
  test.each(BODIES.flatMap(([name, bytes, body]) => (['governance', 'compliance'] as const).map((mode) => [name, mode, bytes, body] as const)))(
    'as %s in %s mode cannot be deleted, and says until when',
    async (name, mode, bytes, body) => {
      if (locksNothing(`${name} in ${mode} mode`)) return;
      const store = await bucket.open(`put-${mode}-${bytes}`);
      // compliance is for real: nobody can delete it before, not even this test
      const lock: ObjectLock = { until: new Date(Math.ceil(inDays(1).getTime() / 1000) * 1000), mode };
      expect(await store.put('one', body(), { lock, onlyIfAbsent: true })).toEqual({ bytes });
      expect(await store.lockedUntil('one')).toBe(lock.until.toISOString());
      const [version] = await versionsIn(`put-${mode}-${bytes}`);
      if (version === undefined) throw new Error('there is no version');
      await expect(bucket.deleteVersion(version)).rejects.toMatchObject({ name: 'AccessDenied' });
      if (mode === 'compliance') await expect(bucket.deleteVersion(version, true)).rejects.toMatchObject({ name: 'AccessDenied' });
      // the delete that everybody uses only hides it
      await store.delete('one');
      expect(await store.head('one')).toBeNull();
      expect(await versionsIn(`put-${mode}-${bytes}`)).toHaveLength(1);
      await store.close();
    },
  );

  test('is told from one without, in a bucket that locks and in one that does not', async () => {
    if (locksNothing('what a bucket says of itself')) return;
    const [locking, other] = [await bucket.open('ask'), await plain.open('ask')];
    expect(await locking.protection()).toEqual({ locks: true, versions: true });
    expect(await other.protection()).toEqual({ locks: false, versions: false });
    for (const store of [locking, other]) {
      await store.put('free', Buffer.from('free'));
      expect(await store.lockedUntil('free')).toBeNull();
      expect(await store.lockedUntil('gone')).toBeNull();
    }
    const day = { lockDays: 1, lockMode: 'governance' as const };
    expect(await lockFor(locking, { lockMode: 'governance' }, new Date(), signal)).toBeUndefined();
    expect(await lockFor(locking, day, new Date(0), signal)).toEqual({ until: new Date(DAY_MS), mode: 'governance' });
    expect(await rejectionOf(lockFor(other, day, new Date(), signal))).toMatchObject({ code: 'lock-unsupported' });
    expect(await rejectionOf(other.put('x', Buffer.from('x'), { lock: { until: inDays(1), mode: 'governance' } }))).toMatchObject({
      code: expect.stringMatching(/^store-/),
    });
    expect(await other.head('x')).toBeNull();
  });
});

describe('an upload of several parts without a lock of its own', () => {
  test('goes through where the server asks for digests after all, as AWS does when a rule locks everything', async () => {
    if (locksNothing('a rule of the bucket')) return;
    const proxy = await startProxy(bucket.endpoint);
    const store = await bucket.open('by-rule', { endpoint: proxy.endpoint });
    proxy.behave({ kind: 'answer', status: 400, code: 'InvalidRequest', times: 1, only: /^PUT .*partNumber=/ });
    const chunk = randomBytes(MiB);
    await store.put('large', Readable.from(Array.from({ length: 21 }, () => chunk)));
    expect(proxy.tampered).toHaveLength(1);
    expect(await store.head('large')).toMatchObject({ bytes: 21 * MiB });
    proxy.behave({ kind: 'answer', status: 400, code: 'InvalidRequest', times: 10, only: /^PUT .*partNumber=/ });
    expect(await rejectionOf(store.put('never', Readable.from(Array.from({ length: 21 }, () => chunk))))).toMatchObject({ code: 'store-failed' });
    expect(await store.head('never')).toBeNull();
    await store.close();
    await proxy.close();
  });
});

describe('a backup with --lock-days', () => {
  test('locks every object that it writes, the manifest and all parts', async () => {
    if (locksNothing('a whole backup')) return;
    const result = await runBackup(source, `s3://${bucket.name}/night`, { database: 'shop', lockDays: '3', jobs: '2', ...s3(bucket) });
    const until = Date.parse(result.lockedUntil ?? '');
    expect(Math.abs(until - inDays(3).getTime())).toBeLessThan(DAY_MS / 24);
    const store = await bucket.open('night');
    const names = await objectsOf(store, 'shop', result.id);
    expect(names).toEqual(expect.arrayContaining(['manifest.json', 'schema.dump.zst', 'data-00.dump.zst', 'globals.sql.zst']));
    for (const name of names) {
      const key = partKey('shop', result.id, name);
      expect(Math.abs(Date.parse(String(await store.lockedUntil(key))) - until)).toBeLessThan(1000);
    }
    for (const version of await versionsIn('night')) {
      await expect(bucket.deleteVersion(version)).rejects.toMatchObject({ name: 'AccessDenied' });
    }
    await store.close();
  });

  test.each([
    ['a folder', async () => ({ storage: (await temporaryStore()).url, open: null })],
    ['a bucket without Object Lock', async () => ({ storage: `s3://${plain.name}/refused`, open: () => plain.open('refused') })],
  ])('to %s is refused before anything is dumped', async (_, place) => {
    const { storage, open } = await place();
    if (open !== null && locksNothing('that a bucket without it is refused')) return;
    const context = recordingContext();
    const error = await rejectionOf(runBackup(source, storage, { lockDays: '3', ...s3(plain) }, context));
    expect(error).toMatchObject({
      code: 'lock-unsupported',
      message: expect.stringContaining(storage),
      remedy: expect.stringContaining('lock-days'),
    });
    expect(context.lines.join('\n')).not.toMatch(/pg_dump:/);
    const store = open === null ? null : await open();
    if (store !== null) expect(await store.folders('')).toEqual([]);
    await store?.close();
  });

  test('that fails at its manifest hides what it stored, without a word about locks', async () => {
    if (locksNothing('a backup that fails')) return;
    const proxy = await startProxy(bucket.endpoint);
    proxy.behave({ kind: 'answer', status: 403, code: 'AccessDenied', times: 100, only: /^PUT.*manifest\.json/ });
    const context = recordingContext();
    const options = { database: 'shop', lockDays: '1', s3Endpoint: proxy.endpoint, s3Region: bucket.region };
    expect(await rejectionOf(runBackup(source, `s3://${bucket.name}/failed`, options, context))).toMatchObject({ code: 'store-access-denied' });
    expect(context.lines.filter((line) => line.startsWith('warning:'))).toEqual([]);
    await proxy.close();
    const store = await bucket.open('failed');
    expect(await store.folders('')).toEqual([]);
    expect((await versionsIn('failed')).length).toBeGreaterThan(1);
    await store.close();
    const listed = await list(listOptions.parse({ storage: `s3://${bucket.name}/failed`, ...s3(bucket) }), recordingContext());
    expect(listed.backups).toEqual([]);
  });
});

describe('a copy with lock-days', () => {
  const copyTo = (from: string, to: string) => {
    const settings = `s3-endpoint=${bucket.endpoint} s3-region=${bucket.region}`;
    return copy(
      copyOptions.parse({ storage: from, to: [`${to} ${settings} lock-days=2 lock-mode=governance`], database: ['shop'] }),
      recordingContext(),
    );
  };

  test('locks every object in the other store, which has to be able to', async () => {
    if (locksNothing('a copy')) return;
    const { url } = await temporaryStore();
    const from = openFileStore(url);
    const id = await writeBackup(from, 'shop', { at: new Date(Date.now() - 3_600_000).toISOString(), drills: ['proven'] });
    expect(await copyTo(url, `s3://${bucket.name}/copied`)).toMatchObject({ ok: true, copies: [{ backups: [{ id, outcome: 'copied' }] }] });
    const to = await bucket.open('copied');
    const names = await objectsOf(to, 'shop', id);
    expect(names).toEqual(await objectsOf(from, 'shop', id));
    for (const name of names) {
      const until = Date.parse(String(await to.lockedUntil(partKey('shop', id, name))));
      expect(Math.abs(until - inDays(2).getTime())).toBeLessThan(DAY_MS / 24);
    }
    await to.close();

    const refused = await copyTo(url, `s3://${plain.name}/copied`);
    expect(refused).toMatchObject({ ok: false, copies: [{ problem: { code: 'lock-unsupported' } }] });
    const other = await plain.open('copied');
    expect(await other.folders('')).toEqual([]);
    await other.close();
  });
});

describe('prune', () => {
  const prune = (store: Store, now: Date, given: Record<string, unknown> = {}) =>
    pruneStore(store, pruneOptions.parse({ storage: store.url, database: 'shop', apply: true, ...given }), recordingContext(), now);
  const nights = (n: number) => Array.from({ length: n }, (_, i) => new Date(Date.now() - (i * 24 + 1) * 3_600_000).toISOString());

  test('keeps what is locked and says until when, and deletes it once the lock has ended', async () => {
    if (locksNothing('prune')) return;
    const store = await bucket.open('pruned');
    const locked = lockingStore(store, { until: inDays(5), mode: 'governance' });
    const ids: string[] = [];
    for (const [i, at] of nights(6).entries()) ids.push(await writeBackup(i < 4 ? locked : store, 'shop', { at, drills: ['proven'] }));

    const now = await prune(store, new Date(), { keepLast: '1', minKeep: '1' });
    expect(now.decisions.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep', 'keep', 'delete', 'delete']);
    const day = inDays(5).toISOString().slice(0, 10);
    for (const one of now.decisions.slice(1, 4)) {
      expect(one).toMatchObject({ lockedUntil: expect.stringContaining(day), reasons: [{ rule: 'locked', because: expect.stringContaining(day) }] });
    }
    expect(now).toMatchObject({ versions: true, notExamined: [] });
    for (const text of [pruneText(now, PLAIN), pruneMarkdown(now)]) expect(text).toMatch(/lifecycle rule/);
    expect(await store.folders('shop')).toEqual(ids.slice(0, 4).toReversed());

    const later = await prune(store, inDays(6), { keepLast: '1', minKeep: '1' });
    expect(later.decisions.map(({ action }) => action)).toEqual(['keep', 'delete', 'delete', 'delete']);
    expect(await store.folders('shop')).toEqual([ids[0]]);
    await store.close();
  });

  test('keeps a backup under a legal hold', async () => {
    if (locksNothing('a legal hold')) return;
    const store = await bucket.open('held');
    const ids: string[] = [];
    for (const at of nights(3)) ids.push(await writeBackup(store, 'shop', { at, drills: ['proven'] }));
    const client = new S3Client({ endpoint: bucket.endpoint, region: bucket.region, credentials: bucket.credentials, forcePathStyle: true });
    const held = { Bucket: bucket.name, Key: `held/${manifestKey('shop', ids[2] ?? '')}` };
    await client.send(new PutObjectLegalHoldCommand({ ...held, LegalHold: { Status: 'ON' } }));
    const { decisions } = await prune(store, new Date(), { keepLast: '1', minKeep: '1' });
    expect(decisions.map(({ action }) => action)).toEqual(['keep', 'delete', 'keep']);
    expect(decisions[2]).toMatchObject({ lockedUntil: 'legal-hold', reasons: [{ rule: 'locked', because: expect.stringMatching(/legal hold/) }] });
    await client.send(new PutObjectLegalHoldCommand({ ...held, LegalHold: { Status: 'OFF' } }));
    client.destroy();
    await store.close();
  });

  test('leaves the locked parts of an interrupted backup until their lock has ended', async () => {
    if (locksNothing('orphans')) return;
    const store = await bucket.open('orphan');
    const kept = await writeBackup(store, 'shop', { at: nights(1)[0] ?? '' });
    const orphan = '20260102T030405Z-abcd';
    await store.put(partKey('shop', orphan, 'schema.dump.zst'), Buffer.from('free'));
    await store.put(partKey('shop', orphan, 'data-00.dump.zst'), Buffer.from('half'), { lock: { until: inDays(5), mode: 'governance' } });
    const dayLater = await prune(store, inDays(2));
    expect(dayLater.orphans).toMatchObject([{ kind: 'folder', action: 'keep', lockedUntil: expect.stringContaining('T') }]);
    expect(pruneText(dayLater, PLAIN)).toMatch(/keep: locked until/);
    expect(await store.folders('shop')).toEqual([orphan, kept]);
    expect((await prune(store, inDays(6))).orphans).toMatchObject([{ kind: 'folder', action: 'delete' }]);
    expect(await store.folders('shop')).toEqual([kept]);
    await store.close();
  });

  test('decides nothing in a bucket that locks when nobody may ask what is locked', async () => {
    if (locksNothing('locks that may not be read')) return;
    const proxy = await startProxy(bucket.endpoint);
    const store = await bucket.open('hidden', { endpoint: proxy.endpoint });
    const ids: string[] = [];
    for (const at of nights(3)) ids.push(await writeBackup(store, 'shop', { at, drills: ['proven'] }));
    proxy.behave({ kind: 'answer', status: 403, code: 'AccessDenied', times: 100, only: /^GET [^ ]*\?retention/ });
    const error = await rejectionOf(prune(store, new Date(), { keepLast: '1', minKeep: '1' }));
    expect(error).toMatchObject({ code: 'store-access-denied', remedy: expect.stringContaining('s3:GetObjectRetention') });
    expect(await store.folders('shop')).toEqual(ids.toReversed());
    await store.close();
    await proxy.close();
  });

  test('says what it could not ask a bucket that denies to be asked, and prunes', async () => {
    if (locksNothing('a bucket that denies to be asked')) return;
    const proxy = await startProxy(plain.endpoint);
    const store = await plain.open('denied', { endpoint: proxy.endpoint });
    for (const at of nights(3)) await writeBackup(store, 'shop', { at, drills: ['proven'] });
    proxy.behave({ kind: 'answer', status: 403, code: 'AccessDenied', times: 100, only: /^GET [^ ]*\?(?:object-lock|versioning)/ });
    const result = await prune(store, new Date(), { keepLast: '1', minKeep: '1' });
    expect(proxy.tampered).toHaveLength(2);
    expect(result).toMatchObject({ versions: null, notExamined: [{ object: 'locks' }, { object: 'versions' }] });
    expect(await store.folders('shop')).toHaveLength(1);
    const asked = await rejectionOf(lockFor(store, { lockDays: 1, lockMode: 'governance' }, new Date(), signal));
    expect(asked).toMatchObject({ code: 'store-access-denied', remedy: expect.stringContaining('s3:GetBucketObjectLockConfiguration') });
    await store.close();
    await proxy.close();
  });
});
