import { counted, shortened, time, visible } from '../report/format.ts';
import { code, prose } from '../report/markdown/escape.ts';
import type { Happening } from './failure-issue.ts';

/** What an issue remembers from one failure to the next, hidden in its own body. */
export interface IssueState {
  /** Failures in a row. */
  readonly count: number;
  /** ISO time of the first of them. */
  readonly first: string;
  /** ISO time at which those who follow the issue last heard of a failure. */
  readonly told: string;
}

/** GitHub's limit is 65,536 characters. */
const LONGEST_BODY = 65_000;
const LONGEST_TITLE = 200;

/** By this line an issue is found again, so it stands first. A database's name cannot end the comment: `-` and `>` are encoded. */
export function markerOf(verb: string, database: string): string {
  return `<!-- lifeboat:${encoded(verb)}:${encoded(database)} -->`;
}

export function issueBody(happening: Happening, state: IssueState): { readonly title: string; readonly body: string } {
  const { verb, database, headline, runUrl, at } = happening;
  const words = happening.tracked === undefined ? FAILURE : TRACKED;
  const newest = `${time(at.toISOString())}${runUrl === null ? '' : `, [run](${runUrl})`}`;
  const head = [
    markerOf(verb, database),
    `<!-- lifeboat-state ${JSON.stringify(state)} -->`,
    '',
    `**${prose(headline)}**`,
    '',
    `| Database | ${words.since} | ${words.count} | Newest |`,
    '| --- | --- | --: | --- |',
    `| ${code(database)} | ${time(state.first)} | ${state.count} | ${newest} |`,
    '',
  ];
  const tail = ['', '---', `pg-lifeboat keeps this up to date, and closes it when ${words.end(prose(verb))}.`];
  const room = LONGEST_BODY - head.join('\n').length - tail.join('\n').length;
  const title = shortened(
    happening.tracked === undefined
      ? `${sentenceCase(verb)} of ${visible(database)} failed${state.count === 1 ? '' : ` (${counted(state.count, 'time')})`}`
      : visible(happening.tracked.title),
    LONGEST_TITLE,
  );
  return { title, body: [...head, fitted(happening.body, room), ...tail].join('\n') };
}

const FAILURE = { since: 'Failing since', count: 'Failures', end: (verb: string) => `the next ${verb} of this database succeeds` };
const TRACKED = { since: 'Open since', count: 'Reports', end: () => 'nothing of it is left to do' };

/** `null` for a body that somebody has edited too well. */
export function readState(body: string): IssueState | null {
  const [, json = ''] = /<!-- lifeboat-state (\{[^\n]*?\}) -->/.exec(body) ?? [];
  try {
    const { count, first, told } = JSON.parse(json) as Partial<Record<keyof IssueState, unknown>>;
    if (!Number.isSafeInteger(count) || !isTime(first) || !isTime(told)) return null;
    return { count: count as number, first, told };
  } catch {
    return null;
  }
}

/** Cut between lines; a fence or a fold that was open there is closed, so that what follows is not part of it. */
function fitted(markdown: string, room: number): string {
  if (markdown.length <= room) return markdown;
  const cut = markdown.slice(0, room - 200);
  const whole = cut.includes('\n') ? cut.slice(0, cut.lastIndexOf('\n')) : cut;
  const fences = whole.match(/^```/gm)?.length ?? 0;
  const folds = (whole.match(/<details>/g)?.length ?? 0) - (whole.match(/<\/details>/g)?.length ?? 0);
  return [
    whole,
    ...(fences % 2 === 1 ? ['```'] : []),
    ...Array(Math.max(0, folds)).fill('\n</details>'),
    '',
    '… the rest is in the summary of the run.',
  ].join('\n');
}

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(/[!'()*~]|-(?=-)|-$/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));
}

function sentenceCase(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
