import type { Problem } from '../problem.ts';
import { code, prose } from './escape.ts';

/** The summary of a run that ended in an error. */
export function problemMarkdown(what: string, [problem, ...others]: readonly [Problem, ...Problem[]], link: string): string {
  return [
    `## ❌ ${prose(what)}`,
    '',
    `${code(problem.title)}: ${paragraphs(problem.message)}`,
    '',
    ...(problem.remedy === '' ? [] : [`**What to do:** ${paragraphs(problem.remedy)}`, '']),
    ...others.slice(0, MOST).map(({ message }) => `- ${prose(message)}`),
    ...(others.length > MOST ? [`- and ${others.length - MOST} more`] : []),
    ...(others.length > 0 ? [''] : []),
    link.startsWith('http') ? `[More about ${code(problem.title)}](${link})` : `More about it: ${code(link)}`,
    '',
  ].join('\n');
}

const MOST = 50;

/** Line by line, because a message of several lines lists what it is about. */
function paragraphs(text: string): string {
  return text.split('\n').slice(0, MOST).map(prose).join('<br>');
}
