import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { LifeboatError } from '../errors.ts';
import { isEncrypted } from '../format/layout.ts';
import type { Digest } from '../format/manifest.ts';
import { destroyOnAbort } from './abort.ts';
import { startDecryption } from './age.ts';
import { type RunningDigest, startDigest } from './digest.ts';
import { feed } from './feed.ts';

/** What the manifest says of a part. */
export interface Expected {
  readonly name: string;
  readonly plain: Digest;
  readonly stored: Digest;
}

export interface UnsealOptions {
  /** age identities, of which one must open a part whose name ends in `.age`. */
  readonly identities?: readonly string[];
  readonly signal?: AbortSignal;
  /** Told the plain bytes so far, as they pass. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * The bytes of a part to plain bytes: the mirror of `seal`.
 *
 * Fails with LifeboatError `part-corrupt`, before `end`, unless the counts and digests of both sides are those expected. Until then plain
 * bytes have already passed: the reader must not keep what it made of a stream that failed. The source's own error becomes the stream's,
 * and the source is destroyed with the stream.
 */
export function unseal(source: Readable, expected: Expected, options: UnsealOptions = {}): Readable {
  const plain = startDigest();
  const stored = startDigest();
  const codec = createZstdDecompress({ chunkSize: 256 * 1024 });
  let storedIsWhole = false;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      plain.add(chunk);
      options.onBytes?.(plain.bytes);
      done(plain.bytes > expected.plain.bytes ? unpacksToMore(expected) : null, chunk);
    },
    flush(done) {
      // the decompressor ends by itself, without an error, after the first of several frames
      if (!storedIsWhole) done(corrupt(expected, 'changed', 'its compressed data ends early.'));
      else done(plainFault(plain, expected));
    },
  });

  stream.once('close', () => source.destroy());
  const entrance = isEncrypted(expected.name) ? decryptor(expected, options.identities ?? []) : codec;
  entrance.once('error', fail);
  codec.once('error', fail);
  if (entrance === codec) pipeline(codec, stream, () => {});
  else pipeline(entrance, codec, stream, () => {});
  destroyOnAbort(stream, options.signal);
  decompress().catch((error: Error) => stream.destroy(error));
  return stream;

  function fail(error: Error) {
    stream.destroy(error instanceof LifeboatError ? error : corrupt(expected, 'changed', 'it does not decompress.', error));
  }

  async function decompress() {
    await feed(source, entrance, (block) => {
      stored.add(block);
      if (stored.bytes > expected.stored.bytes) throw corrupt(expected, 'longer', `it has more than ${expected.stored.bytes} bytes.`);
    });
    const fault = storedFault(stored, expected);
    if (fault !== null) throw fault;
    storedIsWhole = true;
    entrance.end();
  }
}

/** What cannot be decrypted was changed: whether the identities are the right ones is asked before anything is read. */
function decryptor(expected: Expected, identities: readonly string[]): Transform {
  const decryption = startDecryption(identities);
  const answer = (bytes: Promise<Buffer>, done: TransformCallback) => {
    bytes.then(
      (plain) => done(null, plain.length > 0 ? plain : undefined),
      (error: Error) => done(corrupt(expected, 'changed', 'it does not decrypt.', error)),
    );
  };
  return new Transform({
    transform: (block: Buffer, _encoding, done) => answer(decryption.push(block), done),
    flush: (done) => answer(decryption.finish(), done),
  });
}

/**
 * Reads a part to its end and throws what `unseal` would, keeping nothing: for use before anything is destroyed on the strength of it.
 */
export async function verifySealed(source: Readable, expected: Expected, options: UnsealOptions = {}): Promise<void> {
  const stream = unseal(source, expected, options);
  stream.resume();
  await finished(stream);
}

/** What is wrong with the bytes as stored, once all have passed. */
export function storedFault(stored: RunningDigest, expected: Omit<Expected, 'plain'>): LifeboatError | null {
  if (stored.bytes < expected.stored.bytes) {
    return corrupt(expected, 'truncated', `only ${stored.bytes} of its ${expected.stored.bytes} bytes are there.`);
  }
  if (stored.finish().sha256 === expected.stored.sha256) return null;
  return corrupt(expected, 'changed', `its ${expected.stored.bytes} bytes have another SHA-256 than when it was written.`);
}

/** What is wrong with what a part unpacks to, once all of it has passed. */
export function plainFault(plain: RunningDigest, expected: Expected): LifeboatError | null {
  if (plain.bytes < expected.plain.bytes) return corrupt(expected, 'changed', unpacksTo('fewer than', expected));
  if (plain.finish().sha256 === expected.plain.sha256) return null;
  return corrupt(expected, 'changed', 'what it unpacks to has another SHA-256 than what was dumped.');
}

export function unpacksToMore(expected: Expected): LifeboatError {
  return corrupt(expected, 'changed', unpacksTo('more than', expected));
}

function unpacksTo(relation: string, expected: Expected): string {
  return `it unpacks to ${relation} the ${expected.plain.bytes} bytes that were dumped.`;
}

const SENTENCES = { truncated: 'is truncated', longer: 'is longer than it was', changed: 'was changed' } as const;

export function corrupt(expected: Pick<Expected, 'name'>, problem: keyof typeof SENTENCES, how: string, cause?: unknown): LifeboatError {
  return new LifeboatError(
    'part-corrupt',
    `Part ${expected.name} ${SENTENCES[problem]} after it was backed up: ${how}`,
    'Use another backup: this one cannot be restored whole. Then find out what touched the object: versioning or object lock on the store prevents it.',
    { details: { part: expected.name, problem }, cause },
  );
}
