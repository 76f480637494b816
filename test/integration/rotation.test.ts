import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { list } from '../../src/catalog/list.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { listOptions } from '../../src/options/list.ts';
import { pruneOptions } from '../../src/options/prune.ts';
import { rotateRecipientsOptions } from '../../src/options/rotate-recipients.ts';
import { verifyOptions } from '../../src/options/verify.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { prune } from '../../src/retention/prune.ts';
import { rotateRecipients } from '../../src/rotation/rotate-recipients.ts';
import { verify } from '../../src/verify/verify.ts';
import { type AgeKey, hasAge, newAgeKey } from '../harness/age.ts';
import { compareDatabases, restoreByHand } from '../harness/compare.ts';
import { clientBindir } from '../harness/corpus-database.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { freshDatabase, majors } from '../harness/postgres.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { shopDatabase } from '../harness/shop.ts';
import { newSigningKeys } from '../harness/signing.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';

const major = Math.max(...majors());

let source: ConnectionTarget;
let into: string;
let key: AgeKey;
let other: AgeKey;
let bucket: TestBucket;
beforeAll(async () => {
  source = await shopDatabase();
  into = (await drillServer()).url;
  [key, other] = [await newAgeKey(), await newAgeKey()];
  bucket = await createTestBucket({ locks: true });
  process.env['AWS_ACCESS_KEY_ID'] = bucket.credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = bucket.credentials.secretAccessKey;
});
afterAll(() => bucket.close());

const rotate = (storage: string, given: Record<string, unknown>) =>
  rotateRecipients(rotateRecipientsOptions.parse({ storage, database: 'shop', ...given }), recordingContext());
const statesIn = async (storage: string) => (await list(listOptions.parse({ storage }), recordingContext())).backups.map(({ state }) => state);

