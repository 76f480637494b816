import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { compactTime } from '../format/layout.ts';
import type { Store } from '../storage/store.ts';
import { type CopyToStore, copyToStore } from './to-store.ts';

export interface FreshBackup {
  readonly store: Store;
  readonly database: string;
  readonly id: string;
  readonly jobs: number;
}

/**
 * Copies a new backup to every store, and after it those of late that the store lacks: a night on which it could not be reached is made up
 * for. Older ones may have been pruned there, and are not brought back. What could not be copied is told, never thrown: the backup is there.
 */
export async function copyAfterBackup(
  { store, database, id, jobs }: FreshBackup,
  copies: readonly Store[],
  { copyWithin }: { /** Seconds. */ readonly copyWithin: number },
  context: Context,
  now: Date = new Date(),
): Promise<CopyToStore[]> {
  const since = compactTime(new Date(now.getTime() - copyWithin * 1000));
  const done: CopyToStore[] = [];
  for (const to of copies) {
    context.log.info(`Backup ${id} is complete; copying it to ${to.url}.`);
    // the clock of the database may be behind ours
    const wish = { notBefore: since < id ? since : id };
    try {
      done.push(await copyToStore({ from: store, to, databases: [database], wish, jobs }, context));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof LifeboatError)) throw error;
      const { code, message, remedy } = error;
      done.push({ ok: false, storage: to.url, backups: [], bytes: 0, seconds: 0, problem: { code, message, remedy } });
    }
  }
  return done;
}
