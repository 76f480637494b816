import { appendFile, stat } from 'node:fs/promises';

/** Of one step: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits */
const MOST_BYTES = 1024 * 1024;
const CUT = '\n> **Note:** this summary was cut here: a runner takes 1 MiB.\n';

/**
 * Appends Markdown to the run's summary.
 * @returns a warning when it could not be written, because what was done must not fail over how it is told
 */
export async function writeSummary(markdown: string, environment: Readonly<Record<string, string | undefined>>): Promise<string | null> {
  const file = environment['GITHUB_STEP_SUMMARY'];
  if (!file) return null;
  try {
    const used = await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    await appendFile(file, cutToFit(markdown, MOST_BYTES - used));
    return null;
  } catch (error) {
    return `The summary could not be written (${(error as NodeJS.ErrnoException).code ?? 'unknown'}): it is in the log.`;
  }
}

/** Markdown that is no longer than so many bytes, cut between two lines, with what was open there closed. */
export function cutToFit(markdown: string, mostBytes: number): string {
  if (Buffer.byteLength(markdown) <= mostBytes) return markdown;
  // what has to be closed takes a few dozen bytes
  const room = mostBytes - Buffer.byteLength(CUT) - 100;
  const kept = Buffer.from(markdown).subarray(0, Math.max(room, 0)).toString('utf8');
  const lines = kept.slice(0, Math.max(kept.lastIndexOf('\n'), 0)).split('\n');
  const inFence = lines.filter((line) => line.startsWith('```')).length % 2 === 1;
  const folds = lines.filter((line) => line === '<details>').length - lines.filter((line) => line === '</details>').length;
  return [...lines, ...(inFence ? ['```'] : []), ...(folds > 0 ? ['', '</details>'] : []), CUT].join('\n');
}
