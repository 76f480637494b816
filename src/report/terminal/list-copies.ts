import type { AllCopies, HoldingState } from '../../catalog/copies.ts';
import { visible } from '../format.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

/** The stores by number, then a line for each backup: what each of them has of it; then what was found. */
export function copiesLines({ stores, backups, findings }: AllCopies, style: Style): string[] {
  const columns = [{ title: 'DATABASE' }, { title: 'BACKUP' }, ...stores.map((_, i) => ({ title: `STORE ${i + 1}` }))];
  const rows = backups.map(({ database, id, stores: states }) => [
    visible(database),
    id,
    ...states.map((state, i) => (stores[i]?.problem === null ? paint(state, style) : style.doubtful('?'))),
  ]);
  return [
    ...stores.map(({ storage }, i) => `store ${i + 1}: ${style.strong(visible(storage))}${i === 0 ? '' : ', for copies'}`),
    ...table(columns, rows, style),
    ...findings.map(({ object, message }) => `${style.bad(`${visible(object)}:`)} ${visible(message)}`),
  ];
}

function paint(state: HoldingState, style: Style): string {
  if (state === 'whole') return style.good('whole');
  return state === 'absent' ? style.faint('–') : style.bad(state);
}
