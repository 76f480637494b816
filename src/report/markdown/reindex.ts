import type { IndexOutcome } from '../../indexes/repair/outcome.ts';
import type { ReindexResult } from '../../indexes/repair/reindex.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { bytes, count, seconds } from '../format.ts';
import { reindexHeadline } from '../headline.ts';
import { gained } from '../terminal/reindex.ts';
import { code, prose, tableOf } from './escape.ts';

/** With the limits on texts, a summary stays well below the runner's 1 MiB. */
const MOST_ROWS = 200;

/** The summary of a reindex: every index with its size before, predicted and after, why others were not rebuilt, and what is left over. */
export function reindexMarkdown(result: ReindexResult): string {
  const { applied, database, indexes, leftovers, notes, ok } = result;
  const title = applied ? `## ${ok ? '' : '❌ '}Rebuilt indexes of ${code(database)}` : `## Dry run: no index of ${code(database)} was rebuilt`;
  return [
    title,
    '',
    prose(reindexHeadline(result)),
    ...(result.report === null ? [] : ['', `From the report ${code(result.report)}.`]),
    ...indexTable(indexes),
    ...leftoverTable(leftovers),
    ...notes.flatMap((note) => ['', `⚠️ ${prose(note)}`]),
    '',
  ].join('\n');
}

function indexTable(indexes: readonly IndexOutcome[]): string[] {
  if (indexes.length === 0) return [];
  const columns = [
    { title: 'Index' },
    { title: 'Outcome' },
    { title: 'Before', align: 'right' },
    { title: 'Predicted', align: 'right' },
    { title: 'After', align: 'right' },
    { title: 'Gained', align: 'right' },
    { title: 'Took', align: 'right' },
    { title: 'Why' },
  ] as const;
  const size = (n: number | null) => (n === null ? '–' : bytes(n));
  const rows = indexes
    .slice(0, MOST_ROWS)
    .map((index) => [
      code(displayName(index)),
      index.outcome,
      size(index.bytesBefore),
      size(index.predictedBytes),
      size(index.bytesAfter),
      gained(index),
      index.seconds === null ? '–' : seconds(index.seconds),
      prose(index.why ?? ''),
    ]);
  return ['', ...tableOf(columns, rows), ...more(indexes)];
}

function leftoverTable(leftovers: ReindexResult['leftovers']): string[] {
  if (leftovers.length === 0) return [];
  const rows = leftovers
    .slice(0, MOST_ROWS)
    .map((left) => [code(displayName(left)), left.removed ? 'removed' : `${prose(left.why ?? '')}: ${code(`${left.sql};`)}`]);
  return ['', ...tableOf([{ title: 'Left over by a rebuild that ended midway' }, { title: '' }], rows), ...more(leftovers)];
}

function more(all: readonly unknown[]): string[] {
  return all.length > MOST_ROWS ? ['', `and ${count(all.length - MOST_ROWS)} more`] : [];
}
