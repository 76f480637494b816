import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listBackupIds } from '../../src/catalog/backups.ts';
import { partKey } from '../../src/format/layout.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { expectStatus, runAction } from '../harness/actions.ts';
import { writeBackup } from '../harness/history.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';

let folder: string;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-copy-action-'));
  bucket = await createTestBucket();
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

describe('the action copy', () => {
  it('copies what is missing with a key of its own, which it masks, and names what it could not copy', async () => {
    const store = openFileStore(pathToFileURL(join(folder, 'store')).href);
    const good = await writeBackup(store, 'shop', { at: hoursAgo(5), drills: ['proven'] });
    const { accessKeyId, secretAccessKey } = bucket.credentials;
    const run = () =>
      runAction('copy', {
        folder,
        inputs: {
          storage: store.url,
          database: 'shop',
          to: `s3://${bucket.name}/copies`,
          'to-s3-endpoint': bucket.endpoint,
          'to-s3-region': bucket.region,
          'to-access-key-id': accessKeyId,
          'to-secret-access-key': secretAccessKey,
          issue: 'false',
        },
      });
    const done = await run();
    expectStatus(done, 0);
    expect(done.outputs).toMatchObject({ ok: 'true', copied: '1', failed: '0', bytes: expect.stringMatching(/^[1-9]\d+$/) });
    expect(done.summary).toMatch(/^## Copied the backups\n/);
    expect(done.masks).toEqual(expect.arrayContaining([secretAccessKey]));
    if (secretAccessKey.length > 10) expect(done.everything).not.toContain(secretAccessKey);

    const broken = await writeBackup(store, 'shop', { at: hoursAgo(1) });
    await store.put(partKey('shop', broken, 'data-00.dump.zst'), Buffer.from('rotten'));
    const failed = await run();
    expectStatus(failed, 1);
    expect(failed.outputs).toMatchObject({ ok: 'false', copied: '0', failed: '1' });
    expect(failed.summary).toMatch(/^## ❌ Not everything was copied\n/);
    expect(failed.annotations).toMatchObject([{ name: 'error', data: expect.stringContaining(broken) }]);
    const copies = await bucket.open('copies');
    expect(await listBackupIds(copies, 'shop', new AbortController().signal)).toEqual([good]);
    await copies.close();
  });

  it('masks the key in a variable that only lifeboat.yml names, and says when it is not set', async () => {
    const storage = pathToFileURL(join(folder, 'named')).href;
    await writeBackup(openFileStore(storage), 'shop', { at: hoursAgo(5) });
    const { accessKeyId, secretAccessKey } = bucket.credentials;
    const place = `storage: "s3://${bucket.name}/named", s3-endpoint: "${bucket.endpoint}", s3-region: ${bucket.region}`;
    const yml = `storage: ${storage}\ncopies: [{ ${place}, access-key-id-env: SPARE_ID, secret-access-key-env: SPARE_WORD }]\n`;
    const run = (environment: Record<string, string>) =>
      runAction('copy', { folder, workspace: { 'lifeboat.yml': yml }, inputs: { issue: 'false' }, environment });
    const done = await run({ SPARE_ID: accessKeyId, SPARE_WORD: secretAccessKey });
    expectStatus(done, 0);
    expect(done.masks).toEqual(expect.arrayContaining([accessKeyId, secretAccessKey]));
    const keyless = await run({ SPARE_ID: accessKeyId });
    expectStatus(keyless, 2);
    expect(keyless.annotations).toMatchObject([{ name: 'error', data: expect.stringContaining('SPARE_WORD is not set') }]);
  });
});
