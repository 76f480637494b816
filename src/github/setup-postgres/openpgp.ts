import { createHash } from 'node:crypto';

/** A public key as a file, and what it calls itself. */
export interface PublicKey {
  /** Of the primary key: 40 hex digits, upper case. */
  readonly fingerprint: string;
  /** Exactly what was looked at, for a keyring. */
  readonly bytes: Uint8Array;
}

/**
 * Reads one armored public key (RFC 9580, which keeps RFC 4880's version 4).
 * @returns `null` for anything else, also for a file with more than one key: none but the expected one may get into a keyring
 */
export function readPublicKey(armored: string): PublicKey | null {
  const blocks = [...armored.matchAll(/-----BEGIN PGP ([A-Z ]+)-----\r?\n(?:[^\r\n]+: [^\r\n]*\r?\n)*\r?\n([\s\S]+?)-----END PGP \1-----/g)];
  const [block] = blocks;
  if (blocks.length !== 1 || block?.[1] !== 'PUBLIC KEY BLOCK') return null;
  // The last line may be a checksum, which guards against accidents only.
  const base64 = (block[2] ?? '').replace(/^=[\w+/]{4}\s*$/m, '').replaceAll(/\s/g, '');
  if (!/^[\w+/]+={0,2}$/.test(base64)) return null;
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  const packets = packetsOf(bytes);
  const [first] = packets ?? [];
  if (packets === null || first?.tag !== PUBLIC_KEY || first.body[0] !== 4) return null;
  const isRest = packets.slice(1).every(({ tag }) => REST.includes(tag));
  return isRest ? { fingerprint: fingerprintOf(first.body), bytes } : null;
}

interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
}

const PUBLIC_KEY = 6;
/** Signature, user id, subkey, user attribute. */
const REST = [2, 13, 14, 17];

/** RFC 9580, 4.2; `null` when lengths do not add up. */
function packetsOf(bytes: Uint8Array): Packet[] | null {
  const packets: Packet[] = [];
  let at = 0;
  while (at < bytes.length) {
    const header = headerAt(bytes, at);
    if (header === null || header.start + header.length > bytes.length) return null;
    packets.push({ tag: header.tag, body: bytes.subarray(header.start, header.start + header.length) });
    at = header.start + header.length;
  }
  return packets;
}

/** Partial and indeterminate lengths are for streams, never for keys. */
function headerAt(bytes: Uint8Array, at: number): { tag: number; start: number; length: number } | null {
  const [first = 0, a = 0, b = 0] = bytes.subarray(at, at + 3);
  if ((first & 0x80) === 0) return null;
  if ((first & 0x40) === 0) {
    const size = [1, 2, 4][first & 3];
    return size === undefined ? null : { tag: (first >> 2) & 15, start: at + 1 + size, length: numberAt(bytes, at + 1, size) };
  }
  const tag = first & 63;
  if (a < 192) return { tag, start: at + 2, length: a };
  if (a < 224) return { tag, start: at + 3, length: ((a - 192) << 8) + b + 192 };
  return a === 255 ? { tag, start: at + 6, length: numberAt(bytes, at + 2, 4) } : null;
}

function numberAt(bytes: Uint8Array, at: number, size: number): number {
  return bytes.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
}

/** RFC 9580, 5.5.4.2. */
function fingerprintOf(body: Uint8Array): string {
  return createHash('sha1')
    .update(Uint8Array.of(0x99, body.length >> 8, body.length & 255))
    .update(body)
    .digest('hex')
    .toUpperCase();
}
