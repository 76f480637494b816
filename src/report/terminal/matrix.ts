import type { MatrixResult } from '../../matrix/matrix.ts';
import { visible } from '../format.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

/** One line a database, with the environment variables that hold its secrets. */
export function matrixText({ matrix: { include } }: MatrixResult, style: Style): string {
  if (include.length === 0) return 'No databases: there is no lifeboat.yml, or it names none.';
  const rows = include.map(({ database, retention: _, ...variables }) => [visible(database), Object.values(variables).join(', ') || '–']);
  return table([{ title: 'DATABASE' }, { title: 'SECRETS IN' }], rows, style).join('\n');
}
