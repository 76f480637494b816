import type { Coverage, IndexReport } from '../../indexes/report.ts';
import { bytes, count, counted } from '../format.ts';

const MOST_REASONS = 10;
const EXAMPLES = 3;

/** What a report says first: how many indexes were examined and how, and how many were not, why, and what would change that. Plain text. */
export function coverageLines({ coverage }: Pick<IndexReport, 'coverage'>): string[] {
  const { indexes, methods, notExamined, other } = coverage;
  const { measured, scaled, exact, estimated } = methods;
  const missed = notExamined.reduce((sum, group) => sum + group.indexes, 0);
  const known = [
    [measured, 'measured by a drill'],
    [scaled, 'by what a drill measured, scaled to the rows of today'],
    [exact, 'counted by pgstattuple'],
    [estimated, 'estimated from statistics'],
  ] as const;
  const parts = [...known.filter(([n]) => n > 0).map(([n, how]) => `${count(n)} ${how}`), ...(missed > 0 ? [`${count(missed)} not examined`] : [])];
  const more = notExamined.slice(MOST_REASONS).reduce((sum, group) => sum + group.indexes, 0);
  return [
    `Bloat of ${counted(indexes, 'index', 'indexes')}: ${parts.length === 0 ? 'there are none' : parts.join(', ')}.`,
    ...notExamined.slice(0, MOST_REASONS).map(notExaminedLine),
    ...(more > 0 ? [`Not examined: ${counted(more, 'index', 'indexes')} more, for other reasons.`] : []),
    ...other.map(({ object, why, remedy }) => `Not examined: ${object}. ${why}${remedy === null ? '' : ` ${remedy}`}`),
  ];
}

function notExaminedLine({ why, remedy, indexes, bytes: size, examples }: Coverage['notExamined'][number]): string {
  const some = examples.slice(0, EXAMPLES);
  const names = some.length === 0 ? '' : ` (${some.join(', ')}${indexes > some.length ? ', …' : ''})`;
  return `Not examined: ${counted(indexes, 'index', 'indexes')} of ${bytes(size)}${names}. ${why}${remedy === null ? '' : ` ${remedy}`}`;
}
