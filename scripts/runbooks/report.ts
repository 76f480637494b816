import { counted, seconds } from '../../src/report/format.ts';
import type { PageResult } from './run-page.ts';

type Outcome = 'passed' | 'failed' | 'not shown';

/** A page of which something could not be shown has not passed. */
function outcomeOf({ failures, notShown }: PageResult): Outcome {
  if (failures.length > 0) return 'failed';
  return notShown.length > 0 ? 'not shown' : 'passed';
}

/** What became of a page: its commands, those that cannot run with the reasons, what this machine could not show, and what is wrong. */
export function pageLines(result: PageResult): string[] {
  const { page, ran, cannotRun, notShown, failures } = result;
  const verdict = { failed: 'FAILED', passed: 'ok    ', 'not shown': 'not shown:' }[outcomeOf(result)];
  return [
    `${verdict} ${page}: ran ${counted(ran, 'block')} in ${seconds(result.seconds)}${cannotRun.length === 0 ? '' : `, ${cannotRun.length} cannot run`}`,
    ...cannotRun.map(({ line, reason }) => `       cannot run (line ${line}): ${reason}`),
    ...notShown.map(({ scenario, reason }) => `       not shown: ${scenario}: ${reason}`),
    ...failures.flatMap((failure) => failure.split('\n').map((line) => `       ${line}`)),
  ];
}

/** The last line of all. */
export function summaryLine(results: readonly PageResult[], took: number): string {
  const sum = (of: (result: PageResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const pages = (outcome: Outcome) => results.filter((result) => outcomeOf(result) === outcome).length;
  return [
    `runbooks: ${counted(pages('passed'), 'page')} passed, ${pages('failed')} failed`,
    ...(pages('not shown') > 0 ? [`${pages('not shown')} not shown`] : []),
    `${counted(
      sum(({ ran }) => ran),
      'block',
    )} ran, ${sum(({ cannotRun }) => cannotRun.length)} cannot run here`,
    seconds(took),
  ].join(', ');
}
