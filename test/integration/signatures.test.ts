import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { list, show } from '../../src/catalog/list.ts';
import { backupFolder, manifestKey, partKey } from '../../src/format/layout.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { indexes } from '../../src/indexes/indexes.ts';
import { reindex } from '../../src/indexes/repair/reindex.ts';
import { indexesOptions } from '../../src/options/indexes.ts';
import { listOptions, showOptions } from '../../src/options/list.ts';
import { pruneOptions } from '../../src/options/prune.ts';
import { reindexOptions } from '../../src/options/reindex.ts';
import { verifyOptions } from '../../src/options/verify.ts';
import { watchOptions } from '../../src/options/watch.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { coverageLines } from '../../src/report/indexes/coverage.ts';
import { showText } from '../../src/report/terminal/show.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';
import { pruneStore } from '../../src/retention/prune.ts';
import { signatureOf } from '../../src/signing/signature.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { verify } from '../../src/verify/verify.ts';
import { watch } from '../../src/watch/watch.ts';
import { startCli, urlOf } from '../harness/cli.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, runRestore } from '../harness/engine.ts';
import { objectsOf, writeBackup } from '../harness/history.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { startProxy } from '../harness/proxy.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { shopDatabase } from '../harness/shop.ts';
import { newSigningKeys } from '../harness/signing.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';

const run = promisify(execFile);
const ours = newSigningKeys();
const theirs = newSigningKeys();
const SIGNATURE = /^manifest-[0-9a-f]{16}\.sig$/;
const trusting = { publicKey: [ours.publicPem] };

let folder: string;
let bucket: TestBucket;
let source: ConnectionTarget;
let into: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-signatures-'));
  bucket = await createTestBucket();
  source = await shopDatabase();
  into = (await drillServer()).url;
  process.env['AWS_ACCESS_KEY_ID'] = bucket.credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = bucket.credentials.secretAccessKey;
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

async function copyFolder(store: Store, from: string, to: string): Promise<void> {
  for await (const { key } of store.list(from)) await store.put(to + key.slice(from.length), await buffer(await store.get(key)));
}

async function change(store: Store, key: string, edit: (manifest: Manifest) => void): Promise<Buffer> {
  const manifest = JSON.parse(await text(await store.get(key))) as Manifest;
  edit(manifest);
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  await store.put(key, bytes);
  return bytes;
}

