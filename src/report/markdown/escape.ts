import { shortened, visible } from '../format.ts';

const LONGEST_NAME = 200;
const LONGEST_TEXT = 200;

/** A name that came from a database, as code, wherever it stands: in a cell, in a list, in a heading. */
export function code(name: string): string {
  const text = shortened(visible(name), LONGEST_NAME);
  // In a log, too, backticks read better than tags; but in a table no backtick protects a pipe.
  return /^[\w.$ -]*[\w$]$/.test(text) ? `\`${text}\`` : `<code>${literal(text)}</code>`;
}

/** A sentence that may have such names in it, as text and nothing else. */
export function prose(sentence: string): string {
  return literal(shortened(visible(sentence), LONGEST_TEXT));
}

/** The same for what has to be read to its end: a reason with its remedy. */
export function longProse(sentence: string): string {
  return literal(shortened(visible(sentence), 5 * LONGEST_TEXT));
}

/** A table; the cells must have been escaped. */
export function tableOf(columns: readonly { readonly title: string; readonly align?: 'right' }[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns.map(({ title }) => title)), line(columns.map(({ align }) => (align === 'right' ? '--:' : '---'))), ...rows.map(line)];
}

/** Folded away; the summary and the lines must have been escaped. */
export function details(summary: string, lines: readonly string[]): string[] {
  return ['', '<details>', `<summary>${summary}</summary>`, '', ...lines, '', '</details>'];
}

/**
 * Everything that Markdown, HTML or GitHub would read as more than a character becomes an entity, which stands for nothing but itself
 * (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references). GitHub looks for mentions and issue numbers
 * in the finished HTML, where only a tag in between keeps them apart.
 */
export function literal(text: string): string {
  return text
    .replaceAll(/[&<>"'\\`*_{}[\]|~$@#]/g, (c) => `&#${c.charCodeAt(0)};${c === '@' || c === '#' ? '<!-- -->' : ''}`)
    .replaceAll('://', '&#58;//')
    .replaceAll(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`);
}
