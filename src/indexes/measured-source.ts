import { readBackup, readProofs } from '../catalog/backups.ts';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, databaseFolder } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import type { Proof } from '../format/proof.ts';
import type { Store } from '../storage/store.ts';

export interface MeasuredSource {
  readonly manifest: Manifest;
  readonly proof: Proof;
}

/** The newest backup whose indexes a drill has built anew, with that drill's proof; `null` when there is none. */
export async function findMeasuredSource(store: Store, database: string, signal: AbortSignal): Promise<MeasuredSource | null> {
  for (const id of await drilledBackups(store, database, signal)) {
    try {
      const backup = await readBackup(store, database, id, signal);
      const proof = (await readProofs(store, backup, signal)).find(({ indexes }) => indexes.length > 0);
      if (proof !== undefined) return { manifest: backup.manifest, proof };
    } catch (error) {
      if (!(error instanceof LifeboatError) || !error.code.startsWith('manifest-')) throw error;
    }
  }
  return null;
}

/** Ids of backups that have a proof, newest first. */
async function drilledBackups(store: Store, database: string, signal: AbortSignal): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { key } of store.list(databaseFolder(database), { signal })) {
    const [, id = ''] = /([^/]+)\/proofs\/[^/]+$/.exec(key) ?? [];
    if (BACKUP_ID.test(id)) ids.add(id);
  }
  return [...ids].sort().reverse();
}
