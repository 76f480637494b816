import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { generateHybridIdentity, identityToRecipient } from 'age-encryption';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readIdentities } from '../../src/encryption/identities.ts';
import { readRecipients } from '../../src/encryption/recipients.ts';
import { cancelled } from '../../src/errors.ts';
import { startDecryption, startEncryption } from '../../src/stream/age.ts';
import { seal } from '../../src/stream/seal.ts';
import { type Expected, unseal } from '../../src/stream/unseal.ts';
import { type AgeKey, hasAge, newAgeKey } from '../harness/age.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';

const CHUNK = 64 * 1024;
const SEALED_CHUNK = CHUNK + 16;

let folder: string;
let key: AgeKey;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-age-'));
  key = await newAgeKey();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const streamOf = (...chunks: Uint8Array[]) =>
  Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  );

async function sealed(plain: Uint8Array, recipients = [key.recipient]): Promise<{ bytes: Buffer; expected: Expected }> {
  const { stream, done } = seal(streamOf(plain), { recipients });
  const bytes = await buffer(stream);
  return { bytes, expected: { name: 'data-00.dump.zst.age', ...(await done) } };
}

const opened = (bytes: Uint8Array, expected: Expected, identities = [key.identity]) => buffer(unseal(streamOf(bytes), expected, { identities }));

async function encrypted(plain: Uint8Array): Promise<{ file: Buffer; headerBytes: number }> {
  const { header, payload } = await startEncryption([key.recipient]);
  return { file: Buffer.concat([header, payload.push(Buffer.from(plain)), payload.finish()]), headerBytes: header.length };
}

async function decrypted(file: Uint8Array, pieces = 70_001): Promise<Buffer> {
  const decryption = startDecryption([key.identity]);
  const plain: Buffer[] = [];
  for (let at = 0; at < file.length; at += pieces) plain.push(await decryption.push(Buffer.from(file.subarray(at, at + pieces))));
  return Buffer.concat([...plain, await decryption.finish()]);
}

describe('a part that is encrypted', () => {
  test('comes back whatever its bytes and however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5_000 }), { maxLength: 8 }), async (chunks) => {
        const { stream, done } = seal(streamOf(...chunks), { recipients: [key.recipient] });
        const bytes = await buffer(stream);
        expect((await opened(bytes, { name: 'x.age', ...(await done) })).equals(Buffer.concat(chunks))).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 600_000])(
    'comes back with a payload of %i bytes, in pieces of any size',
    async (length) => {
      const plain = randomBytes(length);
      const { file } = await encrypted(plain);
      for (const pieces of [7_919, SEALED_CHUNK, 262_144]) expect((await decrypted(file, pieces)).equals(plain)).toBe(true);
    },
  );

  test('is opened by any one of its recipients, and by a post-quantum one', async () => {
    const other = await newAgeKey();
    const quantum = await generateHybridIdentity();
    const plain = randomBytes(100_000);
    const { bytes, expected } = await sealed(plain, [key.recipient, other.recipient, await identityToRecipient(quantum)]);
    for (const identity of [key.identity, other.identity, quantum]) expect((await opened(bytes, expected, [identity])).equals(plain)).toBe(true);
  });

  test('is never the same twice, though its rows are', async () => {
    const plain = randomBytes(1_000);
    expect((await sealed(plain)).expected.stored.sha256).not.toBe((await sealed(plain)).expected.stored.sha256);
  });
});