describe.each([
  [
    'a file store',
    async () => ({ url: pathToFileURL(join(folder, 'store')).href, open: async () => openFileStore(pathToFileURL(join(folder, 'store')).href) }),
  ],
  ['an S3 store', async () => ({ url: `s3://${bucket.name}/signed`, open: () => bucket.open('signed') })],
])('a signed backup in %s', (_, place) => {
  let url: string;
  let store: Store;
  let id: string;
  const s3 = () => (url.startsWith('s3:') ? { s3Endpoint: bucket.endpoint, s3Region: bucket.region } : {});
  beforeAll(async () => {
    const { url: at, open } = await place();
    url = at;
    store = await open();
    const result = await runBackup(source, url, { database: 'shop', signingKey: ours.privatePem, ...trusting, ...s3() });
    expect(result).toMatchObject({ signed: true, lockedUntil: null });
    id = result.id;
  });
  afterAll(() => store.close());

  const refused = async (database: string, given: Record<string, unknown> = trusting) => {
    const target = await freshDatabase(clusterOf().major);
    const options = { ...s3(), ...given };
    const before = await objectsOf(store, database, id);
    const errors = [
      await rejectionOf(runDrill(database, url, { ...options, into })),
      await rejectionOf(runRestore(database, url, target, options)),
      await rejectionOf(runRestore(database, url, target, { ...options, dryRun: true })),
    ];
    // before anything else happens
    expect(await runSql(target, "SELECT nspname FROM pg_namespace WHERE nspname = 'shop'")).toEqual([]);
    expect(await objectsOf(store, database, id)).toEqual(before);
    const shown = await show(showOptions.parse({ storage: url, database, ...options }), recordingContext());
    expect(shown).toMatchObject({ state: 'untrusted', distrust: errors[0]?.message, proofs: [] });
    expect(showText(shown, PLAIN, new Date())).toMatch(/state +untrusted: /);
    const { backups } = await list(listOptions.parse({ storage: url, database, ...s3(), ...given }), recordingContext());
    expect(backups).toMatchObject([{ id, state: 'untrusted', error: errors[0]?.message }]);
    return errors.map(({ code, message }) => `${code}: ${message}`);
  };

  test('is checked by openssl alone', async () => {
    const name = (await objectsOf(store, 'shop', id)).find((one) => SIGNATURE.test(one)) ?? '';
    const manifest = await buffer(await store.get(manifestKey('shop', id)));
    expect(name).toBe(`manifest-${createHash('sha256').update(manifest).digest('hex').slice(0, 16)}.sig`);
    const here = await mkdtemp(join(folder, 'openssl-'));
    await writeFile(join(here, 'key.pub'), ours.publicPem);
    await writeFile(join(here, 'other.pub'), theirs.publicPem);
    await writeFile(join(here, 'manifest.json'), manifest);
    await writeFile(join(here, 'altered.json'), Buffer.concat([manifest, Buffer.from(' ')]));
    await writeFile(join(here, 'sig'), await buffer(await store.get(partKey('shop', id, name))));
    const verify = (key: string, file: string) =>
      run('openssl', ['pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin', '-in', file, '-sigfile', 'sig'], { cwd: here });
    expect((await verify('key.pub', 'manifest.json')).stdout).toMatch(/Verified Successfully/i);
    await expect(verify('other.pub', 'manifest.json')).rejects.toMatchObject({ code: 1 });
    await expect(verify('key.pub', 'altered.json')).rejects.toMatchObject({ code: 1 });
  });

  test('is drilled and restored by whoever has the public key, and its signed proof counts', async () => {
    const drill = await runDrill('shop', url, { into, signingKey: ours.privateText, publicKey: [theirs.publicText, ours.publicText], ...s3() });
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven' } });
    expect(await objectsOf(store, 'shop', id)).toContain(`${drill.proofKey.slice(backupFolder('shop', id).length + 1)}.sig`);
    // a second, unsigned, counts only where nobody asks for signatures
    const context = recordingContext();
    await runDrill('shop', url, { into, ...trusting, ...s3() }, context);
    expect(context.lines.filter((line) => line.startsWith('warning:'))).toEqual([expect.stringContaining('will count for nothing')]);
    const proofsFor = async (given: object) =>
      (await show(showOptions.parse({ storage: url, database: 'shop', ...s3(), ...given }), recordingContext())).proofs;
    expect(await proofsFor({})).toHaveLength(2);
    expect(await proofsFor(trusting)).toEqual([drill.proof]);
    const target = await freshDatabase(clusterOf().major);
    expect(await runRestore('shop', url, target, { ...trusting, ...s3() })).toMatchObject({ ok: true, rows: drill.proof.rows });
    const { backups } = await list(listOptions.parse({ storage: url, database: 'shop', ...trusting, ...s3() }), recordingContext());
    expect(backups).toMatchObject([{ id, state: 'proven' }]);
  });

  test('measures bloat only where both it and its proof are signed', async () => {
    await runSql(source, 'ANALYZE');
    const given = { databaseUrl: urlOf(source), storage: url, database: 'shop', ...s3() };
    const report = (more: object = {}) => indexes(indexesOptions.parse({ ...given, ...more }), recordingContext());
    expect(await report(trusting)).toMatchObject({ measuredBy: { backup: id } });
    const untrusted = await report({ publicKey: [theirs.publicText] });
    expect(untrusted.measuredBy).toBeNull();
    expect(coverageLines(untrusted.report).join('\n')).toMatch(/None of the public keys has signed what drills have measured/);
    const [index = ''] = untrusted.report.indexes.filter(({ access }) => access === 'btree').map(({ schema, name }) => `${schema}.${name}`);
    const plan = async (publicKey: string) =>
      (await reindex(reindexOptions.parse({ ...given, index: [index], publicKey: [publicKey] }), recordingContext())).indexes;
    expect(await plan(ours.publicText)).toMatchObject([{ method: 'measured' }]);
    expect(await plan(theirs.publicText)).toMatchObject([{ method: 'estimated' }]);
  });

  test('is refused for another public key', async () => {
    for (const said of await refused('shop', { publicKey: [theirs.publicText] }))
      expect(said).toMatch(/^signature-wrong: .*by none of the public keys/);
  });

  test('is refused when it was moved to another database or another id', async () => {
    await copyFolder(store, backupFolder('shop', id), backupFolder('crm', id));
    for (const said of await refused('crm')) expect(said).toMatch(/^signature-wrong: .*signed as backup \S+ of shop, and was moved here/);
    const other = `${id.slice(0, -4)}${id.endsWith('0000') ? '1111' : '0000'}`;
    await copyFolder(store, backupFolder('shop', id), backupFolder('shop', other));
    const found = await rejectionOf(runDrill('shop', url, { into, backup: other, ...trusting, ...s3() }));
    expect(found).toMatchObject({ code: 'signature-wrong', message: expect.stringContaining(`signed as backup ${id} of shop`) });
    for await (const { key } of store.list(backupFolder('shop', other))) await store.delete(key);
  });

  test('is refused when its manifest was altered, and when its signature is gone or damaged', async () => {
    await copyFolder(store, backupFolder('shop', id), backupFolder('blog', id));
    const manifest = manifestKey('blog', id);
    const bytes = await change(store, manifest, (one) => {
      (one.tables[0] as { rows: number }).rows += 1;
    });
    for (const said of await refused('blog')) expect(said).toMatch(/^signature-wrong: .*changed after it was signed/);
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    await store.put(partKey('blog', id, `manifest-${digest}.sig`), signatureOf(bytes, theirs.privateText));
    for (const said of await refused('blog')) expect(said).toMatch(/^signature-wrong: .*by none of the public keys/);
    for (const name of await objectsOf(store, 'blog', id)) if (SIGNATURE.test(name)) await store.delete(partKey('blog', id, name));
    for (const said of await refused('blog')) expect(said).toMatch(/^signature-missing: .*is not signed/);
  });
});

