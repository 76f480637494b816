import { createHash } from 'node:crypto';
import { LifeboatError } from '../errors.ts';
import { type Bucket, request, s3CodeOf } from './s3-client.ts';
import { abortable, type Put } from './s3-landing.ts';
import type { LockedUntil, Protection } from './store.ts';

/** Answers that mean "none": of AWS and Ceph, and of servers that do not know the question. */
const NO_LOCK = ['ObjectLockConfigurationNotFoundError', 'NoSuchObjectLockConfiguration', 'NoSuchKey', 'NotFound', 'InvalidRequest'];
const UNKNOWN = ['NotImplemented', 'MethodNotAllowed', 'InvalidArgument'];

/** What a put or the start of a multipart upload says of its lock. */
export function lockOf({ lock }: Put) {
  if (lock === undefined) return {};
  return { ObjectLockMode: lock.mode === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const), ObjectLockRetainUntilDate: lock.until };
}

/** As the header Content-MD5 has it. */
export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

/** A bucket with Object Lock always keeps versions; of any other, the versioning says. */
export async function readProtection(at: Bucket, signal: AbortSignal | undefined): Promise<Protection> {
  const locks = await askBucket(at, signal, async () => {
    const command = new at.sdk.GetObjectLockConfigurationCommand({ Bucket: at.bucket });
    const answer = await at.client.send(command, abortable(signal));
    return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
  });
  if (locks === true) return { locks, versions: true };
  const versions = await askBucket(at, signal, async () => {
    const answer = await at.client.send(new at.sdk.GetBucketVersioningCommand({ Bucket: at.bucket }), abortable(signal));
    // a suspended one keeps what it kept before
    return answer.Status === 'Enabled' || answer.Status === 'Suspended';
  });
  return { locks, versions };
}

/** What a HEAD does not say may be hidden from who has no right to see it: that is asked for by its own name. */
export async function readLock(at: Bucket, key: string, signal: AbortSignal | undefined): Promise<LockedUntil | null> {
  const object = { Bucket: at.bucket, Key: at.prefix + key };
  try {
    const head = await request(at, 'look at', key, signal, at.client.send(new at.sdk.HeadObjectCommand(object), abortable(signal)));
    if (head.ObjectLockLegalHoldStatus === 'ON') return 'legal-hold';
    if (head.ObjectLockRetainUntilDate !== undefined) return head.ObjectLockRetainUntilDate.toISOString();
    const command = new at.sdk.GetObjectRetentionCommand(object);
    const { Retention } = await request(at, 'look at', key, signal, at.client.send(command, abortable(signal)));
    return Retention?.RetainUntilDate?.toISOString() ?? null;
  } catch (error) {
    if (means(error, [...NO_LOCK, ...UNKNOWN])) return null;
    throw error instanceof LifeboatError && error.code === 'store-access-denied' ? mayNotAsk(error) : error;
  }
}

function mayNotAsk({ message, details, cause }: LifeboatError): LifeboatError {
  const remedy =
    'The bucket locks objects: allow these credentials s3:GetObjectRetention and s3:GetObjectLegalHold on them, to see which are locked.';
  return new LifeboatError('store-access-denied', message, remedy, { details, cause });
}

async function askBucket(at: Bucket, signal: AbortSignal | undefined, ask: () => Promise<boolean>): Promise<boolean | null> {
  try {
    return await request(at, 'look at', '', signal, ask());
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'store-access-denied') return null;
    if (means(error, [...NO_LOCK, ...UNKNOWN])) return false;
    throw error;
  }
}

function means(error: unknown, codes: readonly string[]): boolean {
  return codes.includes(s3CodeOf(error) ?? '') || (error instanceof LifeboatError && error.code === 'object-missing');
}
