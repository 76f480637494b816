import type { WatchOptions } from '../options/watch.ts';
import { details, literal } from '../report/markdown/escape.ts';
import { watchMarkdown } from '../report/markdown/watch.ts';
import type { Problem } from '../report/problem.ts';
import { watchHeadline } from '../report/terminal/watch.ts';
import type { WatchResult } from '../watch/watch.ts';
import { EVERY_DATABASE, type Outcome, type Told } from './shell.ts';

/** What an issue is about when it is about the workflows of the repository. */
const WORKFLOWS = 'scheduled workflows';

/** What the action says of a watch: to later steps, in annotations, and in an issue for each database and one for the workflows. */
export function watchOutcome(result: WatchResult, { database: wanted }: WatchOptions): Outcome<'watch'> {
  const { databases, workflows, findings, notExamined } = result;
  const whole = watchMarkdown(result);
  const told = (database: string, sentences: readonly string[]): Told => ({
    database,
    ok: sentences.length === 0,
    headline: sentences[0] ?? `Nothing is wrong with ${database}.`,
    markdown: [...sentences.map((sentence) => `- ${literal(sentence)}`), ...details('Everything that was looked at', [whole])].join('\n'),
  });
  const blind = notExamined.filter(({ expected }) => expected);
  const ofWorkflows = [
    ...(workflows ?? []).flatMap((one) => one.findings.map(said)),
    ...blind.map(({ object, reason }) => `${object} not examined: ${reason}`),
  ];
  return {
    ok: result.ok,
    database: wanted.length === 1 ? (wanted[0] ?? EVERY_DATABASE) : EVERY_DATABASE,
    headline: watchHeadline(result),
    markdown: whole,
    outputs: {
      stale: result.stale,
      'newest-backup': leastOf(databases.map(({ newestBackup }) => newestBackup?.snapshotAt)),
      'newest-proof': leastOf(databases.map(({ newestProof }) => newestProof?.at)),
    },
    problems: [
      ...findings.map((finding): Problem => ({ level: 'error', code: null, title: 'watch', message: said(finding), remedy: '' })),
      // what nobody wanted looked at is in the summary, and no warning on every run
      ...blind.map(
        ({ object, reason }): Problem => ({ level: 'warning', code: null, title: 'not examined', message: `${object}: ${reason}`, remedy: '' }),
      ),
    ],
    each: [
      ...databases.map((one) =>
        told(
          one.database,
          one.findings.map(({ message }) => message),
        ),
      ),
      ...(workflows === null ? [] : [told(WORKFLOWS, ofWorkflows)]),
      // Under this name a watch is kept that could not reach the store.
      ...(wanted.length === 1 ? [] : [told(EVERY_DATABASE, databases.length === 0 ? [watchHeadline(result)] : [])]),
    ],
  };
}

function said({ object, message }: { readonly object: string; readonly message: string }): string {
  return `${object}: ${message}`;
}

/** ISO times sort as text. */
function leastOf(times: readonly (string | undefined)[]): string {
  return times.length === 0 || times.includes(undefined) ? '' : (times.toSorted()[0] ?? '');
}