test('a backup killed between its signature and its manifest is no backup, and the next one is', async () => {
  const proxy = await startProxy(bucket.endpoint);
  proxy.behave({ kind: 'hang', only: /^PUT.*manifest\.json/ });
  const args = [
    'backup',
    '--database-url',
    urlOf(source),
    '--storage',
    `s3://${bucket.name}/killed`,
    '--s3-endpoint',
    proxy.endpoint,
    '--s3-region',
    bucket.region,
  ];
  const { accessKeyId, secretAccessKey } = bucket.credentials;
  const environment = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, LIFEBOAT_SIGNING_KEY: ours.privatePem };
  const { child, ended } = startCli([...args, '--database', 'shop'], { folder, environment });
  await eventually(() => proxy.tampered.length > 0 || child.exitCode !== null);
  child.kill('SIGKILL');
  await ended;
  await proxy.close();
  const killed = await bucket.open('killed');
  const [left = ''] = await killed.folders('shop');
  expect((await objectsOf(killed, 'shop', left)).filter((name) => name.startsWith('manifest'))).toEqual([expect.stringMatching(SIGNATURE)]);
  await killed.close();
  const s3Options = { s3Endpoint: bucket.endpoint, s3Region: bucket.region, ...trusting };
  const next = await runBackup(source, `s3://${bucket.name}/killed`, { database: 'shop', signingKey: ours.privatePem, ...s3Options });
  const listed = await list(listOptions.parse({ storage: `s3://${bucket.name}/killed`, database: 'shop', ...s3Options }), recordingContext());
  expect(listed.backups).toMatchObject([{ id: next.id, state: 'unproven' }]);
});

