import { generateX25519Identity, identityToRecipient } from '../stream/age-package.ts';
import type { KeyPair } from './keygen.ts';

/** An age identity, in a file as age-keygen writes it. */
export async function makeAgeKey(now: Date): Promise<KeyPair> {
  const identity = await generateX25519Identity();
  const publicKey = await identityToRecipient(identity);
  const created = `${now.toISOString().slice(0, 19)}Z`;
  return { publicKey, text: `# created: ${created}\n# public key: ${publicKey}\n${identity}\n` };
}
