import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { compactTime } from '../format/layout.ts';
import type { CopyStore } from '../options/copies.ts';
import type { Store } from '../storage/store.ts';
import { copyToDestination, notCopied } from './destination.ts';
import type { CopyToStore } from './to-store.ts';

export interface FreshBackup {
  readonly store: Store;
  readonly database: string;
  readonly id: string;
  readonly jobs: number;
}

export interface CopiesOptions {
  readonly copy: readonly CopyStore[];
  /** Seconds. */
  readonly copyWithin: number;
}

/**
 * Copies a new backup to every store, and after it those of late that the store lacks: a night on which it could not be reached is made up
 * for. Older ones may have been pruned there, and are not brought back. What could not be copied, were it only for want of a key, is told
 * and never thrown: the backup is there.
 */
export async function copyAfterBackup(
  { store, database, id, jobs }: FreshBackup,
  { copy, copyWithin }: CopiesOptions,
  context: Context,
  now: Date = new Date(),
): Promise<CopyToStore[]> {
  const since = compactTime(new Date(now.getTime() - copyWithin * 1000));
  // the clock of the database may be behind ours
  const job = { from: store, databases: [database], wish: { notBefore: since < id ? since : id }, jobs };
  const done: CopyToStore[] = [];
  for (const one of copy) {
    context.log.info(`Backup ${id} is complete; copying it to ${one.storage}.`);
    try {
      done.push(await copyToDestination(one, job, context));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof LifeboatError)) throw error;
      done.push(notCopied(one.storage, error));
    }
  }
  return done;
}
