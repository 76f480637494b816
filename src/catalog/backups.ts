import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { closest, distance } from 'fastest-levenshtein';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, backupFolder, databaseFolder, databaseOfFolder, isProof, manifestKey, proofSignatureKey } from '../format/layout.ts';
import { type Manifest, parseManifest } from '../format/manifest.ts';
import { type Proof, parseProof } from '../format/proof.ts';
import { isSignedByAny } from '../signing/signature.ts';
import type { Store } from '../storage/store.ts';

export interface FoundBackup {
  readonly database: string;
  readonly id: string;
  readonly manifest: Manifest;
  /** Of the manifest's bytes as they are in the store: what a proof is bound to. */
  readonly manifestSha256: string;
  /** What a signature is over. */
  readonly manifestBytes: Buffer;
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
  const bytes = await readWhole(store, key, signal);
  if (bytes === null) throw noManifest(store, database, id);
  const manifest = parseManifest(bytes.toString(), `${store.url}/${key}`);
  return { database, id, manifest, manifestSha256: createHash('sha256').update(bytes).digest('hex'), manifestBytes: bytes };
}

/** Whether a backup still has the manifest that was read of it: `rotate-recipients` replaces it, and `prune` deletes it. */
export async function isUnchanged(store: Store, { database, id, manifestSha256 }: FoundBackup, signal: AbortSignal): Promise<boolean> {
  const bytes = await readWhole(store, manifestKey(database, id), signal);
  return bytes !== null && createHash('sha256').update(bytes).digest('hex') === manifestSha256;
}

/** The proofs that count, newest first. */
export async function readProofs(store: Store, backup: FoundBackup, signal: AbortSignal, publicKeys: readonly string[] = []): Promise<Proof[]> {
  return (await judgeProofs(store, backup, publicKeys, signal)).proofs;
}

/**
 * Proofs made against this very manifest, or an earlier one with the same contents, newest first. One that cannot be read proves nothing,
 * nor does one that none of `publicKeys`, where there are any, has signed: those are only counted.
 */
export async function judgeProofs(
  store: Store,
  backup: FoundBackup,
  publicKeys: readonly string[],
  signal: AbortSignal,
): Promise<{ proofs: Proof[]; unsigned: number }> {
  const keys: string[] = [];
  for await (const object of store.list(`${backupFolder(backup.database, backup.id)}/proofs`, { signal })) keys.push(object.key);
  const isTrusted = async (key: string, bytes: Buffer) => {
    if (publicKeys.length === 0) return true;
    const signature = await readWhole(store, proofSignatureKey(key), signal);
    return signature !== null && isSignedByAny(bytes, signature, publicKeys);
  };
  const { manifest, manifestSha256 } = backup;
  const valid = new Set([manifestSha256, ...(manifest.rotations ?? []).map((rotation) => rotation.manifestSha256)]);
  const read = keys.filter(isProof).map(async (key) => {
    const bytes = await readWhole(store, key, signal);
    const proof = bytes === null ? null : parseProof(bytes.toString());
    if (bytes === null || proof === null || !valid.has(proof.manifestSha256)) return [];
    return [{ proof, trusted: await isTrusted(key, bytes) }];
  });
  const found = (await Promise.all(read)).flat();
  const trusted = found.filter((one) => one.trusted).map(({ proof }) => proof);
  return { proofs: trusted.sort((a, b) => (a.at < b.at ? 1 : -1)), unsigned: found.length - trusted.length };
}

/** `null` when it is not there. */
export async function readWhole(store: Store, key: string, signal: AbortSignal): Promise<Buffer | null> {
  try {
    return await buffer(await store.get(key, { signal }));
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
