import { createHash } from 'node:crypto';
import type { Digest } from '../format/manifest.ts';

/** A byte count and SHA-256 in the making. */
export interface RunningDigest {
  readonly bytes: number;
  add(chunk: Uint8Array): void;
  /** To be asked once, when everything was added. */
  finish(): Digest;
}

export function startDigest(): RunningDigest {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    add(chunk) {
      hash.update(chunk);
      bytes += chunk.byteLength;
    },
    finish: () => ({ bytes, sha256: hash.digest('hex') }),
  };
}
