import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { openDrawn } from '../../src/drill/draw.ts';
import { manifestKey, partKey, timeOfBackupId } from '../../src/format/layout.ts';
import { drillOptions } from '../../src/options/drill.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { onlyJson, startCli } from '../harness/cli.ts';
import { recordingContext, runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { objectsOf, writeBackup } from '../harness/history.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DAY_MS = 86_400_000;
let place: { url: string; folder: string };
beforeAll(async () => {
  place = await temporaryStore();
});
const at = (name: string) => pathToFileURL(join(place.folder, name)).href;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
const proofsIn = async (url: string, id: string) => (await objectsOf(openFileStore(url), 'shop', id)).filter((name) => name.startsWith('proofs/'));

describe('a drill of a copy', () => {
  test('leaves its proof where the backup came from, and measures the RPO by the newest backup when it drew an older one', async () => {
    const source = await freshDatabase(clusterOf().major);
    await runSql(source, 'CREATE TABLE t AS SELECT generate_series(1, 100) AS id');
    const [storage, copy] = [at('primary'), at('copy')];
    const { id } = await runBackup(source, storage, { database: 'shop', copy: [copy] });
    // the older one, as far as its id tells
    const older = '20200101T020000Z-0000';
    for (const name of await objectsOf(openFileStore(copy), 'shop', id)) {
      const bytes = await new Response((await openFileStore(copy).get(partKey('shop', id, name))) as never).bytes();
      const changed = name === 'manifest.json' ? Buffer.from(Buffer.from(bytes).toString().replaceAll(id, older)) : bytes;
      await openFileStore(copy).put(partKey('shop', older, name), changed);
    }
    const context = recordingContext();
    const drilled = await runDrill('shop', storage, { from: copy, backup: 'random', rpo: '1h' }, context);
    expect(drilled).toMatchObject({ ok: true, storage: copy, backup: older, proof: { verdict: 'proven', rpo: { met: true } } });
    expect(context.lines).toContain(`Drew backup ${older}, by chance one of 1 older than the newest.`);
    expect(await proofsIn(copy, older)).toEqual([drilled.proofKey.slice(drilled.proofKey.indexOf('proofs/'))]);
    for (const url of [storage, copy]) expect(await proofsIn(url, id)).toEqual([]);

    await openFileStore(storage).delete(manifestKey('shop', id));
    const target = await freshDatabase(clusterOf().major);
    expect(await rejectionOf(runRestore('shop', storage, target, { backup: id }))).toMatchObject({ code: 'manifest-missing' });
    expect(await runRestore('shop', storage, target, { backup: id, from: copy })).toMatchObject({ ok: true, backup: id, rows: 100 });
  });
});

describe('drawing from any store', () => {
  const draw = (given: Record<string, unknown>, pick: (below: number) => number, context = recordingContext()) =>
    openDrawn(drillOptions.parse({ database: 'shop', ...given }), context, pick);

  test('takes one that has the backup, and does without one that cannot be read', async () => {
    const [primary, copy] = [openFileStore(at('any')), openFileStore(at('any-copy'))];
    const [newest, older] = [await writeBackup(primary, 'shop', { at: daysAgo(1) }), await writeBackup(primary, 'shop', { at: daysAgo(2) })];
    await writeBackup(copy, 'shop', { at: daysAgo(5) });
    await writeFile(join(place.folder, 'file'), '');
    const given = { storage: primary.url, copy: [at('any-copy'), at('file/inside')], from: 'any' };
    const context = recordingContext();
    const latest = await draw(given, () => 0, context);
    expect([latest.store.url, latest.found.id, latest.newestAt]).toEqual([primary.url, newest, null]);
    expect(context.lines).toContainEqual(expect.stringMatching(/^warning: Nothing can be drawn from .*file\/inside/));
    const random = await draw({ ...given, backup: 'random' }, (below) => below - 1);
    expect(random.store.url).toBe(copy.url);
    expect(random.newestAt).toBe(timeOfBackupId(newest));
    expect((await draw({ ...given, backup: older }, () => 0)).found.id).toBe(older);
    expect(await rejectionOf(draw({ ...given, backup: '20200101T000000Z-0000' }, () => 0))).toMatchObject({ code: 'unknown-backup' });
    expect(await rejectionOf(draw({ storage: at('none'), from: 'any', backup: 'random' }, () => 0))).toMatchObject({ code: 'no-backups' });
    expect(await rejectionOf(draw({ storage: at('file/inside'), from: 'any' }, () => 0))).toMatchObject({ code: 'store-failed' });
  });
});

describe('lifeboat list --all-copies', () => {
  test('shows what is where, and exits with 1 where something is not as it should be', async () => {
    const home = join(place.folder, 'list');
    const [primary, copy] = [openFileStore(pathToFileURL(join(home, 'store')).href), openFileStore(at('list-copy'))];
    const ids: string[] = [];
    for (const days of [1, 2, 3]) ids.push(await writeBackup(primary, 'shop', { at: daysAgo(days) }));
    const [newest = '', middle = '', oldest = ''] = ids;
    await writeFile(join(home, 'lifeboat.yml'), `storage: ${primary.url}\ncopies: [{ storage: "${copy.url}" }]\n`);
    const list = () => startCli(['list', '--all-copies', '--json'], { folder: home }).ended;
    expect((await startCli(['copy', '--within', '60h'], { folder: home }).ended).status).toBe(0);
    await primary.delete(manifestKey('shop', middle));
    const good = await list();
    expect(good.status).toBe(0);
    expect(onlyJson(good.stdout)).toMatchObject({
      ok: true,
      copies: {
        stores: [{ storage: primary.url, problem: null }, { storage: copy.url }],
        backups: [
          { database: 'shop', id: newest, stores: ['whole', 'whole'] },
          { id: middle, stores: ['absent', 'whole'] },
          { id: oldest, stores: ['whole', 'absent'] },
        ],
        findings: [],
      },
    });

    await copy.put(manifestKey('shop', newest), Buffer.from('{}'));
    await copy.delete(partKey('shop', middle, 'data-00.dump.zst'));
    const bad = await startCli(['list', '--all-copies'], { folder: home }).ended;
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(new RegExp(`shop +${newest} +whole +differs\\n.*${middle} +– +incomplete\\n.*${oldest} +whole +–\\n`));
    expect(bad.stdout).toContain(`shop/${newest} in ${copy.url}: it has another manifest there`);
    const plain = await startCli(['list', '--json'], { folder: home }).ended;
    expect(onlyJson(plain.stdout)).toMatchObject({ ok: true, copies: null });
    const lost = await startCli(['list', '--all-copies', '--json', '--copy', at('file/inside')], { folder: home }).ended;
    expect(onlyJson(lost.stdout)).toMatchObject({ ok: false, copies: { findings: [{ object: at('file/inside') }] } });
  });
});
