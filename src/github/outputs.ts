import { setOutput } from '@actions/core';

/**
 * Sets outputs, through a file and behind random delimiters; empty ones are left out.
 * @returns a warning when they could not be written: a backup that was made does not fail over that
 */
export function writeOutputs(
  outputs: Readonly<Record<string, string | number | boolean>>,
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  // Without the file, @actions/core would print them as commands of a kind that no runner takes any more.
  if (!environment['GITHUB_OUTPUT']) return null;
  try {
    for (const [name, value] of Object.entries(outputs)) setOutput(name, String(value));
    return null;
  } catch (error) {
    return `The outputs could not be written: ${(error as Error).message}`;
  }
}
