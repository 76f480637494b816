import { listBackupIds, readBackup } from '../catalog/backups.ts';
import { readTrend } from '../catalog/trend.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { Proof } from '../format/proof.ts';
import type { CopyStore } from '../options/copies.ts';
import { openCopy } from '../storage/copies.ts';
import { openStoreFor, type StoreOptions } from '../storage/from-options.ts';

/** What a machine knows of a database's backups before people play. */
export interface MachineFacts {
  /** Where it looked. */
  readonly storage: string;
  readonly newestBackup: { readonly id: string; readonly at: string } | null;
  /** Newest first, at most ten. */
  readonly proofs: readonly Proof[];
  /** Each configured copy, and whether it holds the newest backup; empty when none is configured. */
  readonly copies: readonly { readonly storage: string; readonly holdsNewest: boolean }[];
}

/**
 * @param copies further stores of the same database
 * @throws LifeboatError of the first store
 */
export async function readFacts(options: StoreOptions & { readonly database: string }, copies: readonly CopyStore[], context: Context) {
  const store = await openStoreFor(options, context.environment);
  try {
    const [newest] = await listBackupIds(store, options.database, context.signal);
    const backup = newest === undefined ? null : await readBackup(store, options.database, newest, context.signal);
    const facts: MachineFacts = {
      storage: store.url,
      newestBackup: backup === null ? null : { id: backup.id, at: backup.manifest.snapshot.at },
      proofs: await readTrend(options, context),
      copies: await Promise.all(
        copies.map(async (copy) => ({ storage: copy.storage, holdsNewest: await holds(copy, options.database, newest, context) })),
      ),
    };
    return facts;
  } finally {
    await store.close();
  }
}

async function holds(copy: CopyStore, database: string, id: string | undefined, context: Context): Promise<boolean> {
  if (id === undefined) return false;
  try {
    const store = await openCopy(copy, context.environment);
    try {
      return (await listBackupIds(store, database, context.signal)).includes(id);
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    context.log.warn(`The copy ${copy.storage} could not be looked into: ${error.message}`);
    return false;
  }
}
