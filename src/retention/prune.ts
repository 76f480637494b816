import { findBackup } from '../catalog/backups.ts';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { backupFolder, manifestKey } from '../format/layout.ts';
import type { PruneOptions } from '../options/prune.ts';
import { counted } from '../report/format.ts';
import { openStoreFor } from '../storage/from-options.ts';
import type { Protection, Store } from '../storage/store.ts';
import { findOrphans, type Leftovers, type Orphan } from './orphans.ts';
import { type Decision, decide, type Policy } from './policy.ts';
import { readBackups, readFolders, type UnreadableBackup } from './read.ts';

export interface PruneResult {
  readonly ok: true;
  /** Whether what is not kept was deleted, or only would be. */
  readonly applied: boolean;
  readonly storage: string;
  readonly database: string;
  /** ISO time that ages are counted from. */
  readonly at: string;
  readonly policy: Policy;
  /** Newest first. */
  readonly decisions: readonly (Decision & { readonly bytes: number })[];
  /** Backups whose manifest cannot be read or is not trusted: nobody decides about them, and they are never deleted. */
  readonly unreadable: readonly UnreadableBackup[];
  readonly orphans: readonly Orphan[];
  /** What was deleted, or would be, as far as its size is known. */
  readonly deletedBytes: number;
  /** Whether a delete only hides an object, whose version stays until a lifecycle rule removes it; `null` where that may not be asked. */
  readonly versions: boolean | null;
  readonly notExamined: readonly { readonly object: string; readonly reason: string }[];
}

/**
 * Deletes the backups that the retention does not keep, and what interrupted backups left; without `apply`, only says what it would delete.
 * @throws LifeboatError `no-backups`, and whatever the store says
 */
export async function prune(options: PruneOptions, context: Context, now: Date = new Date()): Promise<PruneResult> {
  const store = await openStoreFor(options, context.environment);
  try {
    return await pruneStore(store, options, context, now);
  } finally {
    await store.close();
  }
}

/** The same, in a store that is open already. */
export async function pruneStore(
  store: Store,
  options: Omit<PruneOptions, 'storage'>,
  { signal, log }: Context,
  now: Date = new Date(),
): Promise<PruneResult> {
  const { database, apply } = options;
  const policy = policyOf(options);
  const folders = await readFolders(store, database, signal);
  const protection = await store.protection({ signal });
  const locks = protection.locks === true;
  const orphans = await findOrphans(store, database, folders, { now, locks }, signal);
  const whole = folders.filter(({ hasManifest }) => hasManifest);
  // a name that is mistyped is worth an error, with the nearest
  if (folders.length === 0 && orphans.uploads.length === 0) await findBackup(store, database, 'latest', signal);
  const { backups, unreadable, unsignedProofs } = await readBackups(
    store,
    database,
    whole.map(({ id }) => id),
    { publicKeys: options.publicKey, locks },
    signal,
  );
  const sizes = new Map(whole.map(({ id, bytes }) => [id, bytes]));
  const decisions = decide(backups, policy, now).map((decision) => ({ ...decision, bytes: sizes.get(decision.id) ?? 0 }));
  const doomed = decisions.filter(({ action }) => action === 'delete');
  const reaped = orphans.folders.filter(({ action }) => action === 'delete');
  for (const { id, error } of unreadable) log.warn(`Backup ${id} is left alone: ${error}`);
  const notExamined = [...orphans.notExamined, ...notAsked(protection), ...notCounted(unsignedProofs)];
  for (const { object, reason } of notExamined) log.warn(`Not examined: ${object}: ${reason}`);
  if (apply) await deleteAll(store, database, doomed, orphans, signal);
  return {
    ok: true,
    applied: apply,
    storage: store.url,
    database,
    at: now.toISOString(),
    policy,
    decisions,
    unreadable,
    orphans: [...orphans.folders, ...orphans.uploads].map(toOrphan),
    deletedBytes: [...doomed, ...reaped].reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    versions: protection.versions,
    notExamined,
  };
}

const AT_ONCE = 8;

/** Without what deletes it. */
function toOrphan({ kind, key, since, bytes, action, lockedUntil }: Orphan): Orphan {
  return { kind, key, since, bytes, action, ...(lockedUntil === undefined ? {} : { lockedUntil }) };
}

function notCounted(unsignedProofs: number): PruneResult['notExamined'] {
  if (unsignedProofs === 0) return [];
  const reason = 'none of the public keys has signed them, so they count for nothing: drills need the signing key too';
  return [{ object: counted(unsignedProofs, 'proof'), reason }];
}

function notAsked({ locks, versions }: Protection): PruneResult['notExamined'] {
  return [
    ...(locks === null
      ? [{ object: 'locks', reason: 'whether the bucket locks objects may not be asked, which takes s3:GetBucketObjectLockConfiguration' }]
      : []),
    ...(versions === null
      ? [{ object: 'versions', reason: 'whether the bucket keeps what is deleted may not be asked, which takes s3:GetBucketVersioning' }]
      : []),
  ];
}

function policyOf(options: Omit<PruneOptions, 'storage'>): Policy {
  const { keepLast, keepWithin, daily, weekly, monthly, yearly, timezone, keepFailed, minKeep } = options;
  return { keepLast, keepWithinSeconds: keepWithin, daily, weekly, monthly, yearly, timezone, keepFailedSeconds: keepFailed, minKeep };
}

/** Oldest first: where it is interrupted, what is left is the younger. */
async function deleteAll(store: Store, database: string, doomed: readonly Decision[], orphans: Leftovers, signal: AbortSignal): Promise<void> {
  const old = <T extends Orphan>(all: readonly T[]) => all.filter(({ action }) => action === 'delete');
  await allOrNothing(
    signal,
    inTurns(
      [
        ...old(orphans.uploads).map(
          ({ upload }) =>
            (stop: AbortSignal) =>
              store.abandon(upload, { signal: stop }),
        ),
        ...old(orphans.folders).map(
          ({ id }) =>
            (stop: AbortSignal) =>
              reapFolder(store, database, id, stop),
        ),
        ...doomed.toReversed().map(
          ({ id }) =>
            (stop: AbortSignal) =>
              deleteBackup(store, database, id, stop),
        ),
      ],
      AT_ONCE,
    ),
  );
}

/** The manifest first: from then on the rest is no backup, and whoever is interrupted leaves nothing that looks whole. */
async function deleteBackup(store: Store, database: string, id: string, signal: AbortSignal): Promise<void> {
  await store.delete(manifestKey(database, id), { signal });
  await deleteRest(store, database, id, signal);
}

/** A manifest that has come since it was listed makes it a backup: it stays. */
async function reapFolder(store: Store, database: string, id: string, signal: AbortSignal): Promise<void> {
  if ((await store.head(manifestKey(database, id), { signal })) === null) await deleteRest(store, database, id, signal);
}

/** Proofs, then parts; never a manifest. */
async function deleteRest(store: Store, database: string, id: string, signal: AbortSignal): Promise<void> {
  const folder = backupFolder(database, id);
  const keys: string[] = [];
  for await (const { key } of store.list(folder, { signal })) if (key !== manifestKey(database, id)) keys.push(key);
  const isProof = (key: string) => key.startsWith(`${folder}/proofs/`);
  for (const key of keys.sort((a, b) => Number(isProof(b)) - Number(isProof(a)))) await store.delete(key, { signal });
}
