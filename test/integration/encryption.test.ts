import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import { list, show } from '../../src/catalog/list.ts';
import type { Manifest } from '../../src/format/manifest.ts';
import type { Proof } from '../../src/format/proof.ts';
import { listOptions, showOptions } from '../../src/options/list.ts';
import { showText } from '../../src/report/terminal/show.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';
import { type AgeKey, hasAge, newAgeKey } from '../harness/age.ts';
import { compareDatabases, restoreByHand } from '../harness/compare.ts';
import { clientBindir } from '../harness/corpus-database.ts';
import { recordingContext, runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';

const major = Math.max(...majors());

let drillKey: AgeKey;
let paperKey: AgeKey;
beforeAll(async () => {
  drillKey = await newAgeKey();
  paperKey = await newAgeKey();
});

/** Names that are in the shop, and nowhere else. */
const NAMES = /customers|orders|audit|tickets|citext|totals|placed/;

describe('a backup with an encrypted manifest', () => {
  test('says how much it holds and names nothing, and its proofs neither', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    const { recipient, identity } = drillKey;
    const backup = await runBackup(source, store.url, {
      database: 'db',
      encryptTo: [recipient],
      encryptManifest: true,
      excludeTableData: ['shop.audit'],
    });
    const folder = join(store.folder, 'db', backup.id);
    const drill = await runDrill('db', store.url, { identity });
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven', rows: backup.rows } });
    // whoever drills sees it all; what is left in the store names nothing
    expect(JSON.stringify(drill.proof)).toMatch(/audit/);
    expect(drill.proof.indexes.length).toBeGreaterThan(3);
    const proof = await readFile(join(store.folder, drill.proofKey), 'utf8');
    const manifest = await readFile(join(folder, 'manifest.json'), 'utf8');
    for (const text of [proof, manifest]) expect(text).not.toMatch(NAMES);
    expect(JSON.parse(proof)).toMatchObject({
      verdict: 'proven',
      indexes: [],
      checks: drill.proof.checks.map(({ name, verdict }) => ({ name, verdict })),
    });
    expect((JSON.parse(proof) as Proof).checks.map(({ skipped }) => skipped.length)).toEqual(drill.proof.checks.map(({ skipped }) => skipped.length));
    expect(JSON.parse(manifest)).toMatchObject({ concealed: { tables: backup.tables, rows: backup.rows }, tables: [], indexes: [], objects: [] });

    const [listed] = (await list(listOptions.parse({ storage: store.url }), recordingContext())).backups;
    expect(listed).toMatchObject({ state: 'proven', rows: backup.rows, bytes: backup.bytes });
    const shown = await show(showOptions.parse({ storage: store.url, database: 'db' }), recordingContext());
    expect(showText(shown, PLAIN, new Date())).toMatch(new RegExp(`${backup.tables} tables with .*Names are hidden: --identity-file`, 's'));
    const revealed = await show(showOptions.parse({ storage: store.url, database: 'db', identity }), recordingContext());
    expect(showText(revealed, PLAIN, new Date())).toMatch(/shop\.customers/);

    const restored = await freshDatabase(major);
    await runRestore('db', store.url, restored, { identity, table: ['shop.customers'] });
    expect(await runSql(restored, 'SELECT count(*)::int AS n FROM shop.customers')).toEqual([{ n: 300 }]);
    for (const verb of [() => runDrill('db', store.url), () => runRestore('db', store.url, restored)]) {
      expect(await rejectionOf(verb())).toMatchObject({ code: 'identity-missing' });
    }
  });

  test('needs somebody to encrypt for', async () => {
    const store = await temporaryStore();
    expect(await rejectionOf(runBackup(await shopDatabase(), store.url, { encryptManifest: true }))).toMatchObject({ code: 'bad-option' });
    expect(await readdir(store.folder)).toEqual([]);
  });

  test('whose whole manifest is of another backup is refused', async () => {
    const source = await shopDatabase();
    const store = await temporaryStore();
    const { recipient, identity } = drillKey;
    const take = () => runBackup(source, store.url, { database: 'db', encryptTo: [recipient], encryptManifest: true });
    const [one, other] = [await take(), await take()];
    const path = (id: string, name: string) => join(store.folder, 'db', id, name);
    const whole = (parts: BackupResult['parts']) => parts.find(({ kind }) => kind === 'manifest') as BackupResult['parts'][number];
    await copyFile(path(other.id, whole(other.parts).name), path(one.id, whole(one.parts).name));
    const drill = () => runDrill('db', store.url, { identity, backup: one.id });
    expect(await rejectionOf(drill())).toMatchObject({ code: 'part-corrupt', details: { part: whole(one.parts).name } });
    // and by somebody who made the digests fit
    const manifest = JSON.parse(await readFile(path(one.id, 'manifest.json'), 'utf8')) as Manifest;
    manifest.parts = manifest.parts.map((part) => (part.kind === 'manifest' ? whole(other.parts) : part));
    await writeFile(path(one.id, 'manifest.json'), JSON.stringify(manifest));
    expect(await rejectionOf(drill())).toMatchObject({ code: 'manifest-malformed', message: expect.stringContaining('of another backup') });
  });
});

