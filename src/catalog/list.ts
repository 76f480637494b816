import type { Context } from '../context.ts';
import { readIdentities } from '../encryption/identities.ts';
import { LifeboatError } from '../errors.ts';
import { totalsOf } from '../format/concealed.ts';
import type { Proof } from '../format/proof.ts';
import type { ListOptions, ShowOptions } from '../options/list.ts';
import { openStoreFor } from '../storage/from-options.ts';
import type { Store } from '../storage/store.ts';
import { type FoundBackup, findBackup, listBackupIds, listDatabases, readBackup, readProofs } from './backups.ts';
import { revealManifest } from './reveal.ts';

export interface ListedBackup {
  readonly database: string;
  readonly id: string;
  readonly snapshotAt: string;
  readonly rows: number;
  /** As stored. */
  readonly bytes: number;
  /** `unreadable`: its manifest cannot be read; `error` says why. */
  readonly state: Proof['verdict'] | 'unproven' | 'unreadable';
  readonly proof: { readonly at: string; readonly rtoSeconds: number; readonly checks: Record<string, string> } | null;
  readonly error?: string;
}

export interface ListResult {
  readonly storage: string;
  /** By database, newest first. */
  readonly backups: readonly ListedBackup[];
}

/** Every backup in the store, or of one database, and whether and when it was proven. */
export async function list(options: ListOptions, context: Context): Promise<ListResult> {
  const store = await openStoreFor(options, context.environment);
  try {
    const databases = options.database === undefined ? await listDatabases(store, context.signal) : [options.database];
    const backups: ListedBackup[] = [];
    for (const database of databases) {
      const ids = await listBackupIds(store, database, context.signal);
      for (let i = 0; i < ids.length; i += AT_ONCE) {
        backups.push(...(await Promise.all(ids.slice(i, i + AT_ONCE).map((id) => listOne(store, database, id, context.signal)))));
      }
    }
    return { storage: store.url, backups };
  } finally {
    await store.close();
  }
}

export interface ShowResult {
  readonly storage: string;
  readonly database: string;
  readonly state: Proof['verdict'] | 'unproven';
  readonly manifest: FoundBackup['manifest'];
  /** Newest first. */
  readonly proofs: readonly Proof[];
}

/** One backup: its manifest, whole if an identity is given that opens it, and its proofs. */
export async function show(options: ShowOptions, context: Context): Promise<ShowResult> {
  const identities = await readIdentities(options);
  const store = await openStoreFor(options, context.environment);
  try {
    const found = await findBackup(store, options.database, options.backup, context.signal);
    const backup = identities.length === 0 ? found : await revealManifest(store, found, identities, context.signal);
    const proofs = await readProofs(store, backup, context.signal);
    return { storage: store.url, database: options.database, state: proofs[0]?.verdict ?? 'unproven', manifest: backup.manifest, proofs };
  } finally {
    await store.close();
  }
}

const AT_ONCE = 8;

async function listOne(store: Store, database: string, id: string, signal: AbortSignal): Promise<ListedBackup> {
  try {
    const backup = await readBackup(store, database, id, signal);
    const [proof] = await readProofs(store, backup, signal);
    return {
      database,
      id,
      snapshotAt: backup.manifest.snapshot.at,
      rows: totalsOf(backup.manifest).rows,
      bytes: backup.manifest.parts.reduce((bytes, part) => bytes + part.stored.bytes, 0),
      state: proof?.verdict ?? 'unproven',
      proof:
        proof === undefined
          ? null
          : { at: proof.at, rtoSeconds: proof.rto.seconds, checks: Object.fromEntries(proof.checks.map((check) => [check.name, check.verdict])) },
    };
  } catch (error) {
    if (!(error instanceof LifeboatError) || !error.code.startsWith('manifest-')) throw error;
    return { database, id, snapshotAt: '', rows: 0, bytes: 0, state: 'unreadable', proof: null, error: error.message };
  }
}
