import { finished } from 'node:stream/promises';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import type { ManifestPart } from '../format/manifest.ts';
import { openPart, type RestoreJob } from './restore-parts.ts';

/**
 * Streams parts from the store and checks every digest, keeping nothing.
 * @throws LifeboatError `part-corrupt`, `object-missing` and those of the store
 */
export async function verifyParts(
  job: Pick<RestoreJob, 'store' | 'database' | 'manifest' | 'jobs'>,
  parts: readonly ManifestPart[],
  context: Context,
) {
  const verifyOne = (part: ManifestPart) => async (signal: AbortSignal) => {
    const stream = await openPart(job, part, signal);
    stream.resume();
    await finished(stream);
  };
  await allOrNothing(context.signal, inTurns(parts.map(verifyOne), job.jobs));
}