describe('rotate-recipients', () => {
  test('encrypts backups that were not, once it is told to apply it, and their proofs stay valid', async () => {
    const store = await temporaryStore();
    const first = await runBackup(source, store.url, { database: 'shop' });
    await runDrill('shop', store.url, { into });
    const second = await runBackup(source, store.url, { database: 'shop', encryptTo: [other.recipient, key.recipient] });
    const folder = join(store.folder, 'shop', first.id);
    const before = await readdir(folder);

    const dry = await rotate(store.url, { encryptTo: [key.recipient], identity: key.identity });
    expect(dry).toMatchObject({
      applied: false,
      backups: [
        { id: second.id, outcome: 'would-rotate' },
        { id: first.id, outcome: 'would-rotate', from: [] },
      ],
    });
    expect(await readdir(folder)).toEqual(before);

    const done = await rotate(store.url, { encryptTo: [key.recipient], identity: key.identity, apply: true });
    expect(done).toMatchObject({ ok: true, backups: [{ outcome: 'rotated' }, { outcome: 'rotated' }] });
    const names = (await readdir(folder)).filter((name) => name !== 'proofs' && name !== 'manifest.json');
    expect(names.every((name) => /^[a-z0-9-]+\.r[0-9a-f]{4}\.(?:dump|sql)\.zst\.age$/.test(name))).toBe(true);
    expect(names).toHaveLength(first.parts.length);
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
    expect(manifest).toMatchObject({ recipients: [key.recipient], rotations: [{ parts: first.parts.map(({ name }) => name) }] });
    expect(manifest.parts.map(({ plain }) => plain)).toEqual(first.parts.map(({ plain }) => plain));
    expect(await rotate(store.url, { encryptTo: [key.recipient], apply: true })).toMatchObject({
      backups: [{ outcome: 'already' }, { outcome: 'already' }],
    });

    // the proof is of before, and retention trusts it as it did
    expect(await statesIn(store.url)).toEqual(['unproven', 'proven']);
    const kept = await prune(pruneOptions.parse({ storage: store.url, database: 'shop', keepLast: '1' }), recordingContext());
    expect(kept.decisions.find(({ id }) => id === first.id)).toMatchObject({ state: 'proven', action: 'keep' });
    expect(await runDrill('shop', store.url, { into, identity: key.identity, backup: first.id })).toMatchObject({ ok: true });
    expect(await rejectionOf(runDrill('shop', store.url, { into, identity: other.identity }))).toMatchObject({ code: 'identity-wrong' });

    const bindir = await clientBindir(major);
    const restored = await freshDatabase(major);
    await runRestore('shop', store.url, restored, { identity: key.identity, backup: first.id, table: ['shop.orders'] });
    if (!hasAge()) return notShown('a backup that was encrypted anew comes back by stock tools', 'age is not installed', 'age');
    const keyFile = join(store.folder, 'key.txt');
    await writeFile(keyFile, key.identity);
    const byHand = await freshDatabase(major);
    await restoreByHand(folder, byHand, bindir, keyFile);
    expect(await compareDatabases(bindir, source, byHand)).toEqual([]);
  });

  test('keeps names hidden where they were', async () => {
    const store = await temporaryStore();
    const { id } = await runBackup(source, store.url, { database: 'shop', encryptTo: [other.recipient], encryptManifest: true });
    for (const [from, to] of [
      [other, key],
      [key, other],
    ] as const) {
      expect(await rotate(store.url, { encryptTo: [to.recipient], identity: from.identity, apply: true })).toMatchObject({ ok: true });
    }
    const folder = join(store.folder, 'shop', id);
    const text = await readFile(join(folder, 'manifest.json'), 'utf8');
    expect(text).not.toMatch(/customers|orders/);
    const manifest = JSON.parse(text) as Manifest;
    expect(manifest.rotations).toHaveLength(2);
    expect((await readdir(folder)).sort()).toEqual(['manifest.json', ...manifest.parts.map(({ name }) => name)].sort());
    const drill = await runDrill('shop', store.url, { into, identity: other.identity });
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven' } });
    expect(await statesIn(store.url)).toEqual(['proven']);
  });

  test('goes on past backups that it cannot read, and says which', async () => {
    const store = await temporaryStore();
    const lost = await runBackup(source, store.url, { database: 'shop', encryptTo: [(await newAgeKey()).recipient] });
    const readable = await runBackup(source, store.url, { database: 'shop', encryptTo: [other.recipient] });
    const result = await rotate(store.url, { encryptTo: [key.recipient], identity: other.identity, apply: true });
    expect(result.ok).toBe(false);
    expect(Object.fromEntries(result.backups.map(({ id, outcome }) => [id, outcome]))).toEqual({ [lost.id]: 'blocked', [readable.id]: 'rotated' });
    expect(await rejectionOf(rotate(store.url, { backup: 'nowhere', encryptTo: [key.recipient] }))).toMatchObject({ code: 'unknown-backup' });
  });

  test('signs anew what was signed, and never what was not', async () => {
    const store = await temporaryStore();
    const keys = newSigningKeys();
    const signing = { signingKey: keys.privatePem, publicKey: [keys.publicText] };
    const signed = await runBackup(source, store.url, { database: 'shop', encryptTo: [other.recipient], ...signing });
    const given = { encryptTo: [key.recipient], identity: other.identity, apply: true };
    expect(await rejectionOf(rotate(store.url, given))).toMatchObject({
      code: 'signature-missing',
      message: expect.stringContaining('no signing key'),
    });
    expect(await rotate(store.url, { ...given, signingKey: keys.privatePem })).toMatchObject({ ok: true });
    expect(await runDrill('shop', store.url, { into, identity: key.identity, ...signing })).toMatchObject({ ok: true });
    expect((await readdir(join(store.folder, 'shop', signed.id))).filter((name) => name.endsWith('.sig'))).toHaveLength(1);

    const unsigned = await runBackup(source, store.url, { database: 'shop', encryptTo: [other.recipient] });
    // of one second, either may come first
    const outcomes = async (more: object) => {
      const { backups } = await rotate(store.url, { ...given, ...more });
      return Object.fromEntries(backups.map(({ id, outcome, why }) => [id, why ?? outcome]));
    };
    expect(await outcomes(signing)).toEqual({ [unsigned.id]: expect.stringContaining('not signed'), [signed.id]: 'already' });
    expect(await outcomes({ signingKey: keys.privatePem })).toEqual({ [unsigned.id]: 'rotated', [signed.id]: 'already' });
    expect((await readdir(join(store.folder, 'shop', unsigned.id))).some((name) => name.endsWith('.sig'))).toBe(false);
  });

  test('leaves old parts that are locked, says until when, and keeps the new ones as long', async () => {
    if (!bucket.real) return notShown('rotate-recipients leaves locked parts', 's3rver knows no Object Lock', 's3');
    const s3 = { s3Endpoint: bucket.endpoint, s3Region: bucket.region };
    const url = `s3://${bucket.name}/rotation`;
    const backup = await runBackup(source, url, { database: 'shop', encryptTo: [other.recipient], lockDays: '1', ...s3 });
    const given = { encryptTo: [key.recipient], identity: other.identity, lockDays: '2', apply: true, ...s3 };
    const [rotated] = (await rotate(url, given)).backups;
    expect(rotated).toMatchObject({ outcome: 'rotated' });
    expect(rotated?.remaining.map(({ object, lockedUntil }) => [object.split('/').at(-1), (lockedUntil ?? '').slice(0, 10)])).toEqual(
      backup.parts.map(({ name }) => [name, backup.lockedUntil?.slice(0, 10)]),
    );
    const verified = await verify(verifyOptions.parse({ storage: url, identity: key.identity, ...s3 }), recordingContext());
    expect(verified).toMatchObject({ ok: true, backups: [{ verdict: 'intact' }] });
    const again = await rotate(url, given);
    expect(again).toMatchObject({ ok: true, versions: true, backups: [{ outcome: 'already' }] });
    expect(again.backups[0]?.remaining).toHaveLength(backup.parts.length);
  });
});
