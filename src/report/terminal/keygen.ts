import type { KeygenResult } from '../../keygen/keygen.ts';
import { visible } from '../format.ts';
import type { Style } from './style.ts';

/** The key file's own text where it goes to standard output, so that it can be redirected; else what is public of it, and where the rest is. */
export function keygenText({ for: purpose, publicKey, file, secret }: KeygenResult, style: Style): string {
  if (file === null) return (secret ?? '').trimEnd();
  return [`The secret key is in ${style.strong(visible(file))}, which only you may read. ${WHERE[purpose]}`, `public key: ${publicKey}`].join('\n');
}

const WHERE: Readonly<Record<KeygenResult['for'], string>> = {
  encryption: 'Keep a copy where no machine that backs up can reach it.',
  signing: 'It belongs among the secrets of the job that backs up, and nowhere else.',
};
