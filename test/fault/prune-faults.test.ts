import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listBackupIds } from '../../src/catalog/backups.ts';
import { LifeboatError } from '../../src/errors.ts';
import { MANIFEST_NAME, manifestKey, partKey } from '../../src/format/layout.ts';
import { pruneOptions } from '../../src/options/prune.ts';
import { pruneStore } from '../../src/retention/prune.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { recordingContext } from '../harness/engine.ts';
import { isWhole, objectsOf, writeBackup } from '../harness/history.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { rejectionOf } from '../harness/thrown.ts';

const DAY_MS = 86_400_000;
const KEPT = 2;
const BACKUPS = 6;
/** Of each: a manifest, a proof, three parts. */
const DELETES = (BACKUPS - KEPT) * 5;
const signal = new AbortController().signal;
/** Whatever was written just now is debris of old. */
const LATER = new Date(Date.now() + 2 * DAY_MS);

let folder: string;
let bucket: TestBucket;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-prune-faults-'));
  bucket = await createTestBucket();
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true, force: true });
});

const stopped = () => new LifeboatError('store-unreachable', 'The test stops here.', 'None.');

/** The store is gone once so many deletes were asked for; the last of them done, or not. */
function stoppingAfter(store: Store, deletes: number, isLastDone: boolean, deleted: string[]): Store {
  let asked = 0;
  return {
    ...store,
    async delete(key, options) {
      asked += 1;
      if (asked > deletes || (asked === deletes && !isLastDone)) throw stopped();
      await store.delete(key, options);
      deleted.push(key);
      if (asked === deletes) throw stopped();
    },
  };
}

async function sixProven(store: Store): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < BACKUPS; i += 1) {
    ids.push(await writeBackup(store, 'shop', { at: new Date(Date.now() - i * DAY_MS).toISOString(), drills: ['proven'] }));
  }
  return ids;
}

const prune = (store: Store, context = recordingContext()) =>
  pruneStore(store, pruneOptions.parse({ storage: store.url, database: 'shop', daily: '2', minKeep: '1', apply: true }), context, LATER);

/** Each backup is whole, or it is none. */
async function expectWholeOrNot(store: Store, kept: readonly string[]): Promise<void> {
  const listed = await listBackupIds(store, 'shop', signal);
  expect(listed).toEqual(expect.arrayContaining([...kept]));
  for (const id of listed) expect(await isWhole(store, 'shop', id)).toBe(true);
}

describe.each([
  ['a file store', (name: string) => openFileStore(pathToFileURL(join(folder, name)).href), Array.from({ length: DELETES }, (_, i) => i + 1)],
  ['an S3 store', (name: string) => bucket.open(name), [1, 2, 7, DELETES]],
])('a prune of %s that is interrupted', (_, open, points) => {
  test.each(points.flatMap((n) => [[n, true] as const, [n, false] as const]))(
    'at delete %i (done: %s) leaves every backup whole or not at all, and the next one finishes',
    async (n, isLastDone) => {
      const store = await open(`at-${n}-${isLastDone}`);
      const ids = await sixProven(store);
      const kept = ids.slice(0, KEPT);
      const deleted: string[] = [];
      expect(await rejectionOf(prune(stoppingAfter(store, n, isLastDone, deleted)))).toMatchObject({ code: 'store-unreachable' });
      // those that were under way beside it are given up, and may have been done
      expect(deleted.length).toBeLessThanOrEqual(isLastDone ? n : n - 1);
      await expectWholeOrNot(store, kept);
      for (const id of ids.slice(KEPT)) {
        const ofIt = deleted.filter((key) => key.includes(id));
        if (ofIt.length > 0) expect(ofIt[0]).toBe(manifestKey('shop', id));
      }

      await prune(store);
      expect(await store.folders('shop')).toEqual(kept.toReversed());
      await expectWholeOrNot(store, kept);
      await store.close();
    },
  );
});

describe('a prune', () => {
  const open = (name: string) => openFileStore(pathToFileURL(join(folder, name)).href);

  test('that is told to stop, stops, and throws the reason', async () => {
    const store = open('cancelled');
    const ids = await sixProven(store);
    const controller = new AbortController();
    const reason = new LifeboatError('cancelled', 'Stopped.', 'None.');
    const stopping: Store = {
      ...store,
      async delete(key, options) {
        await store.delete(key, options);
        controller.abort(reason);
      },
    };
    expect(await rejectionOf(prune(stopping, recordingContext(controller.signal)))).toBe(reason);
    await expectWholeOrNot(store, ids.slice(0, KEPT));
  });

  test('decides nothing when a manifest cannot be fetched', async () => {
    const store = open('unreachable');
    const ids = await sixProven(store);
    const failing: Store = {
      ...store,
      async get(key, options) {
        if (key === manifestKey('shop', ids[0] ?? '')) throw stopped();
        return store.get(key, options);
      },
    };
    expect(await rejectionOf(prune(failing))).toMatchObject({ code: 'store-unreachable' });
    expect(await listBackupIds(store, 'shop', signal)).toEqual(ids);
  });

  test('keeps a folder that becomes a backup after it was listed', async () => {
    const store = open('late');
    const id = await writeBackup(store, 'shop', { at: new Date().toISOString() });
    const manifest = manifestKey('shop', id);
    const late: Store = {
      ...store,
      async *list(of, options) {
        for await (const object of store.list(of, options)) if (object.key !== manifest) yield object;
      },
    };
    expect((await prune(late)).orphans).toMatchObject([{ key: `shop/${id}`, action: 'delete' }]);
    expect(await isWhole(store, 'shop', id)).toBe(true);
  });

  test('does not take a proof of another manifest for one, nor one that cannot be read', async () => {
    const store = open('forged');
    const ids = await sixProven(store);
    for (const id of ids.slice(0, 3)) {
      for (const name of (await objectsOf(store, 'shop', id)).filter((one) => one.startsWith('proofs/'))) {
        await store.put(partKey('shop', id, name), Buffer.from(name.length % 2 === 0 ? '{}' : '{"verdict":"proven"}'));
      }
    }
    const { decisions } = await prune(store);
    expect(decisions.map(({ state }) => state)).toEqual(['unproven', 'unproven', 'unproven', 'proven', 'proven', 'proven']);
    expect(decisions.map(({ action }) => action)).toEqual(['keep', 'keep', 'keep', 'keep', 'keep', 'delete']);
    expect(await store.head(partKey('shop', ids[5] ?? '', MANIFEST_NAME))).toBeNull();
  });
});
