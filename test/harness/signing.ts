import { generateKeyPairSync } from 'node:crypto';

export interface SigningKeys {
  /** PEM. */
  readonly privatePem: string;
  readonly publicPem: string;
  /** The base64 in the middle of the PEM. */
  readonly privateText: string;
  readonly publicText: string;
}

/** A pair of Ed25519 keys of the test's own. */
export function newSigningKeys(): SigningKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { privatePem: privateKey, publicPem: publicKey, privateText: middleOf(privateKey), publicText: middleOf(publicKey) };
}

function middleOf(pem: string): string {
  return pem.replaceAll(/-----.*?-----|\s/g, '');
}
