import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { closest, distance } from 'fastest-levenshtein';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, backupFolder, databaseFolder, databaseOfFolder, manifestKey } from '../format/layout.ts';
import { type Manifest, parseManifest } from '../format/manifest.ts';
import { type Proof, parseProof } from '../format/proof.ts';
import type { Store } from '../storage/store.ts';

export interface FoundBackup {
  readonly database: string;
  readonly id: string;
  readonly manifest: Manifest;
  /** Of the manifest's bytes as they are in the store: what a proof is bound to. */
  readonly manifestSha256: string;
}

/** Databases that have a folder in the store, by their own names. */
export async function listDatabases(store: Store, signal: AbortSignal): Promise<string[]> {
  return (await store.folders('', { signal })).map(databaseOfFolder).filter((database) => database !== null);
}

/** Ids of the folders that have a manifest, newest first. Any other folder is not a backup. */
export async function listBackupIds(store: Store, database: string, signal: AbortSignal): Promise<string[]> {
  const candidates = await newestFirst(store, database, signal);
  const ids: string[] = [];
  for (let i = 0; i < candidates.length; i += HEADS_AT_ONCE) {
    const some = candidates.slice(i, i + HEADS_AT_ONCE);
    const whole = await Promise.all(some.map((id) => hasManifest(store, database, id, signal)));
    ids.push(...some.filter((_, at) => whole[at]));
  }
  return ids;
}

/**
 * Finds a backup by its id, or the newest.
 * @throws LifeboatError `no-backups`, `unknown-backup` (with the nearest id), `manifest-missing`, `manifest-malformed`, `manifest-newer`
 */
export async function findBackup(store: Store, database: string, which: string, signal: AbortSignal): Promise<FoundBackup> {
  const candidates = await newestFirst(store, database, signal);
  if (which === 'latest') {
    for (const id of candidates) if (await hasManifest(store, database, id, signal)) return readBackup(store, database, id, signal);
    throw await noBackups(store, database, signal);
  }
  if (candidates.includes(which)) return readBackup(store, database, which, signal);
  const ids = await listBackupIds(store, database, signal);
  if (ids.length === 0) throw await noBackups(store, database, signal);
  throw new LifeboatError(
    'unknown-backup',
    `${database} has no backup ${which} in ${store.url}.`,
    `The nearest id is ${closest(which, ids)}; lifeboat list shows all ${ids.length}.`,
    { details: { backup: which, nearest: closest(which, ids) } },
  );
}

/** Ids of all folders that could be backups. */
async function newestFirst(store: Store, database: string, signal: AbortSignal): Promise<string[]> {
  return (await store.folders(databaseFolder(database), { signal })).filter((name) => BACKUP_ID.test(name)).reverse();
}

async function hasManifest(store: Store, database: string, id: string, signal: AbortSignal): Promise<boolean> {
  return (await store.head(manifestKey(database, id), { signal })) !== null;
}

/** Fewer than the connections that the SDK keeps to a server, and a store may hold years of nightly backups. */
const HEADS_AT_ONCE = 16;

export async function readBackup(store: Store, database: string, id: string, signal: AbortSignal): Promise<FoundBackup> {
  const key = manifestKey(database, id);
  const json = await readText(store, key, signal);
  if (json === null) throw noManifest(store, database, id);
  const manifest = parseManifest(json, `${store.url}/${key}`);
  return { database, id, manifest, manifestSha256: createHash('sha256').update(json).digest('hex') };
}

/** Proofs made against this very manifest, or an earlier one with the same contents, newest first. One that cannot be read proves nothing. */
export async function readProofs(store: Store, backup: FoundBackup, signal: AbortSignal): Promise<Proof[]> {
  const keys: string[] = [];
  for await (const object of store.list(`${backupFolder(backup.database, backup.id)}/proofs`, { signal })) keys.push(object.key);
  const texts = await Promise.all(keys.map((key) => readText(store, key, signal)));
  const { manifest, manifestSha256 } = backup;
  const valid = new Set([manifestSha256, ...(manifest.rotations ?? []).map((rotation) => rotation.manifestSha256)]);
  return texts
    .flatMap((json) => (json === null ? [] : (parseProof(json) ?? [])))
    .filter((proof) => valid.has(proof.manifestSha256))
    .sort((a, b) => (a.at < b.at ? 1 : -1));
}

async function readText(store: Store, key: string, signal: AbortSignal): Promise<string | null> {
  try {
    return await text(await store.get(key, { signal }));
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'object-missing') return null;
    throw error;
  }
}

function noManifest(store: Store, database: string, id: string): LifeboatError {
  return new LifeboatError(
    'manifest-missing',
    `${store.url}/${backupFolder(database, id)} has no manifest, so it is not a backup.`,
    'Use another backup: lifeboat list shows those that are whole. A backup that was interrupted leaves such a folder.',
    { details: { backup: id } },
  );
}

async function noBackups(store: Store, database: string, signal: AbortSignal): Promise<LifeboatError> {
  const others = (await listDatabases(store, signal)).sort((a, b) => distance(a, database) - distance(b, database)).slice(0, 5);
  return new LifeboatError(
    'no-backups',
    `${store.url} holds no backup of ${database}.`,
    others.length > 0 ? `There are backups of ${others.join(', ')}: check --database.` : 'Check --storage; lifeboat backup makes the first one.',
    { details: { database, others } },
  );
}
