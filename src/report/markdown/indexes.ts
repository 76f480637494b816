import type { IndexReport, ReportedFinding } from '../../indexes/report.ts';
import { bytes, count, counted, time } from '../format.ts';
import { coverageLines } from '../indexes/coverage.ts';
import { changesLine, entriesByKey, indexesHeadline, isWhole, KIND_WORDS, trendOf } from '../indexes/words.ts';
import { code, details, longProse, prose, tableOf } from './escape.ts';

const MOST_ROWS = 100;
/** Of what is folded away. */
const MOST_FOLDED = 50;
/** A runner's summary takes 1 MiB, and other steps have theirs. */
const MOST_BYTES = 900 * 1024;

/** The summary of an index report, at most 900 KiB: what was examined, what was found, and what has changed. */
export function indexesMarkdown(report: IndexReport): string {
  const { findings, ignored, gone, unseen } = report;
  const changes = changesLine(report);
  const head = [
    `## ${mark(report)} Indexes of ${code(report.database)}`,
    '',
    prose(indexesHeadline(report)),
    '',
    ...[...coverageLines(report), ...report.notes].map((line) => `- ${longProse(line)}`),
    ...(changes === null ? [] : ['', prose(changes)]),
    ...findingTable(report),
    ...(unseen.length === 0 ? [] : details(`${counted(unseen.length, 'finding')} that could not be looked at this time`, listOf(unseen))),
    ...(gone === null || gone.length === 0 ? [] : details(`${counted(gone.length, 'finding')} gone`, listOf(gone))),
    ...(ignored.length === 0 ? [] : details(`${counted(ignored.length, 'finding')} ignored`, ignoredTable(ignored))),
  ];
  const room = MOST_BYTES - Buffer.byteLength(head.join('\n'));
  return [...head, ...evidence(findings, room), '', `As of ${time(report.at)}.`, ''].join('\n');
}

/** The body of the tracking issue: what is to be acted on and looked at. */
export function indexesIssue(report: IndexReport): string {
  const findings = report.findings.filter(({ level }) => level !== 'info');
  return indexesMarkdown({ ...report, findings });
}

function mark(report: IndexReport): string {
  const { findings } = report;
  if (findings.some(({ level }) => level === 'act')) return '❌';
  if (findings.some(({ level }) => level === 'warn')) return '⚠️';
  return isWhole(report) ? '✅' : '❔';
}

const LEVEL_WORDS = { act: '❌ act', warn: '⚠️ look', info: 'info' } as const;

function findingTable(report: IndexReport): string[] {
  const { findings } = report;
  if (findings.length === 0) return [];
  const entries = entriesByKey(report);
  const columns = [
    { title: '' },
    { title: 'Finding' },
    { title: 'Object' },
    { title: 'At stake', align: 'right' },
    { title: 'How known' },
    { title: 'Confidence' },
    { title: 'Change' },
    { title: 'Size so far' },
  ] as const;
  const rows = findings
    .slice(0, MOST_ROWS)
    .map((finding) => [
      LEVEL_WORDS[finding.level],
      KIND_WORDS[finding.kind],
      code(finding.object),
      finding.sizeAtStake > 0 ? bytes(finding.sizeAtStake) : '–',
      finding.method ?? '–',
      finding.confidence,
      finding.change ?? '–',
      trendOf(finding, entries),
    ]);
  const more = findings.length - rows.length;
  return ['', ...tableOf(columns, rows), ...(more > 0 ? ['', `and ${count(more)} more, in report.json`] : [])];
}

/** A fold for each finding, as many as there is room for. */
function evidence(findings: readonly ReportedFinding[], room: number): string[] {
  const lines: string[] = [];
  let left = room;
  for (const { object, kind, evidence: sentences } of findings.slice(0, MOST_ROWS)) {
    const fold = details(
      `${KIND_WORDS[kind]}: ${code(object)}`,
      sentences.map((sentence) => `- ${prose(sentence)}`),
    );
    left -= Buffer.byteLength(fold.join('\n')) + 1;
    if (left < 0) return [...lines, '', 'The evidence of the others is in report.json.'];
    lines.push(...fold);
  }
  return lines;
}

function listOf(findings: readonly Pick<ReportedFinding, 'kind' | 'object'>[]): string[] {
  const more = findings.length - MOST_FOLDED;
  return [
    ...findings.slice(0, MOST_FOLDED).map(({ kind, object }) => `- ${KIND_WORDS[kind]}: ${code(object)}`),
    ...(more > 0 ? [`- and ${count(more)} more`] : []),
  ];
}

function ignoredTable(ignored: IndexReport['ignored']): string[] {
  const columns = [{ title: 'Finding' }, { title: 'Object' }, { title: 'Why' }, { title: 'Until' }] as const;
  const rows = ignored.slice(0, MOST_FOLDED).map(({ kind, object, reason, until }) => [KIND_WORDS[kind], code(object), prose(reason), until ?? '–']);
  return tableOf(columns, rows);
}
