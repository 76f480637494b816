import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import { list } from '../../src/catalog/list.ts';
import { listOptions } from '../../src/options/list.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { expectNothingLeft, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { rejectionOf } from '../harness/thrown.ts';

const SCHEMA = 'schema.dump.zst';
const DATA = 'data-00.dump.zst';
const GLOBALS = 'globals.sql.zst';

let temporaries: string;
let source: ConnectionTarget;
let pristine: string;
let taken: BackupResult;
let server: Awaited<ReturnType<typeof drillServer>>;
beforeAll(async () => {
  server = await drillServer();
  temporaries = await ownTemporaryFolder();
  source = await shopDatabase();
  const store = await temporaryStore();
  pristine = store.folder;
  taken = await runBackup(source, store.url, { database: 'shop' });
});

/** A copy of the store to be tampered with, and the backup's folder in it. */
async function copyOfStore(): Promise<{ url: string; folder: string; at: (name: string) => string }> {
  const folder = await mkdtemp(join(temporaries, 'copy-'));
  await cp(pristine, folder, { recursive: true });
  const at = (name: string) => join(folder, 'shop', taken.id, name);
  return { url: pathToFileURL(folder).href, folder, at };
}

async function change(path: string, alter: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(path, alter(await readFile(path)));
}

const flipAt = (place: (length: number) => number) => (path: string) =>
  change(path, (bytes) => {
    const at = place(bytes.length);
    bytes[at] = (bytes[at] as number) ^ 0x01;
    return bytes;
  });

/** What is done to the folder, the object that must be named, and how the drill's finding and restore's error put it. */
type Tampering = [
  what: string,
  tamper: (at: (name: string) => string) => Promise<unknown>,
  part: string,
  finding: RegExp,
  code: 'part-corrupt' | 'part-missing',
];

const TAMPERINGS: Tampering[] = [
  ['the first byte of a data part flipped', (at) => flipAt(() => 0)(at(DATA)), DATA, /changed/, 'part-corrupt'],
  ['a byte in the middle of a data part flipped', (at) => flipAt((n) => n >> 1)(at(DATA)), DATA, /changed/, 'part-corrupt'],
  ['the last byte of a data part flipped', (at) => flipAt((n) => n - 1)(at(DATA)), DATA, /changed/, 'part-corrupt'],
  ['a byte of the schema part flipped', (at) => flipAt((n) => n >> 1)(at(SCHEMA)), SCHEMA, /changed/, 'part-corrupt'],
  ['a byte of the globals flipped', (at) => flipAt((n) => n >> 1)(at(GLOBALS)), GLOBALS, /changed/, 'part-corrupt'],
  ['a data part cut by one byte', (at) => change(at(DATA), (b) => b.subarray(0, -1)), DATA, /truncated/, 'part-corrupt'],
  ['a data part cut to nothing', (at) => writeFile(at(DATA), ''), DATA, /truncated/, 'part-corrupt'],
  ['a data part with one byte more', (at) => change(at(DATA), (b) => Buffer.concat([b, b.subarray(0, 1)])), DATA, /longer/, 'part-corrupt'],
  [
    'a schema part in the place of a data part',
    async (at) => {
      await rename(at(SCHEMA), at('aside'));
      await rename(at(DATA), at(SCHEMA));
      await rename(at('aside'), at(DATA));
    },
    SCHEMA,
    /changed|longer|truncated/,
    'part-corrupt',
  ],
  ['a data part deleted', (at) => rm(at(DATA)), DATA, /missing/, 'part-missing'],
  ['the schema part deleted', (at) => rm(at(SCHEMA)), SCHEMA, /missing/, 'part-missing'],
  ['the globals deleted', (at) => rm(at(GLOBALS)), GLOBALS, /missing/, 'part-missing'],
];

