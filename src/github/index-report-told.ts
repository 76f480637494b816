import type { IndexesResult } from '../indexes/indexes.ts';
import type { ReportedFinding } from '../indexes/report.ts';
import { counted } from '../report/format.ts';
import { changesLine, indexesHeadline, KIND_WORDS } from '../report/indexes/words.ts';
import { indexesIssue, indexesMarkdown } from '../report/markdown/indexes.ts';
import type { Problem } from '../report/problem.ts';
import type { Outcome } from './shell.ts';

/** What the action says of an index report: to later steps, in annotations, and in an issue that stays open while there is something to do. */
export function indexReportOutcome({ ok, report, folder }: IndexesResult): Outcome<'index-report'> {
  const { database, findings } = report;
  const pressing = findings.filter(({ level }) => level !== 'info');
  const bloated = pressing.filter(({ kind }) => kind === 'bloated');
  // what nobody could look at this time has not been done
  const left = [...pressing, ...report.unseen.filter(({ level }) => level !== 'info')];
  const headline = indexesHeadline(report);
  const markdown = indexesMarkdown(report);
  return {
    ok,
    database,
    headline,
    markdown,
    outputs: {
      findings: pressing.length,
      bloated: bloated.length,
      'wasted-bytes': bloated.reduce((sum, { sizeAtStake }) => sum + sizeAtStake, 0),
      report: folder ?? '',
    },
    problems: pressing.map((finding) => problemOf(finding, ok)),
    // a report that was made has not failed, whatever is in it
    each: [{ database, ok: true, headline, markdown }],
    tracked: {
      subject: 'indexes',
      database,
      title: `Indexes of ${database}: ${counted(left.length, 'finding')}`,
      open: left.length > 0,
      headline,
      markdown: indexesIssue(report),
      news: pressing.some(({ change }) => change === 'new' || change === 'worse') ? changesLine(report) : null,
    },
  };
}

function problemOf({ kind, object, evidence, level }: ReportedFinding, ok: boolean): Problem {
  const message = `${object}: ${evidence[0] ?? ''}`;
  return { level: !ok && level === 'act' ? 'error' : 'warning', code: null, title: KIND_WORDS[kind], message, remedy: '' };
}
