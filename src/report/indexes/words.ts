import type { FindingKind, IndexFinding } from '../../indexes/finding.ts';
import { type IndexEntry, type IndexReport, indexKey, type ReportedFinding } from '../../indexes/report.ts';
import { counted } from '../format.ts';

/** A kind of finding, as people say it. */
export const KIND_WORDS: Readonly<Record<FindingKind, string>> = {
  bloated: 'bloated',
  invalid: 'invalid',
  leftover: 'leftover',
  duplicate: 'duplicate',
  redundant: 'redundant',
  unused: 'unused',
  'foreign-key': 'foreign key without an index',
  'sequential-scans': 'read sequentially',
  statistics: 'statistics',
  sequence: 'sequence',
  age: 'age',
};

/** One sentence: what is to be done and to be looked at. */
export function indexesHeadline(report: IndexReport): string {
  const { database, findings } = report;
  const of = (level: IndexFinding['level']) => findings.filter((finding) => finding.level === level).length;
  const [act, warn, info] = [of('act'), of('warn'), of('info')];
  if (act + warn + info === 0) return `Nothing found on the indexes of ${database}${isWhole(report) ? '' : ', of what could be examined'}.`;
  const parts = [
    ...(act > 0 ? [`${act} to act on`] : []),
    ...(warn > 0 ? [`${warn} to look at`] : []),
    ...(info > 0 ? [`${info} good to know`] : []),
  ];
  return `${counted(findings.length, 'finding')} on the indexes of ${database}: ${parts.join(', ')}.`;
}

/** Whether every index was examined, and everything that was found before. */
export function isWhole({ coverage, unseen }: IndexReport): boolean {
  return coverage.notExamined.length === 0 && unseen.length === 0;
}

/** What is new, worse, better and gone since the report before; `null` when there is none. */
export function changesLine({ findings, gone, unseen, previous }: IndexReport): string | null {
  if (previous === null || gone === null) return null;
  const of = (change: ReportedFinding['change']) => findings.filter((finding) => finding.change === change).length;
  return `Since ${previous.slice(0, 10)}: ${of('new')} new, ${of('worse')} worse, ${of('better')} better, ${gone.length} gone, ${of('same')} as before${unseen.length === 0 ? '' : `, ${unseen.length} not looked at`}.`;
}

/** The size of an index in the reports so far, as a line of blocks. */
export function trendOf(finding: IndexFinding, entries: ReadonlyMap<string, IndexEntry>): string {
  const entry = finding.index === null ? undefined : entries.get(indexKey(finding.index));
  const sizes = (entry?.trend ?? []).map(([, bytes]) => bytes);
  if (sizes.length < 2) return '';
  const most = Math.max(...sizes, 1);
  return sizes.map((size) => BLOCKS[Math.min(BLOCKS.length - 1, Math.floor((size / most) * (BLOCKS.length - 1)))]).join('');
}

export function entriesByKey({ indexes }: IndexReport): ReadonlyMap<string, IndexEntry> {
  return new Map(indexes.map((entry) => [indexKey(entry), entry]));
}

const BLOCKS = '▁▂▃▄▅▆▇█';
