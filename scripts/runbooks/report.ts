import { counted, seconds } from '../../src/report/format.ts';
import type { PageResult } from './run-page.ts';

/** What became of a page: its commands, those that cannot run with the reasons, what this machine could not show, and what is wrong. */
export function pageLines(result: PageResult): string[] {
  const { page, ran, cannotRun, notShown, failures } = result;
  const verdict = failures.length > 0 ? 'FAILED' : 'ok    ';
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
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const notShown = sum((result) => result.notShown.length);
  return [
    `runbooks: ${counted(results.length - failed, 'page')} passed, ${failed} failed`,
    `${counted(
      sum(({ ran }) => ran),
      'block',
    )} ran, ${sum(({ cannotRun }) => cannotRun.length)} cannot run here`,
    ...(notShown > 0 ? [`${counted(notShown, 'scenario')} not shown`] : []),
    seconds(took),
  ].join(', ');
}
