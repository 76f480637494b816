import { z } from 'zod';
import { KeyProblem, parsePrivateKey, parsePublicKeys, publicKeyText } from '../signing/keys.ts';

const text = z.string().min(1, 'is empty');

/** Puts out the private key's PKCS#8 in base64. */
export function privateKey() {
  return text.transform((given, context) =>
    understood(context, () => parsePrivateKey(given).export({ format: 'der', type: 'pkcs8' }).toString('base64')),
  );
}

/** Puts out each public key in base64; what came in may be lines of PEM. */
export function publicKeys() {
  return z.array(text).transform((given, context) => understood(context, () => parsePublicKeys(given).map(publicKeyText)));
}

function understood<T>(context: z.RefinementCtx, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof KeyProblem)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
}
