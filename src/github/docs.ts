import type { ProblemCode } from '../report/problem.ts';
import { RUNBOOK_PLACES } from '../report/runbook-places.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where a code is dealt with, in the version of the project that is running: GITHUB_ACTION_REPOSITORY and _REF name it, or, where
 * a workflow of ours has checked the actions out itself, LIFEBOAT_REPOSITORY and LIFEBOAT_COMMIT.
 */
export function docsLink(code: ProblemCode, environment: Environment): string {
  const page = `runbooks/${RUNBOOK_PLACES[code]}`;
  const [repository, version] =
    [
      [environment['LIFEBOAT_REPOSITORY'], environment['LIFEBOAT_COMMIT']],
      [environment['GITHUB_ACTION_REPOSITORY'], environment['GITHUB_ACTION_REF']],
      [environment['GITHUB_REPOSITORY'], environment['GITHUB_SHA']],
    ].find(([name]) => name) ?? [];
  if (!repository) return page;
  return `${environment['GITHUB_SERVER_URL'] || 'https://github.com'}/${repository}/blob/${version || 'main'}/${page}`;
}
