import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DeleteBucketPolicyCommand, PutBucketLifecycleConfigurationCommand, PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listDatabases } from '../../src/catalog/backups.ts';
import { preflightOptions } from '../../src/options/preflight.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import type { PreflightCheck } from '../../src/preflight/judgement.ts';
import { type PreflightResult, preflight } from '../../src/preflight/preflight.ts';
import { PROBE_ROOT } from '../../src/preflight/probe.ts';
import { installAbsent } from '../harness/absent-extension.ts';
import { urlOf as cliUrl, onlyJson, startCli } from '../harness/cli.ts';
import { recordingContext, runBackup, temporaryStore, urlOf } from '../harness/engine.ts';
import { filesIn, ownTemporaryFolder, withTestSession } from '../harness/nothing-left.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { startProxy } from '../harness/proxy.ts';
import { roleIn } from '../harness/roles.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { shopDatabase } from '../harness/shop.ts';
import { notShown } from '../harness/skipped.ts';
import { startStandby } from '../harness/standby.ts';
import { startTransactionPooler } from '../harness/transaction-pooler.ts';
import { eventually } from '../harness/wait.ts';

const MAJOR = Math.max(...majors());
let temporaries: string;
let shop: ConnectionTarget;
let folder: { url: string; folder: string };
let bucket: TestBucket;
let client: S3Client;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  shop = await shopDatabase();
  folder = await temporaryStore();
  bucket = await createTestBucket();
  const { endpoint, region, credentials } = bucket;
  client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
});
afterAll(async () => {
  client?.destroy();
  await bucket?.close();
});

function run(source: ConnectionTarget | string, storage: string, given: Record<string, unknown> = {}, now = new Date()): Promise<PreflightResult> {
  const databaseUrl = typeof source === 'string' ? source : urlOf(source);
  return preflight(preflightOptions.parse({ databaseUrl, storage, ...given }), recordingContext(), now);
}
const inBucket = (prefix: string, name = bucket.name) =>
  [`s3://${name}/${prefix}`, { s3Endpoint: bucket.endpoint, s3Region: bucket.region }] as const;
const checkOf = ({ checks }: PreflightResult, area: PreflightCheck['area'], name: string) => {
  const found = checks.find((check) => check.area === area && check.name === name);
  if (found === undefined) throw new Error(`no check ${area} ${name} among ${checks.map((check) => check.name).join(', ')}`);
  return found;
};
const textOf = ({ says, remarks }: PreflightCheck) =>
  [says, ...remarks.flatMap(({ message, remedy, objects }) => [message, remedy, ...objects])].join(' | ');
/** What is not as it should be, in one area. */
const amiss = ({ checks }: PreflightResult, area: PreflightCheck['area']) =>
  checks.filter((check) => check.area === area && check.verdict !== 'pass').map(({ name, verdict }) => `${name} ${verdict}`);

describe('a preflight of a database and a store that are well', () => {
  test('passes, and leaves nothing in a folder', async () => {
    const result = await run(shop, folder.url, { database: 'shop' });
    expect({ amiss: amiss(result, 'source'), ok: result.ok, provider: result.provider }).toEqual({ amiss: [], ok: true, provider: null });
    // it is the same disk here
    expect(amiss(result, 'store')).toEqual(['another disk warn']);
    expect(await filesIn(folder.folder)).toEqual([]);
    await runBackup(shop, folder.url, { database: 'shop' });
    const measured = await run(shop, folder.url, { database: 'shop' });
    expect(checkOf(measured, 'source', 'duration').says).toContain('by the slowest of the last 1 backup ');
    expect(result.checks).toHaveLength(new Set(result.checks.map(({ area, name }) => `${area} ${name}`)).size);
  });

  test('passes every check of a bucket that is set up for it, and leaves nothing', async () => {
    const [storage, over] = inBucket('well');
    if (!bucket.real) {
      const small = await run(shop, storage, over);
      expect({ ok: small.ok, read: checkOf(small, 'store', 'read').verdict }).toEqual({ ok: true, read: 'pass' });
      // a server that answers another question than was asked has not said that all is well
      const unknown = ['multipart', 'public access', 'object lock', 'lifecycle', 'encryption at rest'];
      expect(unknown.map((name) => [name, checkOf(small, 'store', name).verdict])).toEqual(unknown.map((name) => [name, 'not-run']));
      return notShown('preflight: how a bucket is set up', 'the small S3 server knows none of that');
    }
    const rule = { ID: 'uploads', Status: 'Enabled', Filter: { Prefix: '' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 } } as const;
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket.name, LifecycleConfiguration: { Rules: [rule] } }));
    const result = await run(shop, storage, { ...over, daily: '7' });
    expect({ source: amiss(result, 'source'), store: amiss(result, 'store'), verdict: result.verdict }).toEqual({
      source: [],
      store: [],
      verdict: 'pass',
    });
    const store = await bucket.open('well');
    expect({ folders: await store.folders(''), uploads: await bucket.unfinishedUploads() }).toEqual({ folders: [], uploads: [] });
    await store.close();
  });
});

