import { open } from 'node:fs/promises';
import { LifeboatError } from '../errors.ts';
import type { KeygenOptions } from '../options/keygen.ts';
import { makeAgeKey } from './age.ts';
import { makeSigningKey } from './signing.ts';

export interface KeygenResult {
  readonly for: KeygenOptions['for'];
  /** What others may know: the recipient of an age identity, or what checks signatures. */
  readonly publicKey: string;
  /** Where the secret key was written; `null` when it is in `secret`. */
  readonly file: string | null;
  /** The text of the key file; `null` when it was written to one. */
  readonly secret: string | null;
}

/** A key pair: what others may know, and the text of the file that nobody else may see. */
export interface KeyPair {
  readonly publicKey: string;
  readonly text: string;
}

const MAKERS: Readonly<Record<KeygenOptions['for'], (now: Date) => Promise<KeyPair>>> = {
  encryption: makeAgeKey,
  signing: makeSigningKey,
};

/**
 * Makes a key pair, so that nobody has to install another program first.
 * @throws LifeboatError `already-exists` when the file is there: a key that is replaced is lost; `bad-option` when it cannot be made
 */
export async function keygen(options: KeygenOptions, now: Date = new Date()): Promise<KeygenResult> {
  const { publicKey, text } = await MAKERS[options.for](now);
  if (options.out === undefined) return { for: options.for, publicKey, file: null, secret: text };
  await writeKey(options.out, text);
  return { for: options.for, publicKey, file: options.out, secret: null };
}

async function writeKey(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new LifeboatError(
        'already-exists',
        `${path} is there already, and was left as it is.`,
        'Choose another file: a key that is overwritten is lost, and with it every backup that only it opens.',
      );
    }
    throw new LifeboatError('bad-option', `--out ${path} cannot be written (${code}).`, 'Name a new file in a folder that you may write to.');
  }
}