describe('a backup with', () => {
  test.each(TAMPERINGS)('%s fails its drill, which names it', async (_, tamper, part, finding) => {
    const { url, at } = await copyOfStore();
    await tamper(at);
    const drill = await runDrill('shop', url, { into: server.url });
    expect(drill).toMatchObject({ ok: false, proof: { verdict: 'failed', rto: { met: false } } });
    const [digests, ...others] = drill.proof.checks;
    expect(digests).toMatchObject({ name: 'digests', verdict: 'fail', findings: [{ object: part, message: expect.stringMatching(finding) }] });
    for (const check of others) expect(check).toMatchObject({ verdict: 'not-run', reason: expect.stringContaining('could not be restored') });
    expect(JSON.parse(await readFile(at(drill.proofKey.split(`${taken.id}/`)[1] as string), 'utf8'))).toEqual(drill.proof);
    const { backups } = await list(listOptions.parse({ storage: url }), recordingContext());
    expect(backups).toMatchObject([{ id: taken.id, state: 'failed' }]);
    await expectNothingLeft([], temporaries);
    expect(await server.databases()).toEqual([]);
  });

  test.each(TAMPERINGS)('%s is refused by restore --clean before anything is dropped', async (_, tamper, part, _finding, code) => {
    const { url, at } = await copyOfStore();
    await tamper(at);
    const target = await freshDatabase(clusterOf().major);
    await runSql(target, 'CREATE TABLE precious (id int); INSERT INTO precious VALUES (1), (2)');
    const error = await rejectionOf(runRestore('shop', url, target, { clean: true }));
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(part),
      remedy: expect.stringContaining('another backup'),
      details: { part },
    });
    expect(await runSql(target, 'SELECT id FROM precious ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await runSql(target, "SELECT nspname FROM pg_namespace WHERE nspname = 'shop'")).toEqual([]);
    await expectNothingLeft([target], temporaries);
  });

  test('a byte of a data part flipped ends a restore into an empty database', async () => {
    const { url, at } = await copyOfStore();
    await flipAt((n) => n >> 1)(at(DATA));
    const target = await freshDatabase(clusterOf().major);
    const error = await rejectionOf(runRestore('shop', url, target));
    expect(error).toMatchObject({ code: 'part-corrupt', message: expect.stringContaining(DATA) });
    await expectNothingLeft([target], temporaries);
  });

  test('an object too many fails its drill, which names it', async () => {
    const { url, at } = await copyOfStore();
    await cp(at(DATA), at('data-01.dump.zst'));
    const drill = await runDrill('shop', url, { into: server.url });
    expect(drill).toMatchObject({ ok: false, proof: { verdict: 'failed' } });
    expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toMatchObject([
      { name: 'digests', findings: [{ object: 'data-01.dump.zst', message: expect.stringContaining('does not know') }] },
    ]);
  });
});

describe('a manifest that is', () => {
  const verbs = [
    ['drill', (url: string) => runDrill('shop', url, { backup: taken.id })],
    ['restore', async (url: string) => runRestore('shop', url, await freshDatabase(clusterOf().major), { backup: taken.id })],
  ] as const;

  test.each(verbs)('missing is told by %s', async (_, verb) => {
    const { url, at } = await copyOfStore();
    await rm(at('manifest.json'));
    expect(await rejectionOf(verb(url))).toMatchObject({
      code: 'manifest-missing',
      message: expect.stringContaining(taken.id),
      remedy: expect.stringContaining('lifeboat list'),
    });
    expect((await list(listOptions.parse({ storage: url }), recordingContext())).backups).toEqual([]);
    await expectNothingLeft([], temporaries);
  });

  test.each([
    ['cut off', (text: string) => text.slice(0, text.length >> 1), 'manifest-malformed', /is not a manifest/],
    ['empty', () => '', 'manifest-malformed', /is not a manifest/],
    ['of another shape', () => '{"format":1}', 'manifest-malformed', /is not a manifest/],
    ['of a newer format', (text: string) => text.replace('"format": 1', '"format": 2'), 'manifest-newer', /format 2.*up to 1/],
  ] as const)('%s is told by every verb, and list shows the backup as unreadable', async (_, alter, code, sentence) => {
    const { url, at } = await copyOfStore();
    await writeFile(at('manifest.json'), alter(await readFile(at('manifest.json'), 'utf8')));
    for (const [, verb] of verbs) {
      expect(await rejectionOf(verb(url))).toMatchObject({
        code,
        message: expect.stringMatching(sentence),
        remedy: expect.stringMatching(/release|lost/),
      });
    }
    const { backups } = await list(listOptions.parse({ storage: url }), recordingContext());
    expect(backups).toMatchObject([{ id: taken.id, state: 'unreadable', error: expect.stringMatching(sentence) }]);
    await expectNothingLeft([], temporaries);
  });
});

describe('an unknown', () => {
  test('backup id is answered with the nearest', async () => {
    const { url } = await copyOfStore();
    const wrong = taken.id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    const target = await freshDatabase(clusterOf().major);
    for (const verb of [() => runDrill('shop', url, { backup: wrong }), () => runRestore('shop', url, target, { backup: wrong })]) {
      expect(await rejectionOf(verb())).toMatchObject({
        code: 'unknown-backup',
        message: expect.stringContaining(wrong),
        remedy: expect.stringContaining(taken.id),
        details: { nearest: taken.id },
      });
    }
  });

  test('database is answered with those that are there', async () => {
    const { url } = await copyOfStore();
    expect(await rejectionOf(runDrill('shp', url))).toMatchObject({
      code: 'no-backups',
      message: expect.stringContaining('shp'),
      remedy: expect.stringContaining('shop'),
    });
    expect(await readdir(temporaries)).not.toContainEqual(expect.stringContaining('lifeboat-scratch'));
  });
});
