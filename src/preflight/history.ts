import { readBackup, readProofs } from '../catalog/backups.ts';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, databaseFolder } from '../format/layout.ts';
import type { Store } from '../storage/store.ts';
import type { PastBackup } from './predict.ts';

const MOST = 5;
/** Folders looked at: not each has a manifest. */
const MOST_LOOKED_AT = 10;

/** The last backups of a database, newest first, for their rates. */
export async function readHistory(store: Store, database: string, signal: AbortSignal): Promise<PastBackup[]> {
  const ids = (await store.folders(databaseFolder(database), { signal })).filter((name) => BACKUP_ID.test(name)).reverse();
  const past: PastBackup[] = [];
  for (const id of ids.slice(0, MOST_LOOKED_AT)) {
    if (past.length === MOST) break;
    try {
      const backup = await readBackup(store, database, id, signal);
      const [proof] = await readProofs(store, backup, signal);
      const { source, parts, seconds } = backup.manifest;
      past.push({
        databaseBytes: source.bytes,
        storedBytes: parts.reduce((sum, part) => sum + part.stored.bytes, 0),
        backupSeconds: seconds.total,
        drillSeconds: proof === undefined || proof.restoredBytes === 0 ? null : proof.rto.seconds + proof.verification.seconds,
      });
    } catch (error) {
      // one that is under way, or broken, has no rate
      if (!(error instanceof LifeboatError) || !error.code.startsWith('manifest-')) throw error;
    }
  }
  return past;
}
