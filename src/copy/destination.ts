import type { Context } from '../context.ts';
import { ERROR_CODES, LifeboatError } from '../errors.ts';
import type { CopyStore } from '../options/copies.ts';
import { openCopy } from '../storage/copies.ts';
import { lockFor, lockingStore } from '../storage/lock.ts';
import type { S3Credentials } from '../storage/s3-client.ts';
import { type CopyToStore, type CopyToStoreJob, copyToStore } from './to-store.ts';

/**
 * Opens a store for copies and brings what it lacks, locked where that was asked for. What the store itself has against it is told.
 * @param key of its own, where lifeboat.yml names no variables
 * @throws LifeboatError of what was asked for, such as `bad-option` for a key that is not set, and what the store that is read says
 */
export async function copyToDestination(
  copy: CopyStore,
  job: Omit<CopyToStoreJob, 'to'>,
  context: Context,
  key?: Partial<S3Credentials>,
): Promise<CopyToStore> {
  const to = await openCopy(copy, context.environment, key);
  try {
    const wish = { lockDays: copy.lockDays, lockMode: copy.lockMode ?? 'governance' } as const;
    const lock = await lockFor(to, wish, new Date(), context.signal).catch((error: unknown) => {
      context.signal.throwIfAborted();
      if (error instanceof LifeboatError && ERROR_CODES[error.code] !== 'usage') return notCopied(copy.storage, error);
      throw error;
    });
    if (lock !== undefined && 'problem' in lock) return lock;
    return await copyToStore({ ...job, to: lock === undefined ? to : lockingStore(to, lock) }, context);
  } finally {
    await to.close();
  }
}

/** What is told of a store that nothing could be copied to. */
export function notCopied(storage: string, { code, message, remedy }: LifeboatError): CopyToStore {
  return { ok: false, storage, backups: [], bytes: 0, seconds: 0, problem: { code, message, remedy } };
}
