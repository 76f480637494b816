import { LifeboatError } from '../errors.ts';
import type { ObjectLock, Store } from './store.ts';

const DAY_MS = 86_400_000;

export interface LockWish {
  readonly lockDays?: number | undefined;
  readonly lockMode: ObjectLock['mode'];
}

/**
 * The lock that a verb's options ask for, once the store has said that it can; `undefined` when they ask for none.
 * Asked before anything is read or written, so that nobody waits hours for a refusal.
 * @throws LifeboatError `lock-unsupported`, or `store-access-denied` where the store may not be asked
 */
export async function lockFor(store: Store, { lockDays, lockMode }: LockWish, now: Date, signal: AbortSignal): Promise<ObjectLock | undefined> {
  if (lockDays === undefined) return undefined;
  const { locks } = await store.protection({ signal });
  if (locks === false) throw lockUnsupported(store.url);
  if (locks === null) {
    throw new LifeboatError(
      'store-access-denied',
      `Nobody may ask whether ${store.url} can lock objects: access denied.`,
      'Allow these credentials s3:GetBucketObjectLockConfiguration on the bucket, and s3:PutObjectRetention on its objects; or leave out --lock-days.',
    );
  }
  return { until: new Date(now.getTime() + lockDays * DAY_MS), mode: lockMode };
}

/** The same store, but that whatever is put into it is locked. */
export function lockingStore(store: Store, lock: ObjectLock): Store {
  return { ...store, put: (key, body, options) => store.put(key, body, { ...options, lock }) };
}

export function lockUnsupported(url: string): LifeboatError {
  const remedy = url.startsWith('file:')
    ? 'A folder locks nothing: use a bucket with S3 Object Lock, or leave out --lock-days.'
    : 'Turn on S3 Object Lock for the bucket, which also turns on versioning (on many servers only a new bucket can have it), or leave out --lock-days.';
  return new LifeboatError('lock-unsupported', `${url} cannot lock objects.`, remedy, { details: { storage: url } });
}
