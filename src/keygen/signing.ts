import { generateKeyPairSync } from 'node:crypto';
import { publicKeyText } from '../signing/keys.ts';
import type { KeyPair } from './keygen.ts';

/** An Ed25519 key in PEM, as OpenSSL reads and writes it, with its public key in a comment. */
export async function makeSigningKey(now: Date): Promise<KeyPair> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const created = `${now.toISOString().slice(0, 19)}Z`;
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { publicKey: publicKeyText(publicKey), text: `# created: ${created}\n# public key: ${publicKeyText(publicKey)}\n${pem}` };
}
