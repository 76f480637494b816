import type { CopyResult } from '../../copy/copy.ts';
import type { CopiedBackup, CopyToStore } from '../../copy/to-store.ts';
import { bytes, count, counted, rate, seconds, visible } from '../format.ts';
import { copyHeadline } from '../headline.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_ROWS = 200;

/** What was copied where, and what could not be; backups that were there already are only counted. */
export function copyText(result: CopyResult, style: Style): string {
  return [style.strong(visible(copyHeadline(result))), ...result.copies.flatMap((copy) => ['', ...copyLines(copy, style)])].join('\n');
}

/** One store, as `copy` and `backup` tell of it. */
export function copyLines(copy: CopyToStore, style: Style): string[] {
  const { ok, storage, backups, problem } = copy;
  const told = backups.filter(({ outcome }) => outcome !== 'there');
  const there = backups.length - told.length;
  const verdict = ok ? style.good('copied') : style.bad('not all copied');
  const lines = [`${verdict} to ${style.strong(visible(storage))}: ${copiedInWords(copy)}`];
  if (problem !== null) lines.push(style.bad(visible(`${problem.message} ${problem.remedy}`)));
  if (told.length > 0) {
    const columns = [{ title: 'DATABASE' }, { title: 'BACKUP' }, { title: 'WRITTEN', align: 'right' }, { title: '' }] as const;
    const rows = told.slice(0, MOST_ROWS).map((one) => [visible(one.database), one.id, bytes(one.bytes), paint(one, style)]);
    lines.push(...table(columns, rows, style));
    if (told.length > MOST_ROWS) lines.push(`and ${count(told.length - MOST_ROWS)} more; --json has them all`);
  }
  if (there > 0) lines.push(`${counted(there, 'backup')} ${there === 1 ? 'was' : 'were'} there already.`);
  return lines;
}

/** How much in how long. */
export function copiedInWords({ bytes: written, seconds: taken, backups }: CopyToStore): string {
  const copied = backups.filter(({ outcome }) => outcome === 'copied').length;
  return `${counted(copied, 'backup')}, ${bytes(written)} in ${seconds(taken)}${written > 0 ? `, ${rate(written, taken, 'bytes')}` : ''}`;
}

/** What became of one backup, in a few words. */
export function outcomeInWords({ outcome, objects, reused, problem }: CopiedBackup): string {
  switch (outcome) {
    case 'copied':
      return reused === 0 ? 'copied' : `copied; ${counted(reused, 'part')} of an interrupted copy ${reused === 1 ? 'was' : 'were'} whole`;
    case 'completed':
      return `was there; ${counted(objects, 'object')} added`;
    case 'there':
      return 'was there';
    case 'gone':
      return 'deleted meanwhile';
    case 'not-tried':
      return 'not tried';
    default:
      return `failed: ${problem?.message ?? ''}`;
  }
}

function paint(backup: CopiedBackup, style: Style): string {
  const words = visible(outcomeInWords(backup));
  return backup.outcome === 'failed' || backup.outcome === 'not-tried' ? style.bad(words) : words;
}