describe('on the source, a preflight finds', () => {
  test('tables that the role may not read, one by one, and schemas that it may not look into', async () => {
    const role = await roleIn(shop, 'GRANT SELECT ON shop.orders TO $role');
    const result = await run(role, folder.url);
    expect({ ok: result.ok, amiss: amiss(result, 'source') }).toEqual({ ok: false, amiss: ['privileges fail', 'large objects fail'] });
    const { remarks } = checkOf(result, 'source', 'privileges');
    expect(remarks).toMatchObject([{ level: 'fail', remedy: expect.stringContaining(`GRANT pg_read_all_data TO "${role.user}";`) }]);
    expect(remarks[0]?.objects).toEqual(expect.arrayContaining(['shop.audit', 'shop.customers', 'shop.tickets']));
    expect(remarks[0]?.message).toMatch(/schema \(shop\)/);
    expect(textOf(checkOf(result, 'source', 'large objects'))).toContain('2 of 2 large objects');
    // what the remedy says helps
    await runSql(shop, `GRANT pg_read_all_data TO ${role.user}; ALTER ROLE ${role.user} CONNECTION LIMIT 3`);
    const granted = await run(role, folder.url, { schema: ['shop'], jobs: '1' });
    expect(amiss(granted, 'source')).toEqual(['large objects warn', 'connections fail']);
  });

  test('row-level security, unlogged tables, functions that need a search_path, and an extension that scratch lacks', async () => {
    const target = await freshDatabase(MAJOR);
    await runSql(
      target,
      `CREATE TABLE public.rates (year int PRIMARY KEY, rate int); ALTER TABLE public.rates ENABLE ROW LEVEL SECURITY;
       CREATE UNLOGGED TABLE public.cache (id int);
       CREATE FUNCTION public.rate_of(y int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT rate FROM rates WHERE year = y';
       CREATE FUNCTION public.twice(y int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT y * 2';
       CREATE TABLE public.sales (year int, twice int GENERATED ALWAYS AS (public.twice(year)) STORED);
       ALTER TABLE public.sales ADD CONSTRAINT rated CHECK (public.rate_of(year) > 0)`,
    );
    const installed = await installAbsent(target, [{ name: 'lifeboat_elsewhere', schema: 'elsewhere', script: 'CREATE DOMAIN euro AS numeric;' }]);
    const role = await roleIn(target, 'GRANT pg_read_all_data TO $role');
    const result = await run(role, folder.url);
    expect(amiss(result, 'source')).toEqual([
      'row-level security fail',
      ...(installed ? ['extensions warn'] : []),
      'search path warn',
      'unlogged tables warn',
    ]);
    expect(checkOf(result, 'source', 'row-level security').remarks[0]?.objects).toEqual(['public.rates']);
    expect(checkOf(result, 'source', 'search path').remarks[0]?.objects).toEqual([
      'public.rate_of (names rates; used by constraint rated on public.sales)',
    ]);
    expect(textOf(checkOf(result, 'source', 'unlogged tables'))).toContain('public.cache');
    if (!installed) return notShown('preflight: an extension that scratch lacks', 'the extension folder cannot be written');
    expect(textOf(checkOf(result, 'source', 'extensions'))).toContain('--allow-missing-extension lifeboat_elsewhere');
    const allowed = await run(role, folder.url, { allowMissingExtension: ['lifeboat_elsewhere'] });
    expect(checkOf(allowed, 'source', 'extensions').verdict).toBe('pass');
  });

  test('a table that somebody keeps to himself', async () => {
    const target = await shopDatabase();
    await withTestSession(target, async (session) => {
      await session.query('BEGIN; LOCK TABLE shop.orders IN ACCESS EXCLUSIVE MODE');
      const result = await run(target, folder.url);
      expect(amiss(result, 'source')).toEqual(['locks fail']);
      expect(textOf(checkOf(result, 'source', 'locks'))).toMatch(
        new RegExp(`shop\\.orders is locked by process ${session.processId} .*idle in transaction.*pg_terminate_backend\\(${session.processId}\\)`),
      );
      await session.query('ROLLBACK');
    });
    expect(checkOf(await run(target, folder.url), 'source', 'locks').verdict).toBe('pass');
  });

  test('what a standby cannot read, what replay may cancel there, and a slot that nobody uses', async () => {
    const sql = `CREATE TABLE kept (id int); CREATE UNLOGGED TABLE cache (id int); SELECT pg_create_physical_replication_slot('forgotten', true)`;
    const standby = await startStandby(sql, { max_standby_streaming_delay: '10ms', max_prepared_transactions: '2' });
    try {
      const result = await run(standby.target, folder.url);
      expect({ ok: result.ok, amiss: amiss(result, 'source') }).toEqual({ ok: true, amiss: ['unlogged tables warn', 'replication warn'] });
      expect(checkOf(result, 'source', 'unlogged tables').says).toContain('a standby cannot read');
      expect(checkOf(result, 'source', 'replication').remarks.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^max_standby_streaming_delay is 0\.01 s and hot_standby_feedback is off/),
        expect.stringMatching(/^Nobody uses the replication slot forgotten, and it keeps .* without a limit/),
      ]);
    } finally {
      await standby.stop();
    }
  });

  test('a limit of time that is too short, and timeouts of the role that a backup lifts', async () => {
    const role = await roleIn(shop, "GRANT pg_read_all_data TO $role; ALTER ROLE $role SET statement_timeout = '8s'");
    const result = await run(role, folder.url, { schema: ['shop'], timeLimit: '0.01s' });
    expect(checkOf(result, 'source', 'duration')).toMatchObject({ verdict: 'warn', says: expect.stringContaining('assumed') });
    expect(textOf(checkOf(result, 'source', 'timeouts'))).toContain('statement_timeout 8 s');
  });

  test('a pooler that lends one server process to two sessions, whatever the URL says', async () => {
    const pooler = await startTransactionPooler(shop);
    try {
      const result = await run(pooler.target, folder.url);
      expect(checkOf(result, 'source', 'reachability').verdict).toBe('pass');
      expect(checkOf(result, 'source', 'pooler')).toMatchObject({
        verdict: 'fail',
        says: expect.stringContaining('transaction mode'),
        remarks: [{ remedy: expect.stringContaining('pool_mode = session') }],
      });
      expect(checkOf(result, 'source', 'privileges')).toMatchObject({ verdict: 'not-run' });
      // the server processes go on to serve others, who must not find what a preflight sets
      const settings = "SELECT current_setting('search_path') AS path, current_setting('default_transaction_read_only') AS readonly";
      await withTestSession(pooler.target, async (one) => {
        await one.query('BEGIN');
        const lent = [await one.query(settings), await withTestSession(pooler.target, (other) => other.query(settings))];
        expect(lent.flat()).toEqual(Array(2).fill({ path: '"$user", public', readonly: 'off' }));
        await one.query('ROLLBACK');
      });
    } finally {
      await pooler.close();
    }
  });

  test.each([
    [
      'a URL of a pooler in transaction mode',
      () => 'postgres://u:secret@aws-0-eu-west-1.pooler.supabase.com:6543/postgres',
      'pooler',
      /:5432\/postgres/,
    ],
    ['nobody there', () => 'postgres://u:secret@127.0.0.1:1/shop', 'reachability', /127\.0\.0\.1:1/],
    ['a wrong password', () => urlOf({ ...shop, password: 'secret' }), 'reachability', /password/],
  ])('%s, and then examines the store all the same', async (_, url, name, expected) => {
    const result = await run(url(), folder.url);
    expect(textOf(checkOf(result, 'source', name))).toMatch(expected);
    expect(
      result.checks.filter(({ area, verdict }) => area === 'source' && verdict !== 'not-run').map((check) => `${check.name} ${check.verdict}`),
    ).toEqual([`${name} fail`]);
    expect(checkOf(result, 'store', 'read').verdict).toBe('pass');
    expect(checkOf(result, 'store', 'space').verdict).toBe('not-run');
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});

