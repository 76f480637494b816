import { ERROR_CODES } from '../errors.ts';
import type { ProblemCode } from '../report/problem.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where an error's code is explained, in the version of the project that is running: GITHUB_ACTION_REPOSITORY and _REF name it, or, where
 * a workflow of ours has checked the actions out itself, LIFEBOAT_REPOSITORY and LIFEBOAT_COMMIT.
 */
export function docsLink(code: ProblemCode, environment: Environment): string {
  const page =
    code === 'preflight'
      ? 'docs/preflight.md'
      : code === 'bug'
        ? 'docs/errors.md'
        : `docs/errors.md#${code in ERROR_CODES ? `:~:text=${code}` : code === 'not-rebuilt' ? 'rebuilding-indexes' : 'restoring-and-drilling'}`;
  const [repository, version] =
    [
      [environment['LIFEBOAT_REPOSITORY'], environment['LIFEBOAT_COMMIT']],
      [environment['GITHUB_ACTION_REPOSITORY'], environment['GITHUB_ACTION_REF']],
      [environment['GITHUB_REPOSITORY'], environment['GITHUB_SHA']],
    ].find(([name]) => name) ?? [];
  if (!repository) return 'docs/errors.md';
  return `${environment['GITHUB_SERVER_URL'] || 'https://github.com'}/${repository}/blob/${version || 'main'}/${page}`;
}
