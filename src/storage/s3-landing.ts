import { LifeboatError } from '../errors.ts';
import { type Bucket, request, s3CodeOf } from './s3-client.ts';
import type { ObjectLock } from './store.ts';

/** Metadata by which an upload knows its own object when the answer to it was lost. */
const MARK = 'lifeboat-put';

/** Answers of servers that do not know `If-None-Match` on a write. */
const UNCONDITIONAL = ['NotImplemented', 'InvalidArgument', 'InvalidRequest', 'UnsupportedHeader', 'InvalidHeader', 'MethodNotAllowed'];

/** What one put sends, whichever way it goes. */
export interface Put {
  readonly at: Bucket;
  readonly key: string;
  readonly mark: string;
  readonly onlyIfAbsent: boolean;
  readonly lock: ObjectLock | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes the request that brings an object into being. Its answer may be lost after the object landed: then the retry of a conditional
 * write meets its own object, or the error says nothing about the state. So the mark is looked for before a failure is believed, and
 * what an aborted request left is deleted.
 */
export async function conditionally(put: Put, send: (condition: { IfNoneMatch?: '*' }) => Promise<void>): Promise<void> {
  // some servers ignore the condition without a word: Swift, and Ceph before 20 when it completes a multipart upload
  if (put.onlyIfAbsent && (await isThere(put))) throw alreadyExists(put);
  try {
    await send(put.onlyIfAbsent ? { IfNoneMatch: '*' } : {});
  } catch (error) {
    if (put.signal?.aborted) {
      await deleteIfOurs(put);
      throw error;
    }
    if (put.onlyIfAbsent && UNCONDITIONAL.includes(s3CodeOf(error) ?? '')) return await conditionally({ ...put, onlyIfAbsent: false }, send);
    if (!mayHaveLanded(error) || !(await isOurs(put))) throw error;
  }
}

async function isThere(put: Put): Promise<boolean> {
  const command = new put.at.sdk.HeadObjectCommand({ Bucket: put.at.bucket, Key: put.at.prefix + put.key });
  try {
    await request(put.at, 'look at', put.key, put.signal, put.at.client.send(command, abortable(put.signal)));
    return true;
  } catch (error) {
    // who may only write, which is a good rule for a backup, may not look: then the condition alone decides
    if (error instanceof LifeboatError && (error.code === 'object-missing' || error.code === 'store-access-denied')) return false;
    throw error;
  }
}

function alreadyExists(put: Put): LifeboatError {
  return new LifeboatError(
    'already-exists',
    `s3://${put.at.bucket}/${put.at.prefix}${put.key} exists already.`,
    'It was left as it is. Delete it first if it is to be replaced.',
  );
}

/** A first attempt that was refused never lands; one that went unanswered, or was made again, may have. */
export function mayHaveLanded(error: unknown): boolean {
  if (!(error instanceof LifeboatError)) return false;
  if (error.code === 'cancelled') return true;
  if (error.code === 'store-unreachable' || error.code === 'store-busy' || error.code === 'store-failed') return true;
  return typeof error.details['attempts'] === 'number' && error.details['attempts'] > 1;
}

export async function deleteIfOurs(put: Put): Promise<void> {
  if (!(await isOurs(put))) return;
  const command = new put.at.sdk.DeleteObjectCommand({ Bucket: put.at.bucket, Key: put.at.prefix + put.key });
  await put.at.client.send(command, cleanUpOptions(put.signal)).catch(() => {});
}

async function isOurs(put: Put): Promise<boolean> {
  const command = new put.at.sdk.HeadObjectCommand({ Bucket: put.at.bucket, Key: put.at.prefix + put.key });
  const found = await put.at.client.send(command, cleanUpOptions(put.signal)).catch(() => null);
  return found?.Metadata?.[MARK] === put.mark;
}

/** Who was told to stop has 2 s; who failed has time to leave things in order. */
export function cleanUpOptions(signal: AbortSignal | undefined): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(signal?.aborted ? 1_500 : 30_000) };
}

export function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

export function nameOf(put: Put): { Bucket: string; Key: string; Metadata: Record<string, string>; ContentType: string } {
  return { Bucket: put.at.bucket, Key: put.at.prefix + put.key, Metadata: { [MARK]: put.mark }, ContentType: 'application/octet-stream' };
}
