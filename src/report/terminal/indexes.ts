import type { IndexesResult } from '../../indexes/indexes.ts';
import type { ReportedFinding } from '../../indexes/report.ts';
import { bytes, count, shortened, visible } from '../format.ts';
import { coverageLines } from '../indexes/coverage.ts';
import { changesLine, indexesHeadline, KIND_WORDS } from '../indexes/words.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_ROWS = 50;
const MOST_EVIDENCE = 10;
const LONGEST_NAME = 80;

/** An index report for a terminal: what was examined, then what was found, with the evidence of the worst. */
export function indexesText(result: IndexesResult, style: Style): string {
  const { report, reportKey, folder } = result;
  const changes = changesLine(report);
  return [
    style.strong(visible(indexesHeadline(report))),
    ...coverageLines(report).map((line) => (line.startsWith('Not examined') ? style.doubtful(visible(line)) : visible(line))),
    ...report.notes.map((note) => style.doubtful(visible(note))),
    ...(changes === null ? [] : [changes]),
    ...(report.findings.length === 0 ? [] : ['', ...findingTable(report.findings, style), ...evidence(report.findings, style)]),
    ...(report.ignored.length === 0 ? [] : ['', `${count(report.ignored.length)} ignored by rules: --json shows them.`]),
    ...(reportKey === null ? ['', 'Nothing was stored: without --storage no drill measures, and the next report has nothing to compare with.'] : []),
    ...(folder === null ? [] : ['', `Written to ${visible(folder)}: report.json, report.md, report.sql, report.svg.`]),
  ].join('\n');
}

function findingTable(findings: readonly ReportedFinding[], style: Style): string[] {
  const columns = [
    { title: 'LEVEL' },
    { title: 'FINDING' },
    { title: 'OBJECT' },
    { title: 'AT STAKE', align: 'right' },
    { title: 'HOW KNOWN' },
    { title: 'CONFIDENCE' },
    { title: 'CHANGE' },
  ] as const;
  const rows = findings
    .slice(0, MOST_ROWS)
    .map(({ level, kind, object, sizeAtStake, method, confidence, change }) => [
      level === 'act' ? style.bad(level) : level === 'warn' ? style.doubtful(level) : level,
      KIND_WORDS[kind],
      shortened(visible(object), LONGEST_NAME),
      sizeAtStake > 0 ? bytes(sizeAtStake) : '–',
      method ?? '–',
      confidence,
      change ?? '–',
    ]);
  return [...table(columns, rows, style), ...(findings.length > MOST_ROWS ? [`and ${count(findings.length - MOST_ROWS)} more`] : [])];
}

function evidence(findings: readonly ReportedFinding[], style: Style): string[] {
  return findings
    .slice(0, MOST_EVIDENCE)
    .flatMap(({ kind, object, evidence: sentences, remedySql }) => [
      '',
      `${style.strong(visible(object))}: ${KIND_WORDS[kind]}`,
      ...sentences.map((sentence) => `  ${visible(sentence)}`),
      ...(remedySql === null ? [] : remedySql.split('\n').map((line) => style.faint(`  ${visible(line)}`))),
    ]);
}
