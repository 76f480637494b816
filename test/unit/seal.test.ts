import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cancelled } from '../../src/errors.ts';
import type { Digest } from '../../src/format/manifest.ts';
import { seal } from '../../src/stream/seal.ts';
import { type Expected, unseal, verifySealed } from '../../src/stream/unseal.ts';

const digestOf = (bytes: Uint8Array): Digest => ({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });

async function sealed(plain: Buffer, level?: number): Promise<{ bytes: Buffer; expected: Expected }> {
  const { stream, done } = seal(Readable.from([plain], { objectMode: false }), level === undefined ? {} : { level });
  const bytes = await buffer(stream);
  return { bytes, expected: { name: 'data-00.dump.zst', ...(await done) } };
}

/** What the reader got, and how it ended: `end` must not be among it when the part is corrupt. */
async function read(bytes: Uint8Array, expected: Expected): Promise<{ plain: Buffer; ended: boolean; error: unknown }> {
  const stream = unseal(Readable.from([bytes], { objectMode: false }), expected);
  const chunks: Buffer[] = [];
  let ended = false;
  let error: unknown = null;
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => {
    ended = true;
  });
  stream.on('error', (e) => {
    error = e;
  });
  await new Promise((resolve) => stream.on('close', resolve));
  return { plain: Buffer.concat(chunks), ended, error };
}

async function expectCorrupt(bytes: Uint8Array, expected: Expected, problem?: string) {
  const { ended, error } = await read(bytes, expected);
  expect(error).toMatchObject({
    code: 'part-corrupt',
    message: expect.stringContaining('data-00.dump.zst'),
    details: problem === undefined ? {} : { problem },
  });
  expect(ended).toBe(false);
}

/** Rows as COPY writes them: compressible, and longer than the blocks that the streams work in. */
const rows = Buffer.from(Array.from({ length: 20_000 }, (_, i) => `${i}\t${(i * 7919) % 9973}\t2026-01-01 00:00:00+00\tpaid\t\\N\n`).join(''));

describe('round trip', () => {
  test('any bytes in any chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), async (chunks, level) => {
        const plain = Buffer.concat(chunks);
        const { stream, done } = seal(Readable.from(chunks.map(Buffer.from), { objectMode: false }), { level });
        const bytes = await buffer(stream);
        const digests = await done;
        expect(digests).toEqual({ plain: digestOf(plain), stored: digestOf(bytes) });
        expect(await read(bytes, { name: 'x', ...digests })).toEqual({ plain, ended: true, error: null });
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 262_143, 262_144, 262_145, 524_288, 3_000_000])('%s bytes', async (length) => {
    const plain = randomBytes(length);
    const { bytes, expected } = await sealed(plain);
    expect((await read(bytes, expected)).plain.equals(plain)).toBe(true);
    await verifySealed(Readable.from([bytes]), expected);
  });

  test('the source keeps its own buffers', async () => {
    const plain = Buffer.from(rows);
    await sealed(plain);
    expect(plain.equals(rows)).toBe(true);
  });
});

