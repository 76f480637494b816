import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { listBackupIds } from '../../src/catalog/backups.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { expectStatus, runAction } from '../harness/actions.ts';
import { onlyJson, startCli, urlOf } from '../harness/cli.ts';
import { runBackup, temporaryStore } from '../harness/engine.ts';
import { objectsOf, writeBackup } from '../harness/history.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DAY_MS = 86_400_000;
const signal = new AbortController().signal;
let source: Awaited<ReturnType<typeof freshDatabase>>;
let place: { url: string; folder: string };
beforeAll(async () => {
  source = await freshDatabase(clusterOf().major);
  await runSql(source, 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS id');
  place = await temporaryStore();
  // where a folder would have to be, there is a file
  await writeFile(join(place.folder, 'occupied'), '');
});

const at = (name: string) => pathToFileURL(join(place.folder, name)).href;
const GONE = () => at('occupied/copies');

describe('a backup that has copies', () => {
  test('is copied to each of them, with those of late that were missed', async () => {
    const from = openFileStore(at('primary'));
    const copies = openFileStore(at('copies'));
    const missed = await writeBackup(from, 'shop', { at: new Date(Date.now() - 2 * DAY_MS).toISOString(), drills: ['proven'] });
    const older = await writeBackup(from, 'shop', { at: new Date(Date.now() - 9 * DAY_MS).toISOString() });
    const first = await runBackup(source, from.url, { database: 'shop', copy: [copies.url, at('copies-2')] });
    expect(first.ok).toBe(true);
    expect(first.copies.map(({ storage, ok, backups }) => [storage, ok, backups.map(({ id, outcome }) => [id, outcome])])).toEqual(
      [copies.url, at('copies-2')].map((storage) => [
        storage,
        true,
        [
          [first.id, 'copied'],
          [missed, 'copied'],
        ],
      ]),
    );
    expect(await objectsOf(copies, 'shop', first.id)).toEqual(await objectsOf(from, 'shop', first.id));
    const second = await runBackup(source, from.url, { database: 'shop', copy: [copies.url], copyWithin: '30d' });
    expect(second.copies[0]?.backups.map(({ outcome }) => outcome)).toEqual(['copied', 'there', 'there', 'copied']);
    expect(await listBackupIds(copies, 'shop', signal)).toEqual([second.id, first.id, missed, older]);
  });

  test('is made even where the key of a copy is not set, which is told', async () => {
    const keyless = 's3://copies access-key-id-env=NO_SUCH_ID secret-access-key-env=NO_SUCH_KEY';
    const result = await runBackup(source, at('keyless'), { database: 'shop', copy: [keyless, at('keyless-copies')] });
    expect(result).toMatchObject({ ok: false, copies: [{ ok: false, storage: 's3://copies', problem: { code: 'bad-option' } }, { ok: true }] });
    expect(await listBackupIds(openFileStore(at('keyless')), 'shop', signal)).toEqual([result.id]);
  });

  test('is refused before it is begun when a copy would be the store itself', async () => {
    const refused = await rejectionOf(runBackup(source, at('itself'), { database: 'shop', copy: [at('itself/')] }));
    expect(refused).toMatchObject({ code: 'same-store' });
    expect(await openFileStore(at('itself')).folders('')).toEqual([]);
  });

  test('stays, and is named, where one of them cannot be reached; the others get it, and the run fails', async () => {
    const folder = join(place.folder, 'cli-home');
    const storage = pathToFileURL(join(folder, 'store')).href;
    await openFileStore(storage).put('note', Buffer.from('makes the folder'));
    const copies = `[{ storage: "${GONE()}" }, { storage: "${at('cli-copies')}" }]`;
    await writeFile(
      join(folder, 'lifeboat.yml'),
      `storage: ${storage}\ncopies: ${copies}\ndatabases: { shop: { database-url-env: SHOP_URL }, blog: { copies: [] } }\n`,
    );
    const environment = { SHOP_URL: urlOf(source) };
    const failed = await startCli(['backup', '--database', 'shop', '--json'], { folder, environment }).ended;
    expect(failed.status).toBe(1);
    const result = onlyJson(failed.stdout);
    expect(result).toMatchObject({
      ok: false,
      id: expect.any(String),
      copies: [
        { ok: false, storage: GONE(), problem: {} },
        { ok: true, storage: at('cli-copies') },
      ],
    });
    for (const url of [storage, at('cli-copies')]) expect(await listBackupIds(openFileStore(url), 'shop', signal)).toEqual([result['id']]);

    const told = await startCli(['backup', '--database', 'shop'], { folder, environment }).ended;
    expect(told.status).toBe(1);
    expect(told.stdout).toMatch(/not all copied to file:.*occupied/);
    expect(told.stdout).toMatch(/Backup \d{8}T\d{6}Z-[0-9a-f]{4} itself is complete in file:/);
  });

  test('fails its action over a copy only after its outputs are written', async () => {
    const end = await runAction('backup', {
      folder: place.folder,
      inputs: { 'database-url': urlOf(source), storage: at('action'), copy: `${GONE()}\n${at('action-copies')}`, issue: 'false' },
    });
    expectStatus(end, 1);
    const id = end.outputs['backup-id'] ?? '';
    expect(await listBackupIds(openFileStore(at('action-copies')), source.database, signal)).toEqual([id]);
    expect(JSON.parse(end.outputs['copies'] ?? '')).toEqual([
      { storage: GONE(), ok: false },
      { storage: at('action-copies'), ok: true },
    ]);
    expect(end.annotations).toMatchObject([{ name: 'error', data: expect.stringContaining(GONE()) }]);
    expect(end.summary).toContain(`Backup \`${id}\` itself is complete`);
    expect(end.summary).toMatch(/### ❌ Copy in .*occupied[\s\S]*### ✅ Copy in /);
  });
});
