import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type AgeKey, newAgeKey } from '../harness/age.ts';
import { drillServer } from '../harness/drill-server.ts';
import { runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { expectNothingLeft, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DATA = 'data-00.dump.zst.age';
const SCHEMA = 'schema.dump.zst.age';
const SEALED_CHUNK = 64 * 1024 + 16;

let temporaries: string;
let pristine: string;
let key: AgeKey;
let other: AgeKey;
let taken: BackupResult;
let server: Awaited<ReturnType<typeof drillServer>>;
let target: ConnectionTarget;
beforeAll(async () => {
  server = await drillServer();
  temporaries = await ownTemporaryFolder();
  key = await newAgeKey();
  other = await newAgeKey();
  const source = await shopDatabase();
  // more than one chunk of 64 KiB, whatever zstd makes of it
  await runSql(source, `CREATE TABLE shop.noise AS SELECT i, gen_random_uuid() AS a, gen_random_uuid() AS b FROM generate_series(1, 12000) i`);
  const store = await temporaryStore();
  pristine = store.folder;
  taken = await runBackup(source, store.url, { database: 'shop', encryptTo: [key.recipient] });
  target = await freshDatabase(clusterOf().major);
});

async function copyOfStore(): Promise<{ url: string; at: (name: string) => string }> {
  const folder = await mkdtemp(join(temporaries, 'copy-'));
  await cp(pristine, folder, { recursive: true });
  return { url: pathToFileURL(folder).href, at: (name) => join(folder, 'shop', taken.id, name) };
}

async function expectUntouched(): Promise<void> {
  expect(await runSql(target, "SELECT nspname FROM pg_namespace WHERE nspname = 'shop'")).toEqual([]);
  expect(await server.databases()).toEqual([]);
  await expectNothingLeft([target], temporaries);
}

describe('without the identity of a recipient, nothing is begun:', () => {
  test.each([
    ['none was given', () => ({}), 'identity-missing', () => ({ recipients: [key.recipient] })],
    [
      'another was given',
      () => ({ identity: other.identity }),
      'identity-wrong',
      () => ({ recipients: [key.recipient], identitiesOf: [other.recipient] }),
    ],
  ])('%s', async (_, given, code, details) => {
    const { url } = await copyOfStore();
    for (const verb of [
      () => runDrill('shop', url, { into: server.url, ...given() }),
      () => runRestore('shop', url, target, given()),
      () => runRestore('shop', url, target, { clean: true, ...given() }),
      () => runRestore('shop', url, target, { dryRun: true, ...given() }),
    ]) {
      expect(await rejectionOf(verb())).toMatchObject({ code, details: details(), message: expect.stringContaining(key.recipient) });
    }
    await expectUntouched();
  });
});

/** The length of the header and the payload's nonce. */
const headerOf = (bytes: Buffer) => bytes.indexOf('\n', bytes.indexOf('\n--- ') + 1) + 1 + 16;
const flip = (bytes: Buffer, at: number) => {
  bytes[at] = (bytes[at] as number) ^ 1;
  return bytes;
};

describe('an encrypted part that was tampered with', () => {
  test.each<[string, string, (bytes: Buffer) => Buffer, RegExp]>([
    ['in its header, where the file key is', DATA, (bytes) => flip(bytes, bytes.indexOf('\n--- ') - 5), /changed/],
    ['in its very first byte', SCHEMA, (bytes) => flip(bytes, 0), /changed/],
    ['in its payload', DATA, (bytes) => flip(bytes, headerOf(bytes) + 1000), /changed/],
    ['in its last byte', DATA, (bytes) => flip(bytes, bytes.length - 1), /changed/],
    ['and ends between two chunks', DATA, (bytes) => bytes.subarray(0, headerOf(bytes) + SEALED_CHUNK), /truncated/],
    ['and ends within a chunk', DATA, (bytes) => bytes.subarray(0, headerOf(bytes) + SEALED_CHUNK + 777), /truncated/],
    [
      'and lacks its last chunk',
      DATA,
      (bytes) => bytes.subarray(0, headerOf(bytes) + Math.floor((bytes.length - headerOf(bytes)) / SEALED_CHUNK) * SEALED_CHUNK),
      /truncated/,
    ],
    ['and ends within its header', DATA, (bytes) => bytes.subarray(0, 60), /truncated/],
  ])('%s (%s) fails its drill, and is refused by restore before anything is written', async (_, part, tamper, finding) => {
    const { url, at } = await copyOfStore();
    await writeFile(at(part), tamper(await readFile(at(part))));
    const drill = await runDrill('shop', url, { into: server.url, identity: key.identity });
    expect(drill).toMatchObject({ ok: false, proof: { verdict: 'failed' } });
    expect(drill.proof.checks[0]).toMatchObject({ name: 'digests', findings: [{ object: part, message: expect.stringMatching(finding) }] });
    expect(await rejectionOf(runRestore('shop', url, target, { identity: key.identity }))).toMatchObject({ code: 'part-corrupt', details: { part } });
    await expectUntouched();
  });
});
