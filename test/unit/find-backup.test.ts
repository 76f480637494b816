import { expect, test } from 'vitest';
import { findBackup, listBackupIds } from '../../src/catalog/backups.ts';
import type { Store } from '../../src/storage/store.ts';

const { signal } = new AbortController();
const ids = Array.from({ length: 1000 }, (_, i) => `20260101T${String(i).padStart(6, '0')}Z-0000`);

/** Years of nightly backups, of which the newest is under way; counts what is asked of it. */
function oldStore() {
  const asked = { atOnce: 0, most: 0, all: 0 };
  const store = {
    url: 's3://bucket',
    folders: async () => ids,
    async head(key: string) {
      asked.all += 1;
      asked.most = Math.max(asked.most, ++asked.atOnce);
      await new Promise(setImmediate);
      asked.atOnce -= 1;
      return key.includes(ids.at(-1) ?? '') ? null : { key, bytes: 1, modifiedAt: new Date(0) };
    },
    async get(key: string): Promise<never> {
      throw new Error(`read ${key}`);
    },
  } as unknown as Store;
  return { store, asked };
}

test('the newest backup is found without a look at every other', async () => {
  const { store, asked } = oldStore();
  await expect(findBackup(store, 'shop', 'latest', signal)).rejects.toThrow(`read shop/${ids.at(-2)}/manifest.json`);
  expect(asked.all).toBe(2);
});

test('a long list is asked for a few at a time', async () => {
  const { store, asked } = oldStore();
  expect(await listBackupIds(store, 'shop', signal)).toEqual(ids.slice(0, -1).reverse());
  expect(asked.most).toBeLessThanOrEqual(16);
});
