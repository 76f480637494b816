import { hkdfSync, randomBytes } from 'node:crypto';
import { type Converter, decryptPayload, encryptPayload } from './age-payload.ts';

const NONCE_BYTES = 16;
/** Forty post-quantum recipients; whatever is longer is no header. */
const LONGEST_HEADER = 64 * 1024;

/**
 * Begins an age file: its header, made by the age package, and what turns plain bytes into the rest.
 * @param recipients `age1…`, at least one
 */
export async function startEncryption(recipients: readonly string[]): Promise<{ header: Buffer; payload: Converter }> {
  const { Encrypter } = await import('./age-package.ts');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey = new Uint8Array();
  // a recipient that adds no line to the header, and so learns the key without being able to read the file
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = key.slice();
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array());
  const header = Buffer.from(empty.subarray(0, headerLength(Buffer.from(empty)) ?? 0));
  const nonce = randomBytes(NONCE_BYTES);
  return { header: Buffer.concat([header, nonce]), payload: encryptPayload(payloadKey(fileKey, nonce)) };
}

/** Opens an age file: bytes of the file in, plain bytes out. */
export interface Decryption {
  push(bytes: Buffer): Promise<Buffer>;
  finish(): Promise<Buffer>;
}

/**
 * Rejects when no identity opens the header, and when the header or the payload is not as it was written.
 * @param identities `AGE-SECRET-KEY-…`
 */
export function startDecryption(identities: readonly string[]): Decryption {
  let head = Buffer.alloc(0);
  let payload: Converter | null = null;
  return {
    async push(bytes) {
      if (payload !== null) return payload.push(bytes);
      head = Buffer.concat([head, bytes]);
      const length = headerLength(head);
      if (length === null && head.length > LONGEST_HEADER) throw new Error('it has no age header');
      if (length === null || head.length < length + NONCE_BYTES) return Buffer.alloc(0);
      const fileKey = await openHeader(head.subarray(0, length), identities);
      const nonce = head.subarray(length, length + NONCE_BYTES);
      payload = decryptPayload(payloadKey(fileKey, nonce));
      return payload.push(head.subarray(length + NONCE_BYTES));
    },
    async finish() {
      if (payload === null) throw new Error('it ends before its payload begins');
      return payload.finish();
    },
  };
}

/** Whether one of the identities opens the file that begins so; throws when the header is damaged. */
export async function opensHeader(start: Buffer, identities: readonly string[]): Promise<boolean> {
  const length = headerLength(start);
  if (length === null) throw new Error('it has no age header');
  try {
    await openHeader(start.subarray(0, length), identities);
    return true;
  } catch (error) {
    if (/no identity matched/.test((error as Error).message)) return false;
    throw error;
  }
}

async function openHeader(header: Buffer, identities: readonly string[]): Promise<Uint8Array> {
  const { Decrypter } = await import('./age-package.ts');
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  return decrypter.decryptHeader(new Uint8Array(header));
}

/** Up to the end of the line with the header's own checksum, which begins with three hyphens; `null` when that is not there yet. */
function headerLength(start: Buffer): number | null {
  const last = start.indexOf('\n--- ');
  const end = last < 0 ? -1 : start.indexOf('\n', last + 1);
  return end < 0 ? null : end + 1;
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}
