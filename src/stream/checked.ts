import { Readable } from 'node:stream';
import type { Digest } from '../format/manifest.ts';
import { destroyOnAbort } from './abort.ts';
import { startDigest } from './digest.ts';
import { corrupt, storedFault } from './unseal.ts';

export interface ExpectedStored {
  readonly name: string;
  readonly stored: Digest;
}

/**
 * The bytes of a part as they are stored, counted and hashed on their way. Fails with LifeboatError `part-corrupt`, before `end`, unless
 * both are those expected: whoever stores them must not let them be seen before that. The source is destroyed with the stream.
 * @param onBytes told how many more have passed
 */
export function checkStored(source: Readable, expected: ExpectedStored, signal?: AbortSignal, onBytes: (more: number) => void = () => {}): Readable {
  const stored = startDigest();
  const stream = Readable.from(chunks(), { objectMode: false, highWaterMark: 256 * 1024 });
  // an error is thrown where the stream is read; until that begins, nobody else listens
  for (const one of [source, stream]) one.once('error', () => {});
  stream.once('close', () => source.destroy());
  destroyOnAbort(stream, signal);
  return stream;

  async function* chunks() {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      stored.add(chunk);
      if (stored.bytes > expected.stored.bytes) throw corrupt(expected, 'longer', `it has more than ${expected.stored.bytes} bytes.`);
      onBytes(chunk.length);
      yield chunk;
    }
    const fault = storedFault(stored, expected);
    if (fault !== null) throw fault;
  }
}
