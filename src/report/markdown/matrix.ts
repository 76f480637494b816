import type { MatrixResult } from '../../matrix/matrix.ts';
import { counted } from '../format.ts';
import { code, tableOf } from './escape.ts';

/** The databases that a workflow is about to go through. */
export function matrixMarkdown({ matrix: { include }, databases }: MatrixResult): string {
  if (databases === 0) return 'lifeboat.yml names no database: what to back up or drill comes from inputs and secrets.\n';
  const rows = include.map(({ database, retention: _, ...variables }) => [code(database), Object.values(variables).map(code).join(', ')]);
  return [`${counted(databases, 'database')} in lifeboat.yml`, '', ...tableOf([{ title: 'Database' }, { title: 'Secrets in' }], rows), ''].join('\n');
}
