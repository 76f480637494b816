import { finished } from 'node:stream/promises';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { backupFolder } from '../format/layout.ts';
import type { ManifestPart } from '../format/manifest.ts';
import { openPart, type PartSource, partMissing } from './open-part.ts';

/**
 * Streams parts from the store and checks every digest, keeping nothing.
 * @throws LifeboatError `part-corrupt`, `part-missing` and those of the store
 */
export async function verifyParts(from: PartSource & { readonly jobs: number }, parts: readonly ManifestPart[], context: Context) {
  const total = parts.reduce((bytes, part) => bytes + part.plain.bytes, 0);
  const done = parts.map(() => 0);
  const verifyOne = (part: ManifestPart, i: number) => async (signal: AbortSignal) => {
    const stream = await openPart(from, part, signal, (bytes) => {
      done[i] = bytes;
      context.log.progress({ phase: 'check parts', done: done.reduce((a, b) => a + b, 0), total, unit: 'bytes' });
    });
    stream.resume();
    await finished(stream);
  };
  await allOrNothing(context.signal, inTurns(parts.map(verifyOne), from.jobs));
}

/**
 * Looks at the store's list only: every part is there, and as long as it was. Costs nothing, so it comes before anything is touched.
 * @throws LifeboatError `part-missing`, `part-corrupt`
 */
export async function assertPartsThere(
  { store, database, manifest }: PartSource,
  parts: readonly ManifestPart[],
  signal: AbortSignal,
): Promise<void> {
  const folder = backupFolder(database, manifest.id);
  const sizes = new Map<string, number>();
  for await (const object of store.list(folder, { signal })) sizes.set(object.key.slice(folder.length + 1), object.bytes);
  for (const part of parts) {
    const bytes = sizes.get(part.name);
    if (bytes === undefined) throw partMissing(part, `${store.url}/${folder}/${part.name}`);
    if (bytes !== part.stored.bytes) throw otherSize(part, bytes);
  }
}

function otherSize(part: ManifestPart, bytes: number): LifeboatError {
  return new LifeboatError(
    'part-corrupt',
    `Part ${part.name} has ${bytes} bytes, and had ${part.stored.bytes} when it was backed up.`,
    'Use another backup: this one cannot be restored whole. Then find out what touched the object: versioning or object lock on the store prevents it.',
    { details: { part: part.name, problem: bytes < part.stored.bytes ? 'truncated' : 'longer' } },
  );
}
