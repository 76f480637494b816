import type { Readable } from 'node:stream';
import { LifeboatError } from '../errors.ts';
import { partKey } from '../format/layout.ts';
import type { Manifest, ManifestPart } from '../format/manifest.ts';
import type { Store } from '../storage/store.ts';
import { unseal } from '../stream/unseal.ts';

export interface PartSource {
  readonly store: Store;
  /** The database's name in the store. */
  readonly database: string;
  readonly manifest: Manifest;
  /** age identities; empty where nothing is encrypted. */
  readonly identities: readonly string[];
}

/**
 * The plain bytes of a part.
 * @throws LifeboatError `part-missing`, and those of the store; what is wrong with the bytes is an error of the stream
 */
export async function openPart(from: PartSource, part: ManifestPart, signal: AbortSignal, onBytes?: (bytes: number) => void): Promise<Readable> {
  const key = partKey(from.database, from.manifest.id, part.name);
  try {
    const source = await from.store.get(key, { signal });
    return unseal(source, part, { identities: from.identities, signal, ...(onBytes === undefined ? {} : { onBytes }) });
  } catch (error) {
    if (!(error instanceof LifeboatError) || error.code !== 'object-missing') throw error;
    throw partMissing(part, `${from.store.url}/${key}`, error);
  }
}

export function partMissing(part: ManifestPart, where: string, cause?: unknown): LifeboatError {
  return new LifeboatError(
    'part-missing',
    `Part ${part.name} is missing: there is no ${where}.`,
    'Use another backup: this one cannot be restored whole. Then find out what deleted the object: versioning or object lock on the store prevents it.',
    { details: { part: part.name }, cause },
  );
}
