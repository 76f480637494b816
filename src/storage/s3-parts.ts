import type { Readable } from 'node:stream';
import { LifeboatError } from '../errors.ts';

export interface Part {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly last: boolean;
  /** Gives the buffer back, for a later part to be filled into. */
  free(): void;
}

/**
 * Cuts a stream into buffers of the planned sizes: an upload that fails is sent again, so it cannot be a stream. Buffers that were given
 * back are used again; how many there are is up to how many the caller holds at once.
 *
 * @param sizeOf bytes of part `number`, or null where the plan ends, which throws `store-failed`
 */
export async function* fillParts(body: Readable, sizeOf: (number: number) => number | null): AsyncGenerator<Part, undefined> {
  const spare: Buffer[] = [];
  let number = 1;
  let total = 0;
  let buffer = take(number);
  let filled = 0;

  for await (const chunk of body as AsyncIterable<Buffer>) {
    for (let start = 0; start < chunk.length; ) {
      // a full part waits for the first byte after it: only then is it known not to be the last
      if (filled === buffer.length) {
        yield part(false);
        total += filled;
        number += 1;
        buffer = take(number);
        filled = 0;
      }
      const end = Math.min(chunk.length, start + buffer.length - filled);
      chunk.copy(buffer, filled, start, end);
      filled += end - start;
      start = end;
    }
  }
  yield part(true);

  function part(last: boolean): Part {
    const used = buffer;
    return { number, bytes: used.subarray(0, filled), last, free: () => spare.push(used) };
  }

  function take(next: number): Buffer {
    const size = sizeOf(next);
    if (size === null) throw tooLarge(total);
    const again = spare.pop();
    return again?.length === size ? again : Buffer.allocUnsafeSlow(size);
  }
}

function tooLarge(bytes: number): LifeboatError {
  return new LifeboatError(
    'store-failed',
    `The object is larger than its upload can grow: ${bytes} bytes, in 10,000 parts, are not all of it.`,
    'Use more jobs, so that every part of the backup is smaller; and report this: its size was expected to be much smaller.',
    { details: { bytes } },
  );
}
