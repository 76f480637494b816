import { pipeline, type Readable, Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { LifeboatError } from '../errors.ts';
import type { Digest } from '../format/manifest.ts';
import { destroyOnAbort } from './abort.ts';
import { type RunningDigest, startDigest } from './digest.ts';
import { feed } from './feed.ts';

/** What the manifest says of a part. */
export interface Expected {
  readonly name: string;
  readonly plain: Digest;
  readonly stored: Digest;
}

export interface UnsealOptions {
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
      done(plain.bytes > expected.plain.bytes ? corrupt(expected, 'changed', unpacksTo('more than', expected)) : null, chunk);
    },
    flush(done) {
      // the decompressor ends by itself, without an error, after the first of several frames
      if (!storedIsWhole) done(corrupt(expected, 'changed', 'its compressed data ends early.'));
      else done(plainFault(plain, expected));
    },
  });

  stream.once('close', () => source.destroy());
  codec.once('error', (error) => stream.destroy(corrupt(expected, 'changed', 'it does not decompress.', error)));
  pipeline(codec, stream, () => {});
  destroyOnAbort(stream, options.signal);
  decompress().catch((error: Error) => stream.destroy(error));
  return stream;

  async function decompress() {
    await feed(source, codec, (block) => {
      stored.add(block);
      if (stored.bytes > expected.stored.bytes) throw corrupt(expected, 'longer', `it has more than ${expected.stored.bytes} bytes.`);
    });
    const fault = storedFault(stored, expected);
    if (fault !== null) throw fault;
    storedIsWhole = true;
    codec.end();
  }
}

/**
 * Reads a part to its end and throws what `unseal` would, keeping nothing: for use before anything is destroyed on the strength of it.
 */
export async function verifySealed(source: Readable, expected: Expected, options: UnsealOptions = {}): Promise<void> {
  const stream = unseal(source, expected, options);
  stream.resume();
  await finished(stream);
}

function storedFault(stored: RunningDigest, expected: Expected): LifeboatError | null {
  if (stored.bytes < expected.stored.bytes) {
    return corrupt(expected, 'truncated', `only ${stored.bytes} of its ${expected.stored.bytes} bytes are there.`);
  }
  if (stored.finish().sha256 === expected.stored.sha256) return null;
  return corrupt(expected, 'changed', `its ${expected.stored.bytes} bytes have another SHA-256 than when it was written.`);
}

function plainFault(plain: RunningDigest, expected: Expected): LifeboatError | null {
  if (plain.bytes < expected.plain.bytes) return corrupt(expected, 'changed', unpacksTo('fewer than', expected));
  if (plain.finish().sha256 === expected.plain.sha256) return null;
  return corrupt(expected, 'changed', 'what it unpacks to has another SHA-256 than what was dumped.');
}

function unpacksTo(relation: string, expected: Expected): string {
  return `it unpacks to ${relation} the ${expected.plain.bytes} bytes that were dumped.`;
}

const SENTENCES = { truncated: 'is truncated', longer: 'is longer than it was', changed: 'was changed' } as const;

function corrupt(expected: Expected, problem: keyof typeof SENTENCES, how: string, cause?: unknown): LifeboatError {
  return new LifeboatError(
    'part-corrupt',
    `Part ${expected.name} ${SENTENCES[problem]} after it was backed up: ${how}`,
    'Use another backup: this one cannot be restored whole. Then find out what touched the object: versioning or object lock on the store prevents it.',
    { details: { part: expected.name, problem }, cause },
  );
}
