import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { LifeboatError } from '../errors.ts';
import { type Bucket, request } from './s3-client.ts';
import { s3Error } from './s3-errors.ts';

/** How often a download is taken up again without this much progress in between. */
const RESUMES = 5;
const PROGRESS_BYTES = 256 * 1024;

interface Answer {
  readonly body: Readable;
  readonly etag: string | undefined;
  /** Of the whole object. */
  readonly bytes: number;
}

/**
 * An object as a stream. A connection lost midway is taken up again where it broke, if the object is still the same (If-Match); when that
 * fails too, or the object ends before its length, the stream fails.
 */
export async function getObject(at: Bucket, key: string, outer: AbortSignal | undefined): Promise<Readable> {
  const closed = new AbortController();
  const signal = outer === undefined ? closed.signal : AbortSignal.any([outer, closed.signal]);
  const first = await ask(at, key, signal);
  let current = first.body;

  const stream = Readable.from(chunks(), { objectMode: false, highWaterMark: 256 * 1024 });
  const abort = () => stream.destroy(outer?.reason as Error);
  outer?.addEventListener('abort', abort, { once: true });
  // a generator that waits for the network cannot be told to stop: what it waits for can
  stream.once('close', () => {
    outer?.removeEventListener('abort', abort);
    closed.abort(new Error('nobody reads any more'));
    current.destroy();
  });
  return stream;

  async function* chunks() {
    let offset = 0;
    let mark = 0;
    for (let failures = 0; ; ) {
      try {
        for await (const chunk of current as AsyncIterable<Buffer>) {
          offset += chunk.length;
          yield chunk;
        }
        if (offset < first.bytes) throw Object.assign(new Error('the body ended early'), { code: 'ECONNRESET' });
        return;
      } catch (error) {
        signal.throwIfAborted();
        failures = offset - mark >= PROGRESS_BYTES ? 1 : failures + 1;
        mark = offset;
        if (failures > RESUMES) throw cutShort(at, key, offset, first.bytes, error);
      }
      if (offset === first.bytes) return;
      await sleep(100 * 2 ** failures, undefined, { signal });
      current = (await ask(at, key, signal, { offset, etag: first.etag })).body;
    }
  }
}

async function ask(at: Bucket, key: string, signal: AbortSignal, from?: { offset: number; etag: string | undefined }): Promise<Answer> {
  const start = from?.offset ?? 0;
  const command = new at.sdk.GetObjectCommand({
    Bucket: at.bucket,
    Key: at.prefix + key,
    // an empty object has no range
    ...(start === 0 ? {} : { Range: `bytes=${start}-` }),
    ...(from?.etag === undefined ? {} : { IfMatch: from.etag }),
  });
  const answer = await request(at, 'read', key, signal, at.client.send(command, { abortSignal: signal })).catch((error) => {
    throw from !== undefined && error instanceof LifeboatError && error.code === 'already-exists' ? replaced(at, key) : error;
  });
  const body = answer.Body as Readable;
  // Swift and others ignore If-Match
  if (from?.etag !== undefined && answer.ETag !== from.etag) {
    body.destroy();
    throw replaced(at, key);
  }
  // it may break before anybody reads it: the reader will see
  body.on('error', () => {});
  if (start > 0 && !answer.ContentRange?.startsWith(`bytes ${start}-`)) {
    body.destroy();
    throw s3Error(Object.assign(new Error('no range'), { code: 'RangeIgnored' }), {
      verb: 'read',
      bucket: at.bucket,
      key: at.prefix + key,
      endpoint: at.endpoint,
    });
  }
  return { body, etag: answer.ETag, bytes: start + (answer.ContentLength ?? 0) };
}

function replaced(at: Bucket, key: string): LifeboatError {
  return new LifeboatError(
    'store-failed',
    `Could not read s3://${at.bucket}/${at.prefix}${key}: it was replaced while it was read.`,
    'Run it again, and find out what writes to a finished backup.',
  );
}

function cutShort(at: Bucket, key: string, offset: number, bytes: number, cause: unknown): LifeboatError {
  return new LifeboatError(
    'store-unreachable',
    `Could not read s3://${at.bucket}/${at.prefix}${key}: the connection broke again and again, after ${offset} of ${bytes} bytes.`,
    'Check the network between this machine and the store; then run it again.',
    { details: { offset, bytes }, cause },
  );
}
