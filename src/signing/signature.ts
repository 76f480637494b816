import { createPublicKey, sign, verify } from 'node:crypto';
import { parsePrivateKey, publicKeyOf, publicKeyText } from './keys.ts';

/**
 * The 64 bytes of an Ed25519 signature, as `openssl pkeyutl -verify -rawin -sigfile` takes them.
 * @param signingKey as the option of a verb puts it out
 */
export function signatureOf(bytes: Uint8Array, signingKey: string): Buffer {
  return sign(null, bytes, parsePrivateKey(signingKey));
}

/** @param publicKeys as the option of a verb puts them out */
export function isSignedByAny(bytes: Uint8Array, signature: Uint8Array, publicKeys: readonly string[]): boolean {
  return signature.length === 64 && publicKeys.some((key) => verify(null, bytes, publicKeyOf(key), signature));
}

/** The public key that checks what a private key signs. */
export function publicKeyFor(signingKey: string): string {
  return publicKeyText(createPublicKey(parsePrivateKey(signingKey)));
}