describe('an encrypted backup', () => {
  test('is proven with one identity, and comes back with the other and by stock tools', async () => {
    const source = await shopDatabase(major);
    const store = await temporaryStore();
    const recipients = [drillKey.recipient, paperKey.recipient];
    const backup = await runBackup(source, store.url, { database: 'shop', encryptTo: recipients });
    expect(backup.recipients).toEqual(recipients);
    const folder = join(store.folder, 'shop', backup.id);
    const names = await readdir(folder);
    expect(names.filter((name) => name !== 'manifest.json').every((name) => name.endsWith('.zst.age'))).toBe(true);
    for (const name of names.filter((one) => one.endsWith('.age'))) {
      expect((await readFile(join(folder, name))).subarray(0, 22).toString()).toBe('age-encryption.org/v1\n');
    }
    // nothing but recipients is in the manifest, and whoever lists needs no identity
    expect(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8'))).toMatchObject({ recipients });

    const drill = await runDrill('shop', store.url, { identity: drillKey.identity });
    expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven', rows: backup.rows } });
    const { backups } = await list(listOptions.parse({ storage: store.url }), recordingContext());
    expect(backups).toMatchObject([{ state: 'proven', rows: backup.rows }]);

    const bindir = await clientBindir(major);
    const identityFile = join(store.folder, 'key.txt');
    await writeFile(identityFile, `# on paper\n${paperKey.identity}\n`);
    const restored = await freshDatabase(major);
    const { rows, plan } = await runRestore('shop', store.url, restored, { identityFile });
    expect(rows).toBe(backup.rows);
    expect(plan).toContainEqual(expect.stringContaining('Decrypt and check every part'));
    expect(await compareDatabases(bindir, source, restored)).toEqual([]);

    if (!hasAge()) return notShown('an encrypted backup comes back by stock tools', 'age is not installed', 'age');
    const byHand = await freshDatabase(major);
    await restoreByHand(folder, byHand, bindir, identityFile);
    expect(await compareDatabases(bindir, source, byHand)).toEqual([]);
  });
});

test('a backup that is no longer encrypted says so, once there was one that was', async () => {
  const source = await shopDatabase();
  const store = await temporaryStore();
  const warnings = async (given: Record<string, unknown>) => {
    const context = recordingContext();
    const { id } = await runBackup(source, store.url, { database: 'shop', ...given }, context);
    return { id, said: context.lines.filter((line) => line.startsWith('warning: ')) };
  };
  expect((await warnings({})).said).toEqual([]);
  await nextSecond();
  const encrypted = await warnings({ encryptTo: [drillKey.recipient] });
  expect(encrypted.said).toEqual([]);
  await nextSecond();
  expect((await warnings({})).said).toEqual([expect.stringContaining(`not encrypted, although the one before it, ${encrypted.id}, is`)]);
});

/** Ids tell seconds apart, and no less. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  await eventually(async () => Math.floor(Date.now() / 1000) > second);
}
