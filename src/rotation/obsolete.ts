import { type FoundBackup, isUnchanged } from '../catalog/backups.ts';
import { LifeboatError } from '../errors.ts';
import { backupFolder, partKey } from '../format/layout.ts';
import { rotationLeftovers } from '../format/rotation.ts';
import { ORPHAN_SECONDS } from '../retention/orphans.ts';
import type { Store, StoredObject } from '../storage/store.ts';

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

/**
 * Deletes what an earlier rotation of this backup left, by the manifest as it is now; answers with what stays. New parts of which nobody knows
 * whether their rotation is still at work stay until the youngest of them is a day old, as what any backup leaves.
 * @throws LifeboatError `already-exists` when another rotation has changed the backup since it was read
 */
export async function deleteLeftovers(cleaning: Cleaning, backup: FoundBackup, now: Date, signal: AbortSignal): Promise<Remaining[]> {
  const { store } = cleaning;
  const objects = await objectsIn(store, backup, signal);
  // what was read before may be of before another rotation: its parts are all that there is
  if (!(await isUnchanged(store, backup, signal))) throw changed(backup.id);
  const { replaced, unfinished } = rotationLeftovers(backup.manifest, [...objects.keys()]);
  const youngest = Math.max(0, ...unfinished.map((name) => objects.get(name)?.modifiedAt.getTime() ?? 0));
  const isOver = now.getTime() - youngest > ORPHAN_SECONDS * 1000;
  const kept = isOver ? [] : unfinished.map((name) => ({ object: partKey(backup.database, backup.id, name), reason: MAY_BE_AT_WORK }));
  return [...kept, ...(await deleteObsolete(cleaning, backup, isOver ? [...replaced, ...unfinished] : replaced, signal))];
}

const MAY_BE_AT_WORK = 'a rotation that is at work or was interrupted wrote it less than a day ago';

export function changed(id: string): LifeboatError {
  return new LifeboatError(
    'already-exists',
    `Backup ${id} was changed while it was encrypted anew; it was left as it is.`,
    'Let one rotate-recipients run at a time, and run it again.',
    { details: { backup: id } },
  );
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

/** Each object in a backup's folder, by its name there. */
export async function objectsIn(store: Store, { database, id }: FoundBackup, signal: AbortSignal): Promise<Map<string, StoredObject>> {
  const folder = backupFolder(database, id);
  const objects = new Map<string, StoredObject>();
  for await (const object of store.list(folder, { signal })) objects.set(object.key.slice(folder.length + 1), object);
  return objects;
}
