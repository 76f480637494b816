import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listBackupIds } from '../../src/catalog/backups.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { expectStatus, runAction } from '../harness/actions.ts';
import { writeBackup } from '../harness/history.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-prune-action-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the action prune', () => {
  it('deletes only with apply: true, by the retention of lifeboat.yml', async () => {
    const storage = pathToFileURL(join(folder, 'store')).href;
    const store = openFileStore(storage);
    const ids: string[] = [];
    for (let day = 0; day < 6; day += 1) {
      const at = new Date(Date.now() - (day * 24 + 1) * 3_600_000).toISOString();
      ids.push(await writeBackup(store, 'shop', { at, drills: ['proven'] }));
    }
    const workspace = { 'lifeboat.yml': `storage: ${storage}\nretention: { daily: 4 }\ndatabases: { shop: , blog: }\n` };
    const prune = (inputs: Record<string, string>) =>
      runAction('prune', { folder, workspace, inputs: { database: 'shop', issue: 'false', ...inputs } });

    for (const inputs of [{}, { apply: 'false' }]) {
      const dry = await prune(inputs);
      expectStatus(dry, 0);
      expect(dry.outputs).toMatchObject({ applied: 'false', kept: '4', deleted: '2' });
      expect(dry.summary).toMatch(/^## Dry run: nothing of `shop` was deleted/);
      expect(await store.folders('shop')).toHaveLength(6);
    }

    const mistyped = await prune({ aply: 'true' });
    expect(mistyped.status).toBe(2);

    const applied = await prune({ apply: 'true' });
    expectStatus(applied, 0);
    expect(applied.outputs).toMatchObject({ applied: 'true', kept: '4', deleted: '2', 'deleted-bytes': expect.stringMatching(/^[1-9]\d+$/) });
    expect(applied.summary).toMatch(/^## Pruned `shop`/);
    expect(await listBackupIds(store, 'shop', new AbortController().signal)).toEqual(ids.slice(0, 4));
  });
});