describe('where a public key is configured', () => {
  const open = (name: string) => openFileStore(pathToFileURL(join(folder, name)).href);
  const nights = (n: number) => Array.from({ length: n }, (_, i) => new Date(Date.now() - (i * 24 + 1) * 3_600_000).toISOString());

  /** As a backup and a drill with the signing key would have left it. */
  async function sign(store: Store, id: string, parts: 'manifest' | 'manifest and proofs'): Promise<void> {
    const key = manifestKey('shop', id);
    const bytes = await buffer(await store.get(key));
    const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    await store.put(partKey('shop', id, `manifest-${digest}.sig`), signatureOf(bytes, ours.privateText));
    if (parts === 'manifest') return;
    for (const name of await objectsOf(store, 'shop', id)) {
      if (!name.startsWith('proofs/')) continue;
      const proof = partKey('shop', id, name);
      await store.put(`${proof}.sig`, signatureOf(await buffer(await store.get(proof)), ours.privateText));
    }
  }
  const prune = (store: Store, given: Record<string, unknown>) =>
    pruneStore(
      store,
      pruneOptions.parse({ storage: store.url, database: 'shop', keepLast: '1', minKeep: '1', apply: true, ...given }),
      recordingContext(),
    );

  test('forged proofs push no good backup out, and what nobody signed is left alone', async () => {
    const store = open('forged');
    const ids: string[] = [];
    for (const at of nights(6)) ids.push(await writeBackup(store, 'shop', { at, drills: ['proven'] }));
    // the newest is a forgery throughout, of the next two only the proofs are
    for (const id of ids.slice(1, 3)) await sign(store, id, 'manifest');
    for (const id of ids.slice(3)) await sign(store, id, 'manifest and proofs');
    const { decisions, unreadable, notExamined } = await prune(store, trusting);
    expect(notExamined).toMatchObject([{ object: '2 proofs', reason: expect.stringMatching(/none of the public keys has signed/) }]);
    expect(unreadable).toMatchObject([{ id: ids[0], error: expect.stringMatching(/not signed/) }]);
    expect(decisions.map(({ state, action }) => `${state} ${action}`)).toEqual([
      'unproven keep',
      'unproven keep',
      'proven keep',
      'proven delete',
      'proven delete',
    ]);
    expect(await store.folders('shop')).toEqual(ids.slice(0, 4).toReversed());
    expect((await prune(store, {})).decisions.map(({ action }) => action)).toEqual(['keep', 'delete', 'delete', 'delete']);
  });

  test('watch counts only what is signed', async () => {
    const store = open('watched');
    const [newest = '', older = ''] = await Promise.all(nights(2).map((at) => writeBackup(store, 'shop', { at, drills: ['proven'] })));
    await sign(store, older, 'manifest and proofs');
    const look = async (given: object) => (await watch(watchOptions.parse({ storage: store.url, ...given }), recordingContext(), null)).databases;
    expect(await look({})).toMatchObject([{ newestBackup: { id: newest }, newestProof: { backup: newest } }]);
    expect(await look(trusting)).toMatchObject([{ newestBackup: { id: older }, newestProof: { backup: older } }]);
  });

  test('verify finds a manifest that nobody signed, or that was altered, and reads its parts all the same', async () => {
    const store = open('verified');
    const [good = '', unsigned = '', altered = ''] = await Promise.all(nights(3).map((at) => writeBackup(store, 'shop', { at })));
    await sign(store, good, 'manifest');
    await sign(store, altered, 'manifest');
    await change(store, manifestKey('shop', altered), (one) => one.notes.push('nothing to see here'));
    const look = async (given: object) => {
      const { backups } = await verify(verifyOptions.parse({ storage: store.url, ...given }), recordingContext());
      return Object.fromEntries(backups.map(({ id, verdict, parts, findings }) => [id, [verdict, parts, ...findings.map(({ message }) => message)]]));
    };
    expect(Object.values(await look({})).map(([verdict]) => verdict)).toEqual(['intact', 'intact', 'intact']);
    expect(await look(trusting)).toEqual({
      [good]: ['intact', 3],
      [unsigned]: ['damaged', 3, expect.stringMatching(/is not signed/)],
      [altered]: ['damaged', 3, expect.stringMatching(/changed after it was signed/)],
    });
  });

  test('a backup without a signing key warns, and one with a key that nobody trusts is refused', async () => {
    const storage = pathToFileURL(join(folder, 'mistaken')).href;
    const context = recordingContext();
    expect(await runBackup(source, storage, { database: 'shop', ...trusting }, context)).toMatchObject({ signed: false });
    expect(context.lines).toContainEqual(expect.stringMatching(/^warning: .*this backup will not be trusted/));
    const error = await rejectionOf(runBackup(source, storage, { database: 'shop', signingKey: theirs.privatePem, ...trusting }));
    expect(error).toMatchObject({ code: 'bad-option', remedy: expect.stringContaining(theirs.publicText) });
    expect(await rejectionOf(runDrill('shop', storage, { signingKey: theirs.privatePem, ...trusting }))).toMatchObject({ code: 'bad-option' });
  });
});
