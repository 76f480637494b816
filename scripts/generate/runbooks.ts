import { ERROR_CODES } from '../../src/errors.ts';
import type { ProblemCode } from '../../src/report/problem.ts';
import { RUNBOOK_PLACES } from '../../src/report/runbook-places.ts';
import { PLACEHOLDERS } from '../runbooks/placeholders.ts';

/** docs/errors.md with each code a link to its runbook. */
export function linkedErrors(page: string): string {
  return page.replaceAll(/^\| (?:\[`([a-z-]+)`\]\([^)]*\)|`([a-z-]+)`) \|/gm, (row, linked: string | undefined, plain: string | undefined) => {
    const code = linked ?? plain ?? '';
    if (!(code in ERROR_CODES)) return row;
    const place = RUNBOOK_PLACES[code as ProblemCode] as string | undefined;
    if (place === undefined) throw new Error(`${code} has no place in src/report/runbook-places.ts`);
    return `| [\`${code}\`](../runbooks/${place}) |`;
  });
}

/** runbooks/README.md with its tables of codes and of placeholders. */
export function runbooksIndex(page: string): string {
  const codes = Object.entries(RUNBOOK_PLACES).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  const rows = codes.map(([code, place]) => `| \`${code}\` | [${titleOf(place)}](${place}) |`);
  const placeholders = Object.entries(PLACEHOLDERS).map(([name, meaning]) => `| \`<${name}>\` | ${meaning} |`);
  return between(between(page, 'codes', ['| code | page and section |', '|---|---|', ...rows]), 'placeholders', [
    '| write | in the place of it |',
    '|---|---|',
    ...placeholders,
  ]);
}

/** `backup-failed.md#the-server` as `backup failed: the server`. */
function titleOf(place: string): string {
  const [file = '', section = ''] = place.replaceAll('-', ' ').split('.md#');
  return file === 'README' ? `below: ${section}` : `${file}: ${section}`;
}

function between(page: string, name: string, lines: readonly string[]): string {
  const marked = new RegExp(`(<!-- ${name}: [^\\n]* -->\\n).*?(<!-- /${name} -->)`, 's');
  if (!marked.test(page)) throw new Error(`runbooks/README.md has no place for its ${name}`);
  return page.replace(marked, (_, before: string, after: string) => `${before}${lines.join('\n')}\n${after}`);
}
