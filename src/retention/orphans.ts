import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, backupFolder, databaseFolder } from '../format/layout.ts';
import type { LockedUntil, Store, Unfinished } from '../storage/store.ts';
import type { BackupFolder } from './read.ts';

/** What an interrupted backup or prune left. */
export interface Orphan {
  /** `folder`: objects without a manifest. `upload`: begun, and never completed. */
  readonly kind: 'folder' | 'upload';
  /** Of the folder, or of the object that the upload was to become. */
  readonly key: string;
  /** ISO time of the last sign of life. */
  readonly since: string;
  /** `null` where nobody knows. */
  readonly bytes: number | null;
  readonly action: 'keep' | 'delete';
  /** The lock that keeps one that is old enough to go. */
  readonly lockedUntil?: LockedUntil;
}

export interface Leftovers {
  readonly folders: readonly (Orphan & { readonly id: string })[];
  readonly uploads: readonly (Orphan & { readonly upload: Unfinished })[];
  readonly notExamined: readonly { readonly object: string; readonly reason: string }[];
}

/** Whatever is younger may belong to a backup that is being made. */
export const ORPHAN_SECONDS = 24 * 3600;

/** Folders of a database that have no manifest and uploads that never ended, and which of them are old enough to go and not locked. */
export async function findOrphans(
  store: Store,
  database: string,
  folders: readonly BackupFolder[],
  { now, locks }: { readonly now: Date; readonly locks: boolean },
  signal: AbortSignal,
): Promise<Leftovers> {
  const { unfinished, notExamined } = await listUnfinished(store, database, signal);
  const judged = judgeLeftovers(database, folders, unfinished, now);
  return { ...judged, folders: locks ? await keepLocked(store, judged.folders, now, signal) : judged.folders, notExamined };
}

/** What of it is older than a day, by its last sign of life. Pure. */
export function judgeLeftovers(
  database: string,
  folders: readonly BackupFolder[],
  unfinished: readonly Unfinished[],
  now: Date,
): Pick<Leftovers, 'folders' | 'uploads'> {
  const actionFor = (since: Date) => (now.getTime() - since.getTime() > ORPHAN_SECONDS * 1000 ? ('delete' as const) : ('keep' as const));
  const orphanOf = (kind: Orphan['kind'], key: string, since: Date, bytes: number | null): Orphan => {
    return { kind, key, since: since.toISOString(), bytes, action: actionFor(since) };
  };
  const withoutManifest = folders.filter(({ hasManifest }) => !hasManifest);
  return {
    folders: withoutManifest.map(({ id, newest, bytes }) => {
      const key = backupFolder(database, id);
      // a large part may be on its way for long, beside others that are there
      const signs = unfinished.filter((upload) => upload.key.startsWith(`${key}/`)).map(({ since }) => since.getTime());
      return { id, ...orphanOf('folder', key, new Date(Math.max(newest.getTime(), ...signs)), bytes) };
    }),
    uploads: unfinished.map((upload) => ({ upload, ...orphanOf('upload', upload.key, upload.since, null) })),
  };
}

/** Those that hold anything locked stay. */
async function keepLocked<T extends Orphan>(store: Store, orphans: readonly T[], now: Date, signal: AbortSignal): Promise<T[]> {
  const judged: T[] = [];
  for (const orphan of orphans) {
    const lockedUntil = orphan.action === 'delete' ? await lockOfFolder(store, orphan.key, now, signal) : null;
    judged.push(lockedUntil === null ? orphan : { ...orphan, action: 'keep', lockedUntil });
  }
  return judged;
}

async function lockOfFolder(store: Store, folder: string, now: Date, signal: AbortSignal): Promise<LockedUntil | null> {
  let latest: LockedUntil | null = null;
  for await (const { key } of store.list(folder, { signal })) {
    const until = await store.lockedUntil(key, { signal });
    if (until === 'legal-hold') return until;
    if (until !== null && Date.parse(until) > now.getTime() && (latest === null || until > latest)) latest = until;
  }
  return latest;
}

async function listUnfinished(store: Store, database: string, signal: AbortSignal) {
  const folder = databaseFolder(database);
  const unfinished: Unfinished[] = [];
  try {
    for await (const upload of store.unfinished(folder, { signal })) {
      const id = upload.key.startsWith(`${folder}/`) ? (upload.key.slice(folder.length + 1).split('/')[0] ?? '') : null;
      // somebody else's, beside the backups; a store that cannot tell whose it is has only its own
      if (id === null || BACKUP_ID.test(id)) unfinished.push(upload);
    }
    return { unfinished, notExamined: [] };
  } catch (error) {
    // not every server lists them, and not every role may: then a lifecycle rule has to do it
    if (!(error instanceof LifeboatError) || (error.code !== 'store-access-denied' && error.code !== 'store-failed')) throw error;
    return {
      unfinished: [],
      notExamined: [
        { object: 'unfinished uploads', reason: `they could not be listed, which takes s3:ListBucketMultipartUploads: ${error.message}` },
      ],
    };
  }
}
