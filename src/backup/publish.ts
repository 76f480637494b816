import { text } from 'node:stream/consumers';
import type { Log } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { MANIFEST_NAME, manifestKey, signatureKey } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import { signatureOf } from '../signing/signature.ts';
import type { Store } from '../storage/store.ts';

/**
 * The moment a backup comes into being. Its signature is there before: a backup that is signed is never seen without, and a signature of
 * another name than the manifest's digest says nothing of it.
 * @param signingKey as the option puts it out
 */
export async function publishManifest(
  store: Store,
  { database, id }: { readonly database: string; readonly id: string },
  manifest: Manifest,
  signingKey: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const json = `${JSON.stringify(manifest, null, 1)}\n`;
  const key = manifestKey(database, id);
  if (signingKey !== undefined) {
    const bytes = Buffer.from(json);
    await store.put(signatureKey(database, id, bytes), signatureOf(bytes, signingKey), { signal });
  }
  try {
    await store.put(key, Buffer.from(json), { signal, onlyIfAbsent: true });
  } catch (error) {
    if (!(error instanceof LifeboatError) || error.code !== 'already-exists') throw error;
    // An answer that was lost on the way is asked for again, and then finds what it wrote itself.
    if ((await text(await store.get(key, { signal }))) !== json) throw error;
  }
}

const CLEAN_UP_MS = 1_500;

/**
 * Removes what a failed backup stored. The manifest goes first, in case it landed although its put failed: without one the folder is not a
 * backup, and what cannot be removed in time is only space.
 */
export async function removeUnfinished(store: Store, folder: string, log: Log): Promise<void> {
  const signal = AbortSignal.timeout(CLEAN_UP_MS);
  try {
    await store.delete(`${folder}/${MANIFEST_NAME}`, { signal });
    for await (const object of store.list(folder, { signal })) await store.delete(object.key, { signal });
  } catch (error) {
    log.warn(`Parts of the failed backup remain in ${folder}: ${(error as Error).message}`);
  }
}