describe('the payload, whatever a digest says of it,', () => {
  const plain = randomBytes(3 * CHUNK + 100);

  test('is refused when a bit is flipped anywhere', async () => {
    const { file } = await encrypted(plain);
    const flip = async (offset: number, bit: number) => {
      const copy = Buffer.from(file);
      copy[offset] = (copy[offset] as number) ^ (1 << bit);
      await expect(decrypted(copy)).rejects.toThrow();
    };
    await fc.assert(fc.asyncProperty(fc.nat(file.length - 1), fc.nat(7), flip), { numRuns: 60 });
    await fc.assert(fc.asyncProperty(fc.nat(300), fc.nat(7), flip), { numRuns: 40 });
  });

  test.each([0, 1, 2, 3])('is refused when it ends after chunk %i', async (chunks) => {
    const { file, headerBytes } = await encrypted(plain);
    await expect(decrypted(file.subarray(0, headerBytes + chunks * SEALED_CHUNK))).rejects.toThrow();
  });

  test('is refused when it ends anywhere else', async () => {
    const { file } = await encrypted(plain);
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), async (length) => {
        await expect(decrypted(file.subarray(0, length))).rejects.toThrow();
      }),
      { numRuns: 40 },
    );
  });

  test('is refused when chunks change places, or something follows', async () => {
    const { file, headerBytes } = await encrypted(plain);
    const chunk = (i: number) => file.subarray(headerBytes + i * SEALED_CHUNK, headerBytes + (i + 1) * SEALED_CHUNK);
    await expect(decrypted(Buffer.concat([file.subarray(0, headerBytes), chunk(1), chunk(0), chunk(2), chunk(3)]))).rejects.toThrow();
    await expect(decrypted(Buffer.concat([file, randomBytes(1)]))).rejects.toThrow();
    await expect(decrypted(Buffer.concat([file, file]))).rejects.toThrow();
  });
});

