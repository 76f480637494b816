import type { Check } from '../../format/proof.ts';
import type { RestoreProblem } from '../../restore/problems.ts';
import type { Allowed } from '../allowed.ts';
import { ran } from './check.ts';

/** Everything that pg_restore complained of, each with its entry in the archive. */
export function checkRestoreErrors(problems: readonly RestoreProblem[], allowed: Allowed): Check {
  const explained = problems.map((problem) => ({
    ...problem,
    because: problem.harmless ?? allowed.entry(problem.entry) ?? allowed.message(problem.message),
  }));
  const describe = ({ entry, message }: RestoreProblem) => ({ object: entry ?? 'before the first entry', message });
  return ran({
    name: 'restore',
    examined: problems.length,
    findings: explained.filter((problem) => problem.because === null).map(describe),
    skipped: onlyOnce(
      explained.flatMap((problem) =>
        problem.because === null ? [] : [{ object: describe(problem).object, reason: `${problem.because}: ${problem.message.split('\n')[0]}` }],
      ),
    ),
  });
}

/** Every session of pg_restore stumbles over the same setting. */
function onlyOnce(skipped: Check['skipped']): Check['skipped'] {
  return [...new Map(skipped.map((skip) => [JSON.stringify(skip), skip])).values()];
}
