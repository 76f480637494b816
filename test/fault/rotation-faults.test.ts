import { cpSync, rmSync } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import { list } from '../../src/catalog/list.ts';
import { copyToStore } from '../../src/copy/to-store.ts';
import { LifeboatError } from '../../src/errors.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import { listOptions } from '../../src/options/list.ts';
import { rotateRecipientsOptions } from '../../src/options/rotate-recipients.ts';
import { verifyOptions } from '../../src/options/verify.ts';
import { rotateStore } from '../../src/rotation/rotate-recipients.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { verify } from '../../src/verify/verify.ts';
import { type AgeKey, newAgeKey } from '../harness/age.ts';
import { startCli } from '../harness/cli.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { shopDatabase } from '../harness/shop.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DIE_AT = pathToFileURL(join(import.meta.dirname, '../harness/die-at.ts')).href;

let folder: string;
let pristine: string;
let old: AgeKey;
let next: AgeKey;
let taken: BackupResult;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-rotation-'));
  [old, next] = [await newAgeKey(), await newAgeKey()];
  const store = await temporaryStore();
  pristine = store.folder;
  taken = await runBackup(await shopDatabase(), store.url, { database: 'shop', encryptTo: [old.recipient] });
  expect(await runDrill('shop', store.url, { into: (await drillServer()).url, identity: old.identity })).toMatchObject({ ok: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Copy {
  readonly url: string;
  readonly store: Store;
  readonly at: (name: string) => string;
  /** What lies in the backup's folder, proofs apart. */
  readonly names: () => Promise<string[]>;
}

async function copyOfStore(): Promise<Copy> {
  const root = await mkdtemp(join(folder, 'copy-'));
  await cp(pristine, root, { recursive: true });
  const url = pathToFileURL(root).href;
  const at = (name: string) => join(root, 'shop', taken.id, name);
  return { url, store: openFileStore(url), at, names: async () => (await readdir(at(''))).filter((name) => name !== 'proofs').sort() };
}

/** When nobody can be at work any more on what lies there now. */
const dayAfter = () => new Date(Date.now() + 25 * 3_600_000);

const rotate = (store: Store, given: Record<string, unknown> = {}, now = new Date()) =>
  rotateStore(
    store,
    rotateRecipientsOptions.parse({
      storage: store.url,
      database: 'shop',
      encryptTo: [next.recipient],
      identity: old.identity,
      apply: true,
      ...given,
    }),
    recordingContext(),
    now,
  );

const manifestIn = async ({ at }: Copy) => JSON.parse(await readFile(at('manifest.json'), 'utf8')) as Manifest;

/** The old one or the new one, all of it there, opened by the keys that it says, and proven. */
async function expectWhole(copy: Copy): Promise<Manifest> {
  const manifest = await manifestIn(copy);
  expect([[old.recipient], [next.recipient]]).toContainEqual(manifest.recipients);
  const identity = manifest.recipients[0] === old.recipient ? old.identity : next.identity;
  const verified = await verify(verifyOptions.parse({ storage: copy.url, identity }), recordingContext());
  expect(verified).toMatchObject({ ok: true, backups: [{ verdict: 'intact', parts: taken.parts.length }] });
  expect((await list(listOptions.parse({ storage: copy.url }), recordingContext())).backups).toMatchObject([{ state: 'proven' }]);
  return manifest;
}

/** And nothing else is there any more. */
async function expectRotated(copy: Copy): Promise<void> {
  const manifest = await expectWhole(copy);
  expect(manifest.recipients).toEqual([next.recipient]);
  expect(await copy.names()).toEqual(['manifest.json', ...manifest.parts.map(({ name }) => name)].sort());
}

describe('a rotation that is killed', () => {
  // of each new part a link and an unlink, of the manifest a rename, of each old part an unlink
  const CHANGES = 10;

  test('at any change to the store leaves the backup whole, and the next one finishes', async () => {
    const keyFile = join(folder, 'old.txt');
    await writeFile(keyFile, old.identity);
    const seen = new Set<string>();
    const die = async (at: number) => {
      const copy = await copyOfStore();
      const args = ['rotate-recipients', '--storage', copy.url, '--database', 'shop', '--encrypt-to', next.recipient];
      const options = { folder, nodeOptions: ['--import', DIE_AT], environment: { DIE_AT: String(at) } };
      const run = startCli([...args, '--identity-file', keyFile, '--apply', '--jobs', '1'], options);
      const { status, stderr } = await run.ended;
      expect([at, status, run.child.signalCode, stderr.includes('bug')]).toEqual([
        at,
        at > CHANGES ? 0 : null,
        at > CHANGES ? null : 'SIGKILL',
        false,
      ]);
      const manifest = await expectWhole(copy);
      seen.add(`${manifest.recipients[0] === old.recipient ? 'old' : 'new'} ${(await copy.names()).length - 1 - taken.parts.length}`);
      await rotate(copy.store, {}, dayAfter());
      await expectRotated(copy);
    };
    for (let at = 1; at <= CHANGES + 1; at += 2) await Promise.all([die(at), ...(at <= CHANGES ? [die(at + 1)] : [])]);
    // whichever manifest there was, and how many objects too many
    expect([...seen].sort()).toEqual(['new 0', 'new 1', 'new 2', 'new 3', 'old 0', 'old 1', 'old 2', 'old 3']);
  });

  test('leaves nothing that a drill takes for damage', async () => {
    const copy = await copyOfStore();
    const failing: Store = { ...copy.store, put: () => Promise.reject(new LifeboatError('store-unreachable', 'The test stops here.', 'None.')) };
    expect(await rejectionOf(rotate(failing))).toMatchObject({ code: 'store-unreachable' });
    const stray = taken.parts[0]?.name.replace('.', '.r0000.') as string;
    await writeFile(copy.at(stray), 'half of a part');
    const drill = await runDrill('shop', copy.url, { into: (await drillServer()).url, identity: old.identity });
    expect(drill).toMatchObject({ ok: true });
    expect(drill.proof.checks[0]).toMatchObject({
      verdict: 'pass',
      skipped: [{ object: stray, reason: expect.stringContaining('rotate-recipients') }],
    });
  });
});

describe('a drill', () => {
  test('that a rotation takes the parts from leaves no proof of a failure', async () => {
    const [copy, rotated] = [await copyOfStore(), await copyOfStore()];
    await rotate(rotated.store);
    const context = recordingContext();
    const info = (line: string) => {
      if (!line.startsWith('Drilling backup')) return;
      rmSync(copy.at(''), { recursive: true });
      cpSync(rotated.at(''), copy.at(''), { recursive: true });
    };
    const given = { into: (await drillServer()).url, identity: old.identity };
    const during = runDrill('shop', copy.url, given, { ...context, log: { ...context.log, info } });
    expect(await rejectionOf(during)).toMatchObject({ code: 'already-exists', message: expect.stringContaining('while it was drilled') });
    // that of the drill before everything
    expect(await readdir(copy.at('proofs'))).toHaveLength(1);
    await expectWhole(copy);
  });
});

describe('a copy', () => {
  const copied = async (from: Copy, to: Copy) => {
    const job = { from: from.store, to: to.store, databases: ['shop'], wish: {}, jobs: 2 };
    const [one] = (await copyToStore(job, recordingContext())).backups;
    return [one?.outcome, one?.problem?.message];
  };

  test('is as good once the backup was encrypted for the same recipients in both stores, and not before', async () => {
    const [from, to] = [await copyOfStore(), await copyOfStore()];
    expect(await copied(from, to)).toEqual(['there', undefined]);
    await rotate(from.store);
    expect(await copied(from, to)).toEqual(['failed', expect.stringContaining('for other recipients')]);
    await rotate(to.store);
    expect(await copied(from, to)).toEqual(['there', undefined]);
    expect(await to.names()).toHaveLength(taken.parts.length + 1);
  });

  test('of a rotated backup that somebody changed is another one', async () => {
    const [from, to] = [await copyOfStore(), await copyOfStore()];
    await rotate(from.store);
    await cp(from.at(''), to.at(''), { recursive: true });
    await writeFile(to.at('manifest.json'), JSON.stringify({ ...(await manifestIn(from)), notes: ['changed'] }));
    expect(await copied(from, to)).toEqual(['failed', expect.stringContaining('another manifest')]);
    await writeFile(to.at('manifest.json'), 'not a manifest at all');
    expect(await copied(from, to)).toEqual(['failed', expect.any(String)]);
  });
});

describe('a rotation', () => {
  test('of a backup with a damaged part fails, names it, and leaves all as it was', async () => {
    for (const { name } of taken.parts) {
      const copy = await copyOfStore();
      const bytes = await readFile(copy.at(name));
      bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 1;
      await writeFile(copy.at(name), bytes);
      expect(await rejectionOf(rotate(copy.store))).toMatchObject({ code: 'part-corrupt', details: { part: name } });
      expect((await manifestIn(copy)).recipients).toEqual([old.recipient]);
      expect(await copy.names()).toEqual(expect.arrayContaining(taken.parts.map((part) => part.name)));
    }
  });

  test('of a part whose digests fit each other but not what was dumped fails', async () => {
    const copy = await copyOfStore();
    const manifest = await manifestIn(copy);
    const [first, ...others] = manifest.parts as [Manifest['parts'][number], ...Manifest['parts']];
    await writeFile(
      copy.at('manifest.json'),
      JSON.stringify({ ...manifest, parts: [{ ...first, plain: { ...first.plain, sha256: '0'.repeat(64) } }, ...others] }),
    );
    expect(await rejectionOf(rotate(copy.store))).toMatchObject({ code: 'part-corrupt', details: { part: first.name } });
  });

  test('without the identity does nothing', async () => {
    const copy = await copyOfStore();
    expect(await rejectionOf(rotate(copy.store, { identity: undefined }))).toMatchObject({ code: 'identity-missing' });
    expect(await rejectionOf(rotate(copy.store, { identity: next.identity }))).toMatchObject({ code: 'identity-wrong' });
    expect(await rejectionOf(rotate(copy.store, { encryptTo: [] }))).toMatchObject({ code: 'bad-option' });
    expect(await copy.names()).toEqual(['manifest.json', ...taken.parts.map(({ name }) => name)].sort());
  });

  test('that meets another one leaves the backup to it', async () => {
    const copy = await copyOfStore();
    const third = await newAgeKey();
    let isFirst = true;
    const meeting: Store = {
      ...copy.store,
      async put(key, body, options) {
        const stored = await copy.store.put(key, body, options);
        if (isFirst) {
          isFirst = false;
          await rotate(copy.store);
        }
        return stored;
      },
    };
    expect(await rejectionOf(rotate(meeting, { encryptTo: [third.recipient] }))).toMatchObject({ code: 'already-exists' });
    await expectWhole(copy);
    // what the other one began may be at work still, for all that anybody knows
    const [again] = (await rotate(copy.store)).backups;
    const mayBeAtWork = { reason: expect.stringContaining('less than a day ago') };
    expect(again).toMatchObject({ outcome: 'already', remaining: taken.parts.map(() => mayBeAtWork) });
    await rotate(copy.store, {}, dayAfter());
    await expectRotated(copy);
  });

  test('leaves alone what another one has done since it began', async () => {
    const copy = await copyOfStore();
    const newer = await runBackup(await shopDatabase(), copy.url, { database: 'shop', encryptTo: [old.recipient] });
    let isFirst = true;
    const meeting: Store = {
      ...copy.store,
      async put(key, body, options) {
        if (isFirst) {
          isFirst = false;
          await rotate(copy.store, { backup: taken.id });
        }
        return copy.store.put(key, body, options);
      },
    };
    const result = await rotate(meeting, {}, dayAfter());
    expect(result).toMatchObject({
      ok: false,
      backups: [
        { id: newer.id, outcome: 'rotated' },
        { id: taken.id, outcome: 'blocked', why: expect.stringContaining('was changed') },
      ],
    });
    const verified = await verify(verifyOptions.parse({ storage: copy.url, identity: next.identity }), recordingContext());
    expect(verified).toMatchObject({ ok: true, backups: [{ verdict: 'intact' }, { verdict: 'intact' }] });
  });

  test('goes on past a backup with a damaged part', async () => {
    const copy = await copyOfStore();
    const newer = await runBackup(await shopDatabase(), copy.url, { database: 'shop', encryptTo: [old.recipient] });
    await writeFile(join(copy.at('..'), newer.id, newer.parts[0]?.name as string), 'damaged');
    const result = await rotate(copy.store);
    expect(result).toMatchObject({
      ok: false,
      backups: [
        { id: newer.id, outcome: 'blocked', why: expect.stringContaining(newer.parts[0]?.name as string) },
        { id: taken.id, outcome: 'rotated' },
      ],
    });
    const verified = await verify(
      verifyOptions.parse({ storage: copy.url, backup: taken.id, database: ['shop'], identity: next.identity }),
      recordingContext(),
    );
    expect(verified).toMatchObject({ ok: true, backups: [{ verdict: 'intact', notExamined: [] }] });
  });

  test('tells which old parts could not be deleted, is no failure for that, and deletes them the next time', async () => {
    const copy = await copyOfStore();
    const keeping: Store = { ...copy.store, delete: () => Promise.reject(new LifeboatError('store-access-denied', 'May not be deleted.', 'None.')) };
    const result = await rotate(keeping);
    expect(result).toMatchObject({
      ok: true,
      backups: [{ outcome: 'rotated', remaining: taken.parts.map(() => ({ reason: 'May not be deleted.' })) }],
    });
    await expectWhole(copy);
    expect(await rotate(copy.store)).toMatchObject({ backups: [{ outcome: 'already', remaining: [] }] });
    await expectRotated(copy);
  });
});
