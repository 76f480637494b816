import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream';
import { finished } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import type { Digest } from '../format/manifest.ts';
import { destroyOnAbort } from './abort.ts';
import { startEncryption } from './age.ts';
import { startDigest } from './digest.ts';
import { feed } from './feed.ts';

export interface SealOptions {
  /** zstd's level; 1 unless told otherwise. On COPY text the levels below save little time and lose a third of the ratio. */
  readonly level?: number;
  /** age recipients that the part is encrypted for; none unless given. */
  readonly recipients?: readonly string[];
  readonly signal?: AbortSignal;
  /** Asked when the source has ended, before the stream does. Rejects when the source was not whole: a child's exit status, say. */
  readonly confirm?: () => Promise<unknown>;
  /** Told the plain bytes so far, every 256 KiB. */
  readonly onBytes?: (bytes: number) => void;
}

export interface Sealed {
  readonly stream: Readable;
  /** Settles when the stream has ended or failed. */
  readonly done: Promise<{ plain: Digest; stored: Digest }>;
}

/**
 * Plain bytes to the bytes of a part: counted and hashed, compressed with zstd (one frame, with its checksum), if asked encrypted with age,
 * counted and hashed again.
 * The source is destroyed when the stream fails or is destroyed; its error becomes the stream's. The chunks of a child's pipe are freed as
 * they are read, so nobody else may keep them.
 */
export function seal(source: Readable, options: SealOptions = {}): Sealed {
  const plain = startDigest();
  const stored = startDigest();
  // no worker threads: with them the stream hangs or loses its end, https://github.com/nodejs/node/issues/59899
  const codec = createZstdCompress({
    chunkSize: 256 * 1024,
    params: { [constants.ZSTD_c_compressionLevel]: options.level ?? 1, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const encryption = (options.recipients ?? []).length === 0 ? null : startEncryption(options.recipients ?? []);
  encryption?.catch((error: Error) => stream.destroy(error));
  let isBegun = false;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (encryption === null) pass(chunk, done);
      else encrypted(chunk).then((bytes) => pass(bytes, done), done);
    },
    flush(done) {
      if (encryption === null) done();
      else encrypted(null).then((bytes) => pass(bytes, done), done);
    },
  });

  const done = finished(stream).then(() => ({ plain: plain.finish(), stored: stored.finish() }));
  done.catch(() => {});
  stream.once('close', () => source.destroy());
  pipeline(codec, stream, () => {});
  destroyOnAbort(stream, options.signal);
  compress().catch((error: Error) => stream.destroy(error));
  return { stream, done };

  function pass(bytes: Buffer, done: TransformCallback) {
    stored.add(bytes);
    if (bytes.length > 0) stream.push(bytes);
    done();
  }

  /** @param chunk `null` at the end */
  async function encrypted(chunk: Buffer | null): Promise<Buffer> {
    const { header, payload } = (await encryption) as Awaited<ReturnType<typeof startEncryption>>;
    const bytes = chunk === null ? payload.finish() : payload.push(chunk);
    if (isBegun) return bytes;
    isBegun = true;
    return Buffer.concat([header, bytes]);
  }

  async function compress() {
    await feed(source, codec, (block) => {
      plain.add(block);
      options.onBytes?.(plain.bytes);
    });
    await options.confirm?.();
    codec.end();
  }
}
