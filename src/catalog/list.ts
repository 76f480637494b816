import type { Context } from '../context.ts';
import { readIdentities } from '../encryption/identities.ts';
import { LifeboatError } from '../errors.ts';
import { totalsOf } from '../format/concealed.ts';
import type { Proof } from '../format/proof.ts';
import type { ListOptions, ShowOptions } from '../options/list.ts';
import { openCopies } from '../storage/copies.ts';
import { openStoreFor } from '../storage/from-options.ts';
import type { Store } from '../storage/store.ts';
import { type FoundBackup, findBackup, listBackupIds, listDatabases, readBackup, readProofs } from './backups.ts';
import type { AllCopies } from './copies.ts';
import { revealManifest } from './reveal.ts';
import { distrustOf, isDistrust, trustManifest } from './trust.ts';

export interface ListedBackup {
  readonly database: string;
  readonly id: string;
  readonly snapshotAt: string;
  readonly rows: number;
  /** As stored. */
  readonly bytes: number;
  /** `unreadable`: its manifest cannot be read; `untrusted`: none of the public keys has signed it. `error` says why. */
  readonly state: Proof['verdict'] | 'unproven' | 'unreadable' | 'untrusted';
  readonly proof: { readonly at: string; readonly rtoSeconds: number; readonly checks: Record<string, string> } | null;
  readonly error?: string;
}

export interface ListResult {
  readonly storage: string;
  /** By database, newest first. */
  readonly backups: readonly ListedBackup[];
  /** False when the stores were compared, and something was found. */
  readonly ok: boolean;
  /** With `--all-copies`, what is where; `null` without. */
  readonly copies: AllCopies | null;
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
        backups.push(...(await Promise.all(ids.slice(i, i + AT_ONCE).map((id) => listOne(store, database, id, options.publicKey, context.signal)))));
      }
    }
    const copies = options.allCopies ? await compareCopies(store, options, context) : null;
    return { storage: store.url, backups, ok: copies === null || copies.findings.length === 0, copies };
  } finally {
    await store.close();
  }
}

async function compareCopies(store: Store, options: ListOptions, context: Context): Promise<AllCopies> {
  const copies = await openCopies(options, context.environment);
  try {
    const { listAllCopies } = await import('./copies.ts');
    return await listAllCopies([store, ...copies], options.database, context);
  } finally {
    for (const copy of copies) await copy.close();
  }
}

export interface ShowResult {
  readonly storage: string;
  readonly database: string;
  readonly state: Proof['verdict'] | 'unproven' | 'untrusted';
  /** Why it is not trusted; `null` when it is, or when no public key says whose signatures count. */
  readonly distrust: string | null;
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
    const distrust = await distrustOf(store, found, options.publicKey, context.signal);
    // a key of one's own is not for bytes that nobody trusted wrote
    const backup = identities.length === 0 || distrust !== null ? found : await revealManifest(store, found, identities, context.signal);
    const proofs = distrust === null ? await readProofs(store, backup, context.signal, options.publicKey) : [];
    const state = distrust === null ? (proofs[0]?.verdict ?? 'unproven') : 'untrusted';
    return { storage: store.url, database: options.database, state, distrust: distrust?.message ?? null, manifest: backup.manifest, proofs };
  } finally {
    await store.close();
  }
}

const AT_ONCE = 8;

async function listOne(store: Store, database: string, id: string, publicKeys: readonly string[], signal: AbortSignal): Promise<ListedBackup> {
  try {
    const backup = await readBackup(store, database, id, signal);
    await trustManifest(store, backup, publicKeys, signal);
    const [proof] = await readProofs(store, backup, signal, publicKeys);
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
    const isUntrusted = isDistrust(error);
    if (!(error instanceof LifeboatError) || !(isUntrusted || error.code.startsWith('manifest-'))) throw error;
    const state = isUntrusted ? 'untrusted' : 'unreadable';
    return { database, id, snapshotAt: '', rows: 0, bytes: 0, state, proof: null, error: error.message };
  }
}
