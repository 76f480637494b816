import { judgeProofs, readBackup } from '../catalog/backups.ts';
import { distrustOf } from '../catalog/trust.ts';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, databaseFolder } from '../format/layout.ts';
import type { Store } from '../storage/store.ts';
import { type Drilled, HIDDEN, measureIndexes, NEVER_DRILLED, type NotMeasured } from './bloat/measured.ts';

/**
 * The indexes of the newest backup whose drill has built them anew.
 * @param publicKeys where there are any, only what one of them has signed counts, of backups and of proofs
 */
export async function findMeasuredSource(store: Store, database: string, publicKeys: readonly string[], signal: AbortSignal): Promise<Drilled> {
  let why = NEVER_DRILLED;
  for (const id of await drilledBackups(store, database, signal)) {
    try {
      const backup = await readBackup(store, database, id, signal);
      const isTrusted = (await distrustOf(store, backup, publicKeys, signal)) === null;
      const { proofs, unsigned } = await judgeProofs(store, backup, publicKeys, signal);
      const proof = proofs.find(({ indexes }) => indexes.length > 0);
      if (isTrusted && proof !== undefined) return measureIndexes(backup.manifest, proof);
      if (!isTrusted || unsigned > 0) why = UNSIGNED;
      else if (backup.manifest.concealed !== undefined && why === NEVER_DRILLED) why = HIDDEN;
    } catch (error) {
      if (!(error instanceof LifeboatError) || !error.code.startsWith('manifest-')) throw error;
    }
  }
  return why;
}

const UNSIGNED: NotMeasured = {
  why: 'None of the public keys has signed what drills have measured.',
  remedy: 'Drill a signed backup with the signing key (LIFEBOAT_SIGNING_KEY).',
};

/** Ids of backups that have a proof, newest first. */
async function drilledBackups(store: Store, database: string, signal: AbortSignal): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { key } of store.list(databaseFolder(database), { signal })) {
    const [, id = ''] = /([^/]+)\/proofs\/[^/]+$/.exec(key) ?? [];
    if (BACKUP_ID.test(id)) ids.add(id);
  }
  return [...ids].sort().reverse();
}
