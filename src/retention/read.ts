import { judgeProofs, readBackup } from '../catalog/backups.ts';
import { isDistrust, trustManifest } from '../catalog/trust.ts';
import { allOrNothing, inTurns } from '../concurrency.ts';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, databaseFolder, MANIFEST_NAME, manifestKey } from '../format/layout.ts';
import type { Proof } from '../format/proof.ts';
import type { Store } from '../storage/store.ts';
import type { RetainedBackup } from './policy.ts';

/** A folder with the id of a backup, and what lies in it. */
export interface BackupFolder {
  readonly id: string;
  readonly bytes: number;
  /** When its newest object was written. */
  readonly newest: Date;
  /** Without one it is no backup. */
  readonly hasManifest: boolean;
}

export interface UnreadableBackup {
  readonly id: string;
  readonly error: string;
}

const AT_ONCE = 16;

/** Every folder of a database that has the id of a backup, by one listing; whatever else lies there is somebody else's. */
export async function readFolders(store: Store, database: string, signal: AbortSignal): Promise<BackupFolder[]> {
  const root = databaseFolder(database);
  const folders = new Map<string, BackupFolder>();
  for await (const { key, bytes, modifiedAt } of store.list(root, { signal })) {
    const [id = '', ...rest] = key.slice(root.length + 1).split('/');
    if (!BACKUP_ID.test(id) || rest.length === 0) continue;
    const before = folders.get(id) ?? { id, bytes: 0, newest: new Date(0), hasManifest: false };
    folders.set(id, {
      id,
      bytes: before.bytes + bytes,
      newest: modifiedAt > before.newest ? modifiedAt : before.newest,
      hasManifest: before.hasManifest || rest.join('/') === MANIFEST_NAME,
    });
  }
  return [...folders.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

/** What retention has to know of each backup; those whose manifest cannot be read or is not trusted, apart. */
export async function readBackups(
  store: Store,
  database: string,
  ids: readonly string[],
  { publicKeys, locks }: { readonly publicKeys: readonly string[]; readonly locks: boolean },
  signal: AbortSignal,
) {
  const backups: RetainedBackup[] = [];
  const unreadable: UnreadableBackup[] = [];
  let unsignedProofs = 0;
  const tasks = ids.map((id) => async (stop: AbortSignal) => {
    try {
      const backup = await readBackup(store, database, id, stop);
      await trustManifest(store, backup, publicKeys, stop);
      const { proofs, unsigned } = await judgeProofs(store, backup, publicKeys, stop);
      unsignedProofs += unsigned;
      const lockedUntil = locks ? await store.lockedUntil(manifestKey(database, id), { signal: stop }) : null;
      backups.push({ id, at: backup.manifest.snapshot.at, ...judge(proofs), lockedUntil });
    } catch (error) {
      if (!(error instanceof LifeboatError) || !(isDistrust(error) || error.code.startsWith('manifest-'))) throw error;
      // gone since it was listed: another prune was there
      if (error.code !== 'manifest-missing') unreadable.push({ id, error: error.message });
    }
  });
  await allOrNothing(signal, inTurns(tasks, AT_ONCE));
  return { backups, unreadable: unreadable.sort((a, b) => (a.id < b.id ? 1 : -1)), unsignedProofs };
}

/** A drill that could not examine everything takes back neither a proof nor a failure. */
function judge(newestFirst: readonly Proof[]): Pick<RetainedBackup, 'state' | 'provenAt' | 'failedAt'> {
  const timeOf = (wanted: Proof['verdict']) => newestFirst.find(({ verdict }) => verdict === wanted)?.at ?? null;
  const last = newestFirst.find(({ verdict }) => verdict !== 'incomplete')?.verdict;
  return { state: last ?? (newestFirst.length > 0 ? 'incomplete' : 'unproven'), provenAt: timeOf('proven'), failedAt: timeOf('failed') };
}
