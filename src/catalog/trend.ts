import { text } from 'node:stream/consumers';
import type { Context } from '../context.ts';
import { BACKUP_ID, databaseFolder, isProof } from '../format/layout.ts';
import { type Proof, parseProof } from '../format/proof.ts';
import { openFrom, type StoresOptions } from '../storage/copies.ts';
import type { Store } from '../storage/store.ts';

const MOST_PROOFS = 10;
/** So many folders are looked into and no more: a store may hold years of nightly backups. */
const MOST_BACKUPS = 60;
const AT_ONCE = 8;

/** The newest proofs of a database, newest first, whatever backup each was made of. One that cannot be read is left out; it is only for a look. */
export async function readTrend(options: StoresOptions & { readonly database: string }, context: Context): Promise<Proof[]> {
  try {
    const store = await openFrom(options, context.environment);
    try {
      return await newestProofs(store, options.database, context.signal);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (context.signal.aborted) throw error;
    context.log.warn(`Earlier proofs could not be read: ${(error as Error).message}`);
    return [];
  }
}

async function newestProofs(store: Store, database: string, signal: AbortSignal): Promise<Proof[]> {
  const folder = databaseFolder(database);
  const ids = (await store.folders(folder, { signal })).filter((name) => BACKUP_ID.test(name)).reverse();
  const keys: string[] = [];
  for (let i = 0; i < Math.min(ids.length, MOST_BACKUPS); i += AT_ONCE) {
    const batch = ids.slice(i, i + AT_ONCE);
    keys.push(...(await Promise.all(batch.map((id) => proofKeys(store, `${folder}/${id}/proofs`, signal)))).flat());
  }
  // a proof's name begins with its time
  const newest = keys.sort((a, b) => nameOf(b).localeCompare(nameOf(a))).slice(0, MOST_PROOFS);
  const proofs = await Promise.all(newest.map(async (key) => parseProof(await text(await store.get(key, { signal })))));
  return proofs.filter((proof) => proof !== null);
}

async function proofKeys(store: Store, folder: string, signal: AbortSignal): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(folder, { signal })) if (isProof(key)) keys.push(key);
  return keys;
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}
