import { listBackupIds, readBackup, readProofs } from '../catalog/backups.ts';
import { isDistrust, trustManifest } from '../catalog/trust.ts';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, databaseFolder, isProof } from '../format/layout.ts';
import type { Store } from '../storage/store.ts';
import type { StoredBackup, StoredProof } from './freshness.ts';

export interface StoredDatabase {
  readonly backups: readonly StoredBackup[];
  readonly proofs: readonly StoredProof[];
}

/**
 * What has to be known of a database to judge how fresh it is. Of backups, the newest that can be read and what is newer; of proofs, all
 * until the newest that counts: a store that holds years is not read to its end.
 * @returns `null` when the folder holds nothing that looks like a backup
 */
export async function readDatabase(
  store: Store,
  database: string,
  publicKeys: readonly string[],
  signal: AbortSignal,
): Promise<StoredDatabase | null> {
  const folders = await store.folders(databaseFolder(database), { signal });
  if (!folders.some((name) => BACKUP_ID.test(name))) return null;
  const ids = await listBackupIds(store, database, signal);
  const backups: StoredBackup[] = [];
  for (const id of ids) {
    const found = await readOrNull(store, database, id, publicKeys, signal);
    backups.push({ id, snapshotAt: found?.manifest.snapshot.at ?? null });
    if (found !== null) break;
  }
  return { backups: [...backups, ...ids.slice(backups.length).map(asUnread)], proofs: await newestProofs(store, database, ids, publicKeys, signal) };
}

/** The id of a backup says to the second when its snapshot was taken. */
function asUnread(id: string): StoredBackup {
  return { id, snapshotAt: timeOf(id) };
}

async function newestProofs(
  store: Store,
  database: string,
  ids: readonly string[],
  publicKeys: readonly string[],
  signal: AbortSignal,
): Promise<StoredProof[]> {
  const proofs: StoredProof[] = [];
  for (const [id, newest] of await drilledBackups(store, database, ids, signal)) {
    // Names of proofs begin with their time, so whatever else there is would be older.
    if (proofs.some(({ verdict, at }) => verdict === 'proven' && Date.parse(at) >= Date.parse(newest))) break;
    const backup = await readOrNull(store, database, id, publicKeys, signal);
    if (backup === null) continue;
    const snapshotAt = backup.manifest.snapshot.at;
    const trusted = await readProofs(store, backup, signal, publicKeys);
    proofs.push(...trusted.map(({ at, verdict }) => ({ backup: id, at, snapshotAt, verdict })));
  }
  return proofs;
}

/** Ids of backups with proofs, and when the newest of them was made; the most recently drilled first. */
async function drilledBackups(store: Store, database: string, ids: readonly string[], signal: AbortSignal): Promise<[string, string][]> {
  const drilled = new Map<string, string>();
  for await (const { key } of store.list(databaseFolder(database), { signal })) {
    const [, id = '', name = ''] = /([^/]+)\/proofs\/([^/]+)$/.exec(key) ?? [];
    if (ids.includes(id) && isProof(key) && name > (drilled.get(id) ?? '')) drilled.set(id, name);
  }
  return [...drilled].sort(([, a], [, b]) => (a < b ? 1 : -1)).map(([id, name]) => [id, timeOf(name)]);
}

/** `null` for one that cannot be read, or that nobody trusted has signed. */
async function readOrNull(store: Store, database: string, id: string, publicKeys: readonly string[], signal: AbortSignal) {
  try {
    const backup = await readBackup(store, database, id, signal);
    await trustManifest(store, backup, publicKeys, signal);
    return backup;
  } catch (error) {
    if (!isDistrust(error) && !(error instanceof LifeboatError && error.code.startsWith('manifest-'))) throw error;
    return null;
  }
}

/** 20261120T020013Z-3f9a as 2026-11-20T02:00:13Z. */
function timeOf(name: string): string {
  return name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/s, '$1-$2-$3T$4:$5:$6Z');
}
