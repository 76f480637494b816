import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { isEncrypted } from '../format/layout.ts';
import type { Digest } from '../format/manifest.ts';
import { startDecryption, startEncryption } from './age.ts';
import { checkStored } from './checked.ts';
import { startDigest } from './digest.ts';
import { corrupt, type Expected, plainFault, unpacksToMore } from './unseal.ts';

export interface ResealOptions {
  /** age identities, of which one must open a part that is encrypted already. */
  readonly identities: readonly string[];
  /** age recipients, at least one. */
  readonly recipients: readonly string[];
  readonly signal: AbortSignal;
  /** Told how many more stored bytes have been read. */
  readonly onBytes?: (more: number) => void;
}

/**
 * The bytes of a part to the bytes of the same part for other recipients. What zstd made of it stays as it is; it is unpacked only to be
 * looked at. Fails with LifeboatError `part-corrupt`, before `end`, unless both digests are those expected. The source is destroyed with
 * the stream.
 */
export function reseal(source: Readable, expected: Expected, options: ResealOptions): { stream: Readable; stored: () => Digest } {
  const stored = startDigest();
  const checked = checkStored(source, expected, options.signal, options.onBytes);
  const stream = Readable.from(count(encryptedAnew(checked, expected, options)), { objectMode: false, highWaterMark: 256 * 1024 });
  stream.once('error', () => {});
  stream.once('close', () => checked.destroy());
  return { stream, stored: () => stored.finish() };

  async function* count(bytes: AsyncIterable<Buffer>) {
    for await (const chunk of bytes) {
      stored.add(chunk);
      if (chunk.length > 0) yield chunk;
    }
  }
}

async function* encryptedAnew(source: Readable, expected: Expected, options: ResealOptions): AsyncGenerator<Buffer> {
  const { header, payload } = await startEncryption(options.recipients);
  const decryption = isEncrypted(expected.name) ? startDecryption(options.identities) : null;
  const look = unpack(expected);
  const opened = async (bytes: Promise<Buffer>) => {
    const compressed = await bytes.catch((error: Error) => {
      throw corrupt(expected, 'changed', 'it does not decrypt.', error);
    });
    await look.write(compressed);
    return payload.push(compressed);
  };
  try {
    yield header;
    for await (const chunk of source as AsyncIterable<Buffer>)
      yield await opened(decryption === null ? Promise.resolve(chunk) : decryption.push(chunk));
    if (decryption !== null) yield await opened(decryption.finish());
    await look.end();
    yield payload.finish();
  } finally {
    look.destroy();
  }
}

/** Unpacks bytes only to count and hash them. */
function unpack(expected: Expected) {
  const plain = startDigest();
  const codec = createZstdDecompress({ chunkSize: 256 * 1024 });
  let isComplete = false;
  const failed = new Promise<never>((_, reject) => {
    codec.once('error', (error) => reject(corrupt(expected, 'changed', 'it does not decompress.', error)));
    codec.on('data', (chunk: Buffer) => {
      plain.add(chunk);
      if (plain.bytes > expected.plain.bytes) reject(unpacksToMore(expected));
    });
    // by itself, without an error, after the first of several frames
    codec.once('end', () => {
      if (!isComplete) reject(corrupt(expected, 'changed', 'its compressed data ends early.'));
    });
  });
  failed.catch(() => {});
  return {
    write: (bytes: Buffer) => Promise.race([failed, new Promise<void>((resolve) => codec.write(bytes, () => resolve()))]),
    async end() {
      isComplete = true;
      await Promise.race([failed, new Promise<void>((resolve) => codec.once('end', resolve).end())]);
      const fault = plainFault(plain, expected);
      if (fault !== null) throw fault;
    },
    destroy: () => codec.destroy(),
  };
}
