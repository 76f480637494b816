import { error, warning } from '@actions/core';
import { shortened } from '../report/format.ts';
import type { Problem } from '../report/problem.ts';
import type { Commands } from './commands.ts';

/** What the runner shows of one step: https://docs.github.com/actions/reference/limits */
const MOST = 10;
/** Of a message that lists every table, say: the page cuts what is longer, and the link with it. */
const LONGEST = 4000;

/** Annotations for what went wrong: the code in the title, then the sentence, the remedy and where to read on; the worst first, ten at most. */
export function annotate(problems: readonly Problem[], link: (problem: Problem) => string, commands: Commands): void {
  const worstFirst = problems.toSorted((a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'));
  const shown = worstFirst.length > MOST ? worstFirst.slice(0, MOST - 1) : worstFirst;
  commands.issue(() => {
    for (const problem of shown) {
      const print = problem.level === 'error' ? error : warning;
      const pieces = [shortened(problem.message, LONGEST), problem.remedy, problem.code === null ? '' : link(problem)];
      const text = pieces.filter((piece) => piece !== '').join('\n');
      print(text, { title: problem.title });
    }
    const more = worstFirst.length - shown.length;
    if (more > 0) warning(`${more} more are in the summary and in the log.`, { title: 'not shown' });
  });
}
