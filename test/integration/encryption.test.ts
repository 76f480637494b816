import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { list } from '../../src/catalog/list.ts';
import { listOptions } from '../../src/options/list.ts';
import { type AgeKey, hasAge, newAgeKey } from '../harness/age.ts';
import { compareDatabases, restoreByHand } from '../harness/compare.ts';
import { clientBindir } from '../harness/corpus-database.ts';
import { recordingContext, runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { freshDatabase, majors } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { notShown } from '../harness/skipped.ts';

const major = Math.max(...majors());

let drillKey: AgeKey;
let paperKey: AgeKey;
beforeAll(async () => {
  drillKey = await newAgeKey();
  paperKey = await newAgeKey();
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
    expect((await runRestore('shop', store.url, restored, { identityFile })).rows).toBe(backup.rows);
    expect(await compareDatabases(bindir, source, restored)).toEqual([]);

    if (!hasAge()) return notShown('an encrypted backup comes back by stock tools', 'age is not installed', 'age');
    const byHand = await freshDatabase(major);
    await restoreByHand(folder, byHand, bindir, identityFile);
    expect(await compareDatabases(bindir, source, byHand)).toEqual([]);
  });
});
