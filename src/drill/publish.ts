import { proofSignatureKey } from '../format/layout.ts';
import type { Proof } from '../format/proof.ts';
import { signatureOf } from '../signing/signature.ts';
import type { Store } from '../storage/store.ts';

/** Its signature first: a proof that is there is whole, and a signature without a proof says nothing. */
export async function publishProof(store: Store, key: string, proof: Proof, signingKey: string | undefined, signal: AbortSignal): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(proof, null, 1)}\n`);
  if (signingKey !== undefined) await store.put(proofSignatureKey(key), signatureOf(bytes, signingKey), { signal, onlyIfAbsent: true });
  await store.put(key, bytes, { signal, onlyIfAbsent: true });
}