describe('a part that changed is part-corrupt', () => {
  test('truncated anywhere', async () => {
    const { bytes, expected } = await sealed(rows);
    const lengths = [0, 1, 2, 3, 4, 5, bytes.length - 5, bytes.length - 4, bytes.length - 1];
    for (const length of lengths) await expectCorrupt(bytes.subarray(0, length), expected, 'truncated');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), (length) => expectCorrupt(bytes.subarray(0, length), expected, 'truncated')),
      { numRuns: 40 },
    );
  });

  test('one bit flipped anywhere', async () => {
    const { bytes, expected } = await sealed(rows);
    const flip = async (offset: number, bit: number) => {
      const copy = Buffer.from(bytes);
      copy[offset] = (copy[offset] ?? 0) ^ (1 << bit);
      await expectCorrupt(copy, expected, 'changed');
    };
    for (let offset = 0; offset < 20; offset++) await flip(offset, offset % 8);
    for (let offset = bytes.length - 8; offset < bytes.length; offset++) await flip(offset, offset % 8);
    await fc.assert(fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), flip), { numRuns: 60 });
  });

  test('swapped with another part', async () => {
    const { expected } = await sealed(rows);
    await expectCorrupt((await sealed(rows.subarray(1_000))).bytes, expected);
    await expectCorrupt((await sealed(Buffer.concat([rows, rows]))).bytes, expected, 'longer');
  });

  test('swapped with a part of the same sizes', async () => {
    const { expected } = await sealed(randomBytes(50_000));
    const other = await sealed(randomBytes(50_000));
    expect(other.bytes.length).toBe(expected.stored.bytes);
    await expectCorrupt(other.bytes, expected, 'changed');
  });

  test('compressed anew: the same rows, other bytes', async () => {
    const { expected } = await sealed(rows, 1);
    await expectCorrupt((await sealed(rows, 9)).bytes, expected);
  });

  test.each([1, 1_000, 1_000_000])('%s bytes of garbage appended', async (length) => {
    const { bytes, expected } = await sealed(rows);
    await expectCorrupt(Buffer.concat([bytes, randomBytes(length)]), expected);
  });

  test('a second frame appended', async () => {
    const { bytes, expected } = await sealed(rows);
    await expectCorrupt(Buffer.concat([bytes, bytes]), expected);
    await expectCorrupt(Buffer.concat([bytes, zstdCompressSync(Buffer.alloc(0))]), expected);
  });

  test('two frames under a digest that fits them are not one part', async () => {
    const { bytes, expected } = await sealed(rows);
    const two = Buffer.concat([bytes, bytes]);
    await expectCorrupt(two, { ...expected, stored: digestOf(two) }, 'changed');
    await expectCorrupt(two, { ...expected, stored: digestOf(two), plain: digestOf(Buffer.concat([rows, rows])) }, 'changed');
  });

  test('a manifest that does not fit what it unpacks to', async () => {
    const { bytes, expected } = await sealed(rows);
    for (const plain of [digestOf(rows.subarray(1)), digestOf(Buffer.concat([rows, rows])), { ...expected.plain, sha256: '0'.repeat(64) }]) {
      await expectCorrupt(bytes, { ...expected, plain }, 'changed');
    }
  });

  test('verifySealed throws the same', async () => {
    const { bytes, expected } = await sealed(rows);
    await expect(verifySealed(Readable.from([bytes.subarray(1)]), expected)).rejects.toMatchObject({ code: 'part-corrupt' });
  });
});

describe('what fails on the way', () => {
  const failing = (error: Error) =>
    Readable.from(
      (async function* () {
        yield randomBytes(400_000);
        throw error;
      })(),
      { objectMode: false },
    );

  test('the error of the source is the error of the stream, and the source is destroyed', async () => {
    const error = new Error('the source failed');
    for (const streamOf of [(source: Readable) => seal(source).stream, (source: Readable) => unseal(source, fits)]) {
      const source = failing(error);
      await expect(buffer(streamOf(source))).rejects.toBe(error);
      expect(source.destroyed).toBe(true);
    }
  });

  test('a source found not to be whole after its end fails the stream and the digests', async () => {
    const error = new Error('exit status 1');
    const { stream, done } = seal(Readable.from([rows]), { confirm: () => Promise.reject(error) });
    await expect(buffer(stream)).rejects.toBe(error);
    await expect(done).rejects.toBe(error);
  });

  test('an abort throws its reason', async () => {
    const stop = new AbortController();
    const endless = new Readable({ read: () => {} });
    const { stream, done } = seal(endless, { signal: stop.signal });
    const reading = buffer(stream);
    stop.abort(cancelled('SIGINT'));
    await expect(reading).rejects.toBe(stop.signal.reason);
    await expect(done).rejects.toBe(stop.signal.reason);
    expect(endless.destroyed).toBe(true);
    await expect(buffer(unseal(new Readable({ read: () => {} }), fits, { signal: stop.signal }))).rejects.toBe(stop.signal.reason);
  });

  test('a reader that goes away destroys the source', async () => {
    const source = new Readable({ read: () => {} });
    const { stream, done } = seal(source);
    stream.destroy();
    await expect(done).rejects.toThrow();
    expect(source.destroyed).toBe(true);
  });

  test('a reader that waits makes the source wait', async () => {
    let given = 0;
    const source = new Readable({
      read() {
        given += 65_536;
        this.push(randomBytes(65_536));
      },
    });
    const { stream } = seal(source);
    // until the pipeline is full, and nothing moves any more
    for (let before = -1; before !== given; ) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(given).toBeLessThan(4_000_000);
    stream.destroy();
  });

  const fits: Expected = { name: 'x', plain: { bytes: 1e9, sha256: '' }, stored: { bytes: 1e9, sha256: '' } };
});
