import type { IndexReport, ReportedFinding } from '../../indexes/report.ts';
import { bytes, time, visible } from '../format.ts';
import { coverageLines } from './coverage.ts';
import { indexesHeadline, KIND_WORDS } from './words.ts';

/** What changes no data, locks nobody out and can be broken off at any time. */
const SAFE = /^(?:REINDEX INDEX CONCURRENTLY|ANALYZE) /;

/**
 * A file for psql, to be read before it is run: each statement under its evidence. Only REINDEX INDEX CONCURRENTLY and ANALYZE stand there
 * ready to run, the statistics first, then the smallest index; everything else is commented out.
 */
export function indexesSql(report: IndexReport): string {
  const remedies = report.findings.filter(({ remedySql }) => remedySql !== null);
  const live = remedies.filter(isLive).sort((a, b) => Number(b.kind === 'statistics') - Number(a.kind === 'statistics') || sizeOf(a) - sizeOf(b));
  const others = remedies.filter((finding) => !isLive(finding));
  return [
    ...comment([
      `Indexes of ${report.database}, ${time(report.at)}`,
      indexesHeadline(report),
      ...coverageLines(report),
      'Read it before you run it. What would drop, create, lock or rewrite something is commented out.',
      'REINDEX CONCURRENTLY cannot run inside a transaction block, and needs room for a second copy of the index.',
    ]),
    '',
    '\\set ON_ERROR_STOP on',
    "SET lock_timeout = '30s';",
    'SET statement_timeout = 0;',
    ...live.flatMap((finding) => ['', ...heading(finding), finding.remedySql as string]),
    ...others.flatMap((finding) => ['', ...heading(finding), ...comment((finding.remedySql as string).split('\n'))]),
    '',
  ].join('\n');
}

/** A name with a line break in it would get out of a comment: then it stays in, escaped, and somebody has to look. */
function isLive({ remedySql }: ReportedFinding): boolean {
  return remedySql !== null && SAFE.test(remedySql) && visible(remedySql) === remedySql;
}

function sizeOf({ sizeAtStake }: ReportedFinding): number {
  return sizeAtStake;
}

function heading({ level, kind, object, evidence, sizeAtStake, confidence, method }: ReportedFinding): string[] {
  const facts = [...(sizeAtStake > 0 ? [`${bytes(sizeAtStake)} at stake`] : []), `confidence ${confidence}`, ...(method === null ? [] : [method])];
  return comment([`[${level}] ${KIND_WORDS[kind]}: ${object} (${facts.join(', ')})`, ...evidence]);
}

function comment(lines: readonly string[]): string[] {
  return lines.map((line) => `-- ${visible(line)}`);
}
