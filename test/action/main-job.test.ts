import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type ActionEnd, expectStatus, runAction } from '../harness/actions.ts';
import { urlOf } from '../harness/cli.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { shopDatabase } from '../harness/shop.ts';

const PASSWORD = 'hunter2+Ä/@:%';
const SPELLINGS = [PASSWORD, encodeURIComponent(PASSWORD), 'hunter2'];
const LOGIN = { user: 'action_main_job', password: PASSWORD };
const HOSTILE = ['|<img src=x>', '::set-output name=x::y', '##[error]boom', 'line\n::error::two', '`code` **bold** @everyone #1'];

const folder = await ownTemporaryFolder();
const storage = `file://${folder}/store`;
let shop: ConnectionTarget;
let url: string;

beforeAll(async () => {
  shop = await shopDatabase();
  await runSql(shop, HOSTILE.map((name) => `CREATE TABLE ${quoted(name)} (id int); INSERT INTO ${quoted(name)} VALUES (1);`).join('\n'));
  await runSql(shop, HOSTILE.map((name) => `CREATE MATERIALIZED VIEW ${quoted(`${name} view`)} AS SELECT 1 AS one;`).join('\n'));
  await runSql(shop, `CREATE ROLE action_main_job LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
  url = urlOf({ ...shop, ...LOGIN });
});

describe('backup, drill and restore', () => {
  let id: string;

  it('backs up: outputs, a summary, and nothing that a table could make of its name', async () => {
    const excluded = [quoted('##[error]boom'), quoted('::set-output name=x::y'), quoted('|<img src=x>')];
    const end = await runAction('backup', {
      folder,
      inputs: { 'database-url': url, storage, 'exclude-table-data': excluded.join('\n'), checksums: 'True', issue: 'false' },
    });
    expectStatus(end, 0);
    id = end.outputs['backup-id'] ?? '';
    expect(id).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{4}$/);
    expect(end.outputs).toEqual({
      'backup-id': id,
      manifest: `${shop.database}/${id}/manifest.json`,
      bytes: expect.stringMatching(/^\d+$/),
      rows: String(300 + 3000 + 500 + 2),
      'snapshot-at': expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      copies: '[]',
    });
    expect(await filesIn(join(folder, 'store'))).toContain(end.outputs['manifest']);

    expect(end.summary).toMatch(/^## Backed up /);
    expect(end.summary).toContain('| Part | Tables | Plain | Stored | Ratio |');
    expect(end.summary).toContain('The rows of 3 tables were left out on purpose');
    expect(end.summary).not.toMatch(/<img|^::|@everyone/m);
    expectOnlyOurCommands(end);
    expect(end.text.join('\n')).toContain('Backing up');
    expect(end.text.join('\n')).toContain(`Backed up ${shop.database}: `);
    expectNoSecret(end);
  });

  it('masks the URL and the password in every form before anything else', async () => {
    const end = await runAction('backup', {
      folder,
      inputs: { 'database-url': url, storage, 'exclude-table': '*', issue: 'false', 'notify-url': 'https://hooks.example.com/T0/secret-path' },
      environment: {
        AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'aws-secret',
        AWS_SESSION_TOKEN: 'aws-session',
        LIFEBOAT_AGE_IDENTITY: 'AGE-KEY-1',
      },
    });
    const lines = end.stdout.split('\n');
    const last = lines.findLastIndex((line) => line.startsWith('::add-mask::'));
    expect(lines.slice(0, last + 1).every((line) => line.startsWith('::add-mask::'))).toBe(true);
    expect(lines[last + 1]).toMatch(/^::stop-commands::[0-9a-f]{32}$/);
    const whole = [url, PASSWORD, encodeURIComponent(PASSWORD), 'https://hooks.example.com/T0/secret-path'];
    expect(end.masks).toEqual(expect.arrayContaining([...whole, 'AKIAEXAMPLE', 'aws-secret', 'aws-session', 'AGE-KEY-1']));
    for (const secret of ['aws-secret', 'aws-session', 'AGE-KEY-1', 'secret-path']) expect(end.everything).not.toContain(secret);
    expectNoSecret(end);
  });

  it('drills it, and shows the trend once there is one', async () => {
    const inputs = {
      storage,
      database: shop.database,
      backup: id,
      rto: '1h',
      assert: 'orders: SELECT count(*) = 3000 FROM shop.orders\n',
      issue: 'false',
    };
    const first = await runAction('drill', { folder, inputs });
    expectStatus(first, 0);
    expect(first.outputs).toEqual({
      ok: 'true',
      proof: expect.stringMatching(new RegExp(`^${shop.database}/${id}/proofs/.*\\.json$`)),
      'rto-seconds': expect.stringMatching(/^\d+(\.\d+)?$/),
      'rpo-seconds': expect.stringMatching(/^\d+$/),
      findings: '0',
    });
    expect(first.summary).toMatch(/^## ✅ Proven: /);
    expect(first.summary).toContain('```mermaid\ngantt');
    expect(first.summary).toContain('| assertions | ✅ pass | 1 |');
    expect(first.summary).toContain('nobody looked at');
    expect(first.summary).not.toContain('proofs\n');
    expect(first.summary).not.toMatch(/<img|^::|@everyone/m);
    expectOnlyOurCommands(first);

    const second = await runAction('drill', { folder, inputs: { ...inputs, rto: '0.001s' } });
    expectStatus(second, 1);
    expect(second.outputs).toMatchObject({ ok: 'false', findings: '0' });
    expect(second.summary).toContain('but a target was missed');
    const trend = second.summary.slice(second.summary.indexOf('### The last 2 proofs'));
    expect(trend.match(/^\| 20.*✅ proven/gm)).toHaveLength(2);
    expect(second.annotations).toEqual([
      {
        name: 'error',
        properties: { title: 'target-missed' },
        data: expect.stringMatching(
          /^Proven, but a target was missed: .*\n.*\nhttps:\/\/github\.com\/lifeboat-home\/pg-lifeboat\/blob\/v1\/runbooks\/drill-failed\.md#decide/,
        ),
      },
    ]);
    await expectNothingLeft([shop], folder);
  });

  it('restores it: first dry, then with the name typed once more', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    const inputs = { storage, database: shop.database, 'target-url': urlOf({ ...target, ...LOGIN }) };
    const dry = await runAction('restore', { folder, inputs: { ...inputs, 'dry-run': 'true' } });
    expectStatus(dry, 0);
    expect(dry.outputs['rows']).toMatch(/^\d+$/);
    expect(dry.summary).toMatch(/^## Dry run: nothing was written to /);
    const refused = await runAction('restore', { folder, inputs });
    expectStatus(refused, 2);
    expect(refused.outputs).toEqual({});
    expect(refused.annotations).toMatchObject([{ name: 'error', properties: { title: 'wrong-confirmation' } }]);
    expect(refused.annotations[0]?.data).not.toContain('--');

    const end = await runAction('restore', {
      folder,
      inputs: { ...inputs, backup: id, confirm: target.database, table: 'shop.customers\nshop.audit' },
    });
    expectStatus(end, 0);
    expect(end.outputs).toEqual({ backup: id, target: `${target.database} on ${target.host}:${target.port}`, rows: '800' });
    expect(end.summary).toMatch(/^## Restored into /);
    expect(await runSql(target, 'SELECT count(*)::int AS n FROM shop.customers')).toEqual([{ n: 300 }]);
    for (const one of [dry, refused, end]) expectNoSecret(one);
  });

  it('fails, tells why and keeps its outputs when a drill finds something', async () => {
    const part = join(folder, 'store', shop.database, id, 'data-00.dump.zst');
    const whole = await readFile(part);
    await rm(part);
    try {
      const end = await runAction('drill', { folder, inputs: { storage, database: shop.database, backup: id, issue: 'false' } });
      expectStatus(end, 1);
      expect(end.outputs).toMatchObject({ ok: 'false', findings: '1' });
      expect(end.summary).toMatch(/^## ❌ Not proven: /);
      expect(end.annotations[0]).toMatchObject({ name: 'error', properties: { title: 'not-proven' } });
      expect(end.annotations[1]).toMatchObject({
        name: 'error',
        properties: { title: 'not-proven: digests' },
        data: expect.stringContaining('data-00.dump.zst'),
      });
      expect(end.annotations.length).toBeLessThanOrEqual(10);
      expectOnlyOurCommands(end);
    } finally {
      await writeFile(part, whole);
    }
  });

  it('has left no secret in any manifest or proof', async () => {
    const files = (await filesIn(join(folder, 'store'))).filter((file) => file.endsWith('.json'));
    expect(files.length).toBeGreaterThanOrEqual(5);
    const texts = await Promise.all(files.map((file) => readFile(join(folder, 'store', file), 'utf8')));
    for (const secret of SPELLINGS) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  });
});

describe('with a store on S3', () => {
  let bucket: TestBucket;
  beforeAll(async () => {
    bucket = await createTestBucket();
    return () => bucket.close();
  });

  it('backs up and drills', async () => {
    // s3rver knows only its own access key, and no secret
    const secretAccessKey = bucket.real ? bucket.credentials.secretAccessKey : 'not-the-real-secret';
    const options = {
      folder,
      environment: { AWS_ACCESS_KEY_ID: bucket.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_REGION: bucket.region },
    };
    const store = { storage: `s3://${bucket.name}/nightly`, 's3-endpoint': bucket.endpoint, issue: 'false' };
    const backup = await runAction('backup', { ...options, inputs: { ...store, 'database-url': url } });
    expectStatus(backup, 0);
    const drill = await runAction('drill', { ...options, inputs: { ...store, database: shop.database } });
    expectStatus(drill, 0);
    expect(drill.outputs['ok']).toBe('true');
    for (const end of [backup, drill]) {
      expectNoSecret(end);
      expect(end.everything).not.toContain(secretAccessKey);
      expect(end.masks).toContain(secretAccessKey);
    }
    if (bucket.real) expect(await bucket.unfinishedUploads()).toEqual([]);
  });
});

function expectOnlyOurCommands(end: ActionEnd): void {
  const names = new Set(end.commands.map(({ name }) => name));
  expect([...names].filter((name) => !['add-mask', 'group', 'endgroup', 'error', 'warning'].includes(name))).toEqual([]);
  expect(end.text.filter((line) => /^\s*(?:::(?!(?:stop-commands::)?[0-9a-f]{32})|##\[)/.test(line))).toEqual([]);
  for (const { data } of end.annotations) expect(data).not.toMatch(/^two$/m);
}

function expectNoSecret(end: ActionEnd): void {
  for (const secret of SPELLINGS) expect(end.everything).not.toContain(secret);
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
