import { stripVTControlCharacters } from 'node:util';
import type { Style } from './style.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/** Lines of an aligned table. Cells may be coloured; they must hold no control characters of anybody else's. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], style: Style): string[] {
  const widths = columns.map((column, i) => rows.reduce((widest, row) => Math.max(widest, width(row[i] ?? '')), width(column.title)));
  const line = (cells: readonly string[]) =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        const padding = ' '.repeat((widths[i] ?? 0) - width(cell));
        return column.align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return [style.faint(line(columns.map(({ title }) => title))), ...rows.map(line)];
}

/** How many columns of a terminal the text takes: emoji and East Asian characters take two. */
export function width(text: string): number {
  const plain = stripVTControlCharacters(text);
  // the usual case, without the segmenter
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  let columns = 0;
  for (const { segment } of SEGMENTER.segment(plain)) columns += WIDE.test(segment) ? 2 : 1;
  return columns;
}

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
