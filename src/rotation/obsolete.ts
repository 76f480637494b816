import type { FoundBackup } from '../catalog/backups.ts';
import { LifeboatError } from '../errors.ts';
import { backupFolder, partKey } from '../format/layout.ts';
import { rotationLeftovers } from '../format/rotation.ts';
import type { Store } from '../storage/store.ts';

/** An object that nobody reads any more and that is still there. */
export interface Remaining {
  readonly object: string;
  readonly reason: string;
  /** ISO time, or `legal-hold`, where a lock is what keeps it. */
  readonly lockedUntil?: string;
}

/** A store, and whether it can lock objects, as far as it may be asked. */
export interface Cleaning {
  readonly store: Store;
  readonly locks: boolean;
}

/** Deletes what an earlier rotation of this backup left; answers with what would not go. */
export async function deleteLeftovers(cleaning: Cleaning, backup: FoundBackup, signal: AbortSignal): Promise<Remaining[]> {
  const names = [...(await sizesIn(cleaning.store, backup, signal)).keys()];
  return deleteObsolete(cleaning, backup, rotationLeftovers(backup.manifest, names), signal);
}

/** Deletes objects of a backup's folder, one by one; one that is locked or will not go is left for the next run. */
export async function deleteObsolete(
  cleaning: Cleaning,
  { database, id }: FoundBackup,
  names: readonly string[],
  signal: AbortSignal,
): Promise<Remaining[]> {
  const remaining: Remaining[] = [];
  for (const name of names) {
    const object = partKey(database, id, name);
    try {
      const lockedUntil = cleaning.locks ? await cleaning.store.lockedUntil(object, { signal }) : null;
      if (lockedUntil === 'legal-hold' || (lockedUntil !== null && Date.parse(lockedUntil) > Date.now())) {
        remaining.push({ object, reason: lockedUntil === 'legal-hold' ? 'a legal hold is on it' : `it is locked until ${lockedUntil}`, lockedUntil });
      } else {
        await cleaning.store.delete(object, { signal });
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof LifeboatError)) throw error;
      remaining.push({ object, reason: error.message });
    }
  }
  return remaining;
}

/** Bytes of each object in a backup's folder, by its name there. */
export async function sizesIn(store: Store, { database, id }: FoundBackup, signal: AbortSignal): Promise<Map<string, number>> {
  const folder = backupFolder(database, id);
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of store.list(folder, { signal })) sizes.set(key.slice(folder.length + 1), bytes);
  return sizes;
}
