import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** Why a text is not the key it should be: goes on after the option's name, and repeats nothing of the text. */
export class KeyProblem extends Error {}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/**
 * An Ed25519 private key, as PEM (PKCS#8) or that PEM's base64 in one line.
 * @throws KeyProblem
 */
export function parsePrivateKey(text: string): KeyObject {
  const [one, ...others] = keysIn(text);
  if (one === undefined || others.length > 0) throw new KeyProblem(one === undefined ? 'holds no key' : 'holds more than one key');
  if (/PUBLIC/.test(one.label ?? '')) throw new KeyProblem('is a public key: signing takes the private one');
  if (/ENCRYPTED/.test(one.label ?? '')) throw new KeyProblem('is locked with a passphrase: make one without, and keep it where secrets are kept');
  const key = attempt(() => createPrivateKey(one.pem ?? { key: one.der, format: 'der', type: 'pkcs8' }));
  if (key !== null) return ed25519(key);
  if (attempt(() => createPublicKey({ key: one.der, format: 'der', type: 'spki' })) !== null)
    throw new KeyProblem('is a public key: signing takes the private one');
  throw new KeyProblem('is not a private key: write PEM, or its base64 in one line');
}

/**
 * Ed25519 public keys, each as PEM or as base64 in one line, in whatever pieces they come.
 * @throws KeyProblem
 */
export function parsePublicKeys(pieces: readonly string[]): KeyObject[] {
  return keysIn(pieces.join('\n')).map(({ label, pem, der }) => {
    const isPrivate = /PRIVATE/.test(label ?? '') || attempt(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })) !== null;
    if (isPrivate)
      throw new KeyProblem('is a private key, which only whoever signs may have: give the public one, and replace this one if others saw it');
    const key = attempt(() => createPublicKey(pem ?? { key: der, format: 'der', type: 'spki' }));
    if (key === null) throw new KeyProblem('is not a public key: write PEM, or its base64 in one line');
    return ed25519(key);
  });
}

/** The base64 in the middle of a public key's PEM, in one line. */
export function publicKeyText(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64');
}

/** As `publicKeyText` made it, or an option of a verb put it out. */
export function publicKeyOf(text: string): KeyObject {
  return createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
}

interface Found {
  readonly label?: string;
  readonly pem?: string;
  readonly der: Buffer;
}

/** Many places that hold variables write the ends of lines as \n; a key file may have comments, as age's have. */
function keysIn(raw: string): Found[] {
  const text = raw.replaceAll('\\n', '\n').replaceAll(/^\s*#.*$/gm, '');
  const blocks = [...text.matchAll(PEM)].map(
    ([pem, label = '']): Found => ({ label, pem, der: Buffer.from(pem.replaceAll(/-----.*?-----|\s/g, ''), 'base64') }),
  );
  const rest = text
    .replaceAll(PEM, ' ')
    .split(/\s+/)
    .filter((word) => word !== '');
  if (rest.some((word) => !/^[A-Za-z0-9+/]+={0,2}$/.test(word))) throw new KeyProblem('is not a key: write PEM, or its base64 in one line');
  return [
    ...blocks,
    ...rest.flatMap((word) => {
      const der = Buffer.from(word, 'base64');
      return der.toString('latin1').startsWith('-----BEGIN') ? keysIn(der.toString('latin1')) : [{ der }];
    }),
  ];
}

function ed25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new KeyProblem(`is a key of type ${key.asymmetricKeyType}: it has to be Ed25519`);
}

function attempt<T>(use: () => T): T | null {
  try {
    return use();
  } catch {
    return null;
  }
}