describe('what fails on the way', () => {
  test('is part-corrupt under digests that fit, and no end is seen', async () => {
    const { bytes, expected } = await sealed(randomBytes(300_000));
    bytes[200_000] = (bytes[200_000] as number) ^ 1;
    const fitting = { ...expected, stored: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') } };
    expect(await rejectionOf(opened(bytes, fitting))).toMatchObject({ code: 'part-corrupt', message: expect.stringContaining('does not decrypt') });
    expect(await rejectionOf(opened(bytes.subarray(0, 100), expected))).toMatchObject({ details: { problem: 'truncated' } });
  });

  test('the error of the source and an abort are the error of the stream, and the source is destroyed', async () => {
    const source = streamOf(randomBytes(100));
    const error = new Error('the source failed');
    const stop = new AbortController();
    const { stream, done } = seal(source, { recipients: [key.recipient], confirm: () => Promise.reject(error) });
    await expect(buffer(stream)).rejects.toBe(error);
    await expect(done).rejects.toBe(error);
    expect(source.destroyed).toBe(true);

    const endless = new Readable({ read: () => {} });
    const reading = buffer(unseal(endless, { ...(await sealed(randomBytes(9))).expected }, { identities: [key.identity], signal: stop.signal }));
    stop.abort(cancelled('SIGINT'));
    await expect(reading).rejects.toBe(stop.signal.reason);
    expect(endless.destroyed).toBe(true);
  });

  test('a reader that waits makes the source wait', async () => {
    let given = 0;
    const source = new Readable({
      read() {
        given += 65_536;
        this.push(randomBytes(65_536));
      },
    });
    const { stream } = seal(source, { recipients: [key.recipient] });
    for (let before = -1; before !== given; ) {
      before = given;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(given).toBeLessThan(4_000_000);
    stream.destroy();
  });
});

describe('the stock age', () => {
  const has = hasAge();
  if (!has) notShown('the stock age reads what is encrypted here, and the other way round', 'age is not installed', 'age');

  test.runIf(has)('decrypts what is encrypted here', async () => {
    const keyFile = join(folder, 'key.txt');
    await writeFile(keyFile, `# a comment\n${key.identity}\n`);
    for (const length of [0, CHUNK, 1_000_000]) {
      const plain = randomBytes(length);
      const path = join(folder, `ours-${length}.age`);
      await writeFile(path, (await encrypted(plain)).file);
      const { stdout, stderr, status } = spawnSync('age', ['-d', '-i', keyFile, path], { maxBuffer: 10_000_000 });
      expect([status, stderr.toString()]).toEqual([0, '']);
      expect(stdout.equals(plain)).toBe(true);
    }
  });

  test.runIf(has)('makes files that are decrypted here, and keys that are taken', async () => {
    const keyFile = join(folder, 'stock-key.txt');
    expect(spawnSync('age-keygen', ['-o', keyFile]).status).toBe(0);
    const identities = await readIdentities({ identityFile: keyFile });
    const recipient = /age1[0-9a-z]+/.exec(await readFile(keyFile, 'utf8'))?.[0] as string;
    const listFile = join(folder, 'recipients.txt');
    await writeFile(listFile, `# who may read\n\n${recipient}\n`);
    const plain = randomBytes(500_000);
    const { stdout } = spawnSync('age', ['-R', listFile], { input: plain, maxBuffer: 10_000_000 });
    const decryption = startDecryption(identities);
    expect(Buffer.concat([await decryption.push(stdout), await decryption.finish()]).equals(plain)).toBe(true);
    expect(await readRecipients({ encryptTo: [recipient], encryptToFile: listFile })).toEqual([recipient]);
  });
});

describe('keys that are given', () => {
  const inFile = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  test('several identities and comments may be in one file, and in the variable', async () => {
    const [a, b] = [await newAgeKey(), await newAgeKey()];
    const identityFile = await inFile('several.txt', `# one\r\n${a.identity}\r\n\r\n# two\n${b.identity}`);
    expect(await readIdentities({ identityFile, identity: `\n# again\n${key.identity}\n${a.identity}\n` })).toEqual([
      key.identity,
      a.identity,
      b.identity,
    ]);
    expect(await readIdentities({})).toEqual([]);
  });

  test.each([
    ['no file', async () => readIdentities({ identityFile: join(folder, 'nowhere') }), /cannot be read \(ENOENT\)/],
    ['no identity in it', async () => readIdentities({ identityFile: await inFile('none.txt', '# only a comment\n') }), /holds no identity/],
    [
      'an encrypted file',
      async () => readIdentities({ identity: 'age-encryption.org/v1\n-> scrypt x\n' }),
      /LIFEBOAT_AGE_IDENTITY is encrypted itself/,
    ],
    [
      'a recipients file that is empty',
      async () => readRecipients({ encryptTo: [], encryptToFile: await inFile('empty.txt', '\n') }),
      /holds no recipient/,
    ],
    ['no recipients file', async () => readRecipients({ encryptTo: [], encryptToFile: join(folder, 'nowhere') }), /cannot be read \(ENOENT\)/],
    [
      'a key of SSH',
      async () => readRecipients({ encryptTo: [], encryptToFile: await inFile('ssh.txt', 'ssh-ed25519 AAAA x\n') }),
      /ssh\.txt line 1 is not an age recipient/,
    ],
  ])('%s is told', async (_, attempt, sentence) => {
    expect(await rejectionOf(attempt())).toMatchObject({ code: 'bad-option', message: expect.stringMatching(sentence) });
  });

  test('a letter that is mistyped is noticed, and a secret key is never repeated', async () => {
    const mistyped = key.recipient.replace(/.$/, (letter) => (letter === 'q' ? 'p' : 'q'));
    expect(await rejectionOf(readRecipients({ encryptTo: [mistyped] }))).toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining(mistyped),
    });
    for (const attempt of [
      () => readIdentities({ identity: key.identity.replace(/.$/, '1') }),
      () => readRecipients({ encryptTo: [key.identity] }),
      async () => readRecipients({ encryptTo: [], encryptToFile: await inFile('secret.txt', key.identity) }),
    ]) {
      const error = await rejectionOf(attempt());
      expect(error).toMatchObject({ code: 'bad-option' });
      expect(JSON.stringify([(error as Error).message, error])).not.toContain(key.identity.slice(20, 40));
    }
  });
});
