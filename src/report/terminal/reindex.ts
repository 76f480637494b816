import type { IndexOutcome } from '../../indexes/repair/outcome.ts';
import type { ReindexResult } from '../../indexes/repair/reindex.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { bytes, count, seconds, shortened, visible } from '../format.ts';
import { reindexHeadline } from '../headline.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_ROWS = 200;
const LONGEST_WHY = 300;

/** Every index with its size before, predicted and after, or why it was not rebuilt; then what is left over, and what to know. */
export function reindexText(result: ReindexResult, style: Style): string {
  const lines = [style.strong(visible(reindexHeadline(result)))];
  if (result.indexes.length > 0) lines.push('', ...indexTable(result.indexes, style));
  const reasons = result.indexes.filter(({ why }) => why !== null).slice(0, MOST_ROWS);
  if (reasons.length > 0)
    lines.push('', ...reasons.map((index) => `  ${visible(displayName(index))}: ${visible(shortened(index.why ?? '', LONGEST_WHY))}`));
  if (result.leftovers.length > 0) {
    const left = result.leftovers
      .slice(0, MOST_ROWS)
      .map((one) => `  ${visible(displayName(one))}: ${one.removed ? 'removed' : visible(`${one.why}: ${one.sql};`)}`);
    lines.push('', style.doubtful('Left over by rebuilds that ended midway:'), ...left);
  }
  lines.push(...result.notes.map((note) => `${style.doubtful('note:')} ${visible(note)}`));
  if (!result.applied) lines.push('', 'To rebuild what is planned, add --apply.');
  return lines.join('\n');
}

function indexTable(indexes: readonly IndexOutcome[], style: Style): string[] {
  const columns = [
    { title: 'INDEX' },
    { title: 'OUTCOME' },
    { title: 'BEFORE', align: 'right' },
    { title: 'PREDICTED', align: 'right' },
    { title: 'AFTER', align: 'right' },
    { title: 'GAINED', align: 'right' },
    { title: 'TOOK', align: 'right' },
  ] as const;
  const paint = { planned: style.strong, rebuilt: style.good, skipped: style.faint, refused: style.doubtful, failed: style.bad };
  const size = (n: number | null) => (n === null ? '–' : bytes(n));
  const rows = indexes
    .slice(0, MOST_ROWS)
    .map((index) => [
      visible(displayName(index)),
      paint[index.outcome](index.outcome),
      size(index.bytesBefore),
      size(index.predictedBytes),
      size(index.bytesAfter),
      gained(index),
      index.seconds === null ? '–' : seconds(index.seconds),
    ]);
  const more = indexes.length > MOST_ROWS ? [`and ${count(indexes.length - MOST_ROWS)} more`] : [];
  return [...table(columns, rows, style), ...more];
}

/** An index may also become larger: one that was built by deletions only, say. */
export function gained({ gainedBytes, bytesBefore }: IndexOutcome): string {
  if (gainedBytes === null) return '–';
  const share = bytesBefore ? ` (${Math.round((100 * gainedBytes) / bytesBefore)} %)` : '';
  return gainedBytes < 0 ? `-${bytes(-gainedBytes)}${share}` : `${bytes(gainedBytes)}${share}`;
}
