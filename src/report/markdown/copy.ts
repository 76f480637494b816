import type { CopyResult } from '../../copy/copy.ts';
import type { CopyToStore } from '../../copy/to-store.ts';
import { bytes, count, counted } from '../format.ts';
import { copyHeadline } from '../headline.ts';
import { copiedInWords, outcomeInWords } from '../terminal/copy.ts';
import { code, prose, tableOf } from './escape.ts';

/** With the limits on texts, a summary stays well below the runner's 1 MiB. */
const MOST_ROWS = 200;

/** The summary of a copy: store by store, what was brought and what could not be. */
export function copyMarkdown(result: CopyResult): string {
  const title = result.ok ? '## Copied the backups' : '## ❌ Not everything was copied';
  return [title, '', prose(copyHeadline(result)), ...result.copies.flatMap(copySection), ''].join('\n');
}

/** One store, as `copy` and `backup` tell of it. */
export function copySection(copy: CopyToStore): string[] {
  const told = copy.backups.filter(({ outcome }) => outcome !== 'there');
  const there = copy.backups.length - told.length;
  const columns = [{ title: 'Backup' }, { title: 'Database' }, { title: 'Written', align: 'right' }, { title: '' }] as const;
  const rows = told
    .slice(0, MOST_ROWS)
    .map((one) => [
      code(one.id),
      code(one.database),
      bytes(one.bytes),
      `${one.outcome === 'failed' || one.outcome === 'not-tried' ? '❌ ' : ''}${prose(outcomeInWords(one))}`,
    ]);
  return [
    '',
    `### ${copy.ok ? '✅' : '❌'} Copy in ${code(copy.storage)}`,
    '',
    `${copiedInWords(copy)}.${there === 0 ? '' : ` ${counted(there, 'backup')} ${there === 1 ? 'was' : 'were'} there already.`}`,
    ...(copy.problem === null ? [] : ['', `> ❌ ${prose(copy.problem.message)} ${prose(copy.problem.remedy)}`]),
    ...(rows.length === 0 ? [] : ['', ...tableOf(columns, rows)]),
    ...(told.length > MOST_ROWS ? ['', `and ${count(told.length - MOST_ROWS)} more`] : []),
  ];
}