describe('on the store, a preflight finds', () => {
  test('a bucket that is not there', async () => {
    const [storage, over] = inBucket('x', 'lifeboat-there-is-none');
    const result = await run(shop, storage, over);
    const { list, ...others } = Object.fromEntries(result.checks.filter(({ area }) => area === 'store').map(({ name, verdict }) => [name, verdict]));
    expect({ list, others: [...new Set(Object.values(others))] }).toEqual({ list: 'fail', others: ['not-run'] });
    expect(textOf(checkOf(result, 'store', 'list'))).toContain('no such bucket');
  });

  test('credentials that may not write, and a bucket that is open to everybody', async () => {
    if (!bucket.real) return notShown('preflight: policies of a bucket', 'the small S3 server knows none');
    const [storage, over] = inBucket('policies');
    const resource = `arn:aws:s3:::${bucket.name}/*`;
    const policy = (...statements: object[]) =>
      client.send(new PutBucketPolicyCommand({ Bucket: bucket.name, Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }) }));
    try {
      await policy({ Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: resource });
      const denied = await run(shop, storage, over);
      expect(checkOf(denied, 'store', 'write')).toMatchObject({ verdict: 'fail', remarks: [{ remedy: expect.stringContaining('s3:PutObject') }] });
      expect(checkOf(denied, 'store', 'multipart')).toMatchObject({ verdict: 'not-run' });
      expect(checkOf(denied, 'store', 'list').verdict).toBe('pass');

      await policy({ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: resource });
      const open = await run(shop, storage, over);
      expect(checkOf(open, 'store', 'public access')).toMatchObject({ verdict: 'fail', says: expect.any(String) });
      expect(textOf(checkOf(open, 'store', 'public access'))).toContain('lets everybody in');
      expect(open.ok).toBe(false);
    } finally {
      await client.send(new DeleteBucketPolicyCommand({ Bucket: bucket.name }));
    }
  });

  test('that backups are to be locked where nothing locks, and leaves nothing to be seen where something does', async () => {
    if (!bucket.real) return notShown('preflight: object lock', 'the small S3 server knows none');
    const [storage, over] = inBucket('locked');
    expect(checkOf(await run(shop, storage, { ...over, lockDays: '7' }), 'store', 'object lock').verdict).toBe('fail');
    expect(checkOf(await run(shop, folder.url, { lockDays: '7' }), 'store', 'object lock').verdict).toBe('fail');
    const locking = await createTestBucket({ locks: true });
    try {
      const result = await run(shop, `s3://${locking.name}/x`, { ...over, lockDays: '7', daily: '14' });
      expect(amiss(result, 'store')).toEqual(['versioning warn', 'lifecycle warn']);
      const store = await locking.open('x');
      expect(await store.folders('')).toEqual([]);
      await store.close();
    } finally {
      await locking.close();
    }
  });

  test('lifecycle rules that fight the retention', async () => {
    if (!bucket.real) return notShown('preflight: lifecycle rules', 'the small S3 server knows none');
    const rules = [
      { ID: 'tidy', Status: 'Enabled', Filter: { Prefix: 'lived/' }, Expiration: { Days: 14 } },
      { ID: 'frozen', Status: 'Enabled', Filter: { Prefix: 'other/' }, Expiration: { Days: 1 } },
    ] as const;
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: bucket.name, LifecycleConfiguration: { Rules: [...rules] } }));
    const [storage, over] = inBucket('lived');
    const { remarks } = checkOf(await run(shop, storage, { ...over, monthly: '12' }), 'store', 'lifecycle');
    expect(remarks.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'fail: The lifecycle rule tidy deletes objects after 14 days, and the retention keeps backups for 372 days.',
      expect.stringMatching(/^warn: No lifecycle rule aborts unfinished uploads/),
    ]);
  });

  test('a folder that everybody may write to', async () => {
    const path = join(temporaries, 'open');
    await mkdir(path);
    await chmod(path, 0o777);
    const result = await run(shop, pathToFileURL(path).href);
    expect(amiss(result, 'store')).toEqual(['permissions fail', 'another disk warn']);
    expect(textOf(checkOf(result, 'store', 'permissions'))).toContain(`chmod go-w '${path}'`);
  });

  test('what a killed one left, and removes it, but not what one that is under way has there', async () => {
    const proxy = await startProxy(bucket.endpoint);
    proxy.behave({ kind: 'hang', only: /large/ });
    const args = ['preflight', '--database-url', cliUrl(shop), '--storage', `s3://${bucket.name}/killed`, '--s3-endpoint', proxy.endpoint];
    const { accessKeyId, secretAccessKey } = bucket.credentials;
    const environment = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: bucket.region };
    const store = await bucket.open('killed');
    const left = async () => {
      let objects = 0;
      for await (const _ of store.list(PROBE_ROOT)) objects += 1;
      return objects;
    };
    try {
      const killed = startCli(args, { folder: temporaries, environment });
      await eventually(async () => proxy.tampered.length > 0);
      killed.child.kill('SIGKILL');
      await killed.ended;
      const objects = await left();
      expect(objects).toBeGreaterThan(0);
      expect(await listDatabases(store, new AbortController().signal)).toEqual([]);

      const [storage, over] = inBucket('killed');
      expect(checkOf(await run(shop, storage, over), 'store', 'list').says).toBe('The store can be listed.');
      expect(await left()).toBe(objects);

      const later = await run(shop, storage, over, new Date(Date.now() + 2 * 3_600_000));
      expect(checkOf(later, 'store', 'list').says).toMatch(/leftovers? of a preflight that was killed (?:is|are) gone/);
      expect(await left()).toBe(0);

      // told to stop, it tidies up by itself
      const before = proxy.tampered.length;
      const stopped = startCli([...args, '--json'], { folder: temporaries, environment });
      await eventually(async () => proxy.tampered.length > before);
      stopped.child.kill('SIGTERM');
      const { status, stdout } = await stopped.ended;
      expect({ status, answer: onlyJson(stdout) }).toMatchObject({ status: 143, answer: { ok: false, error: { code: 'cancelled' } } });
      expect(await left()).toBe(0);
    } finally {
      await store.close();
      await proxy.close();
    }
  });
});

describe('lifeboat preflight', () => {
  test('exits with 1 when something fails and 0 with warnings, and prints all of it as JSON', async () => {
    const role = await roleIn(shop, '');
    const cli = (source: ConnectionTarget, ...rest: string[]) =>
      startCli(['preflight', '--database-url', cliUrl(source), '--storage', folder.url, ...rest], { folder: temporaries }).ended;
    const [bad, good] = await Promise.all([cli(role, '--json'), cli(shop)]);
    expect(onlyJson(bad.stdout)).toMatchObject({ ok: false, verdict: 'fail', checks: expect.any(Array) });
    expect({ bad: bad.status, good: good.status }).toEqual({ bad: 1, good: 0 });
    expect(good.stdout).toMatch(/^Preflight of t_\w+: nothing failed; 1 warning, .*\n\nWHERE +CHECK +VERDICT +WHAT\nsource +reachability +pass/);
    expect(good.stdout).toMatch(/\nWarnings:\n {2}store, another disk: /);
  });
});
