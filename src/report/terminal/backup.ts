import type { BackupResult } from '../../backup/backup.ts';
import { bytes, count, counted, rate, ratio, seconds, shortRecipient, time, visible } from '../format.ts';
import { copyLines } from './copy.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_NAMES = 20;

/** What was backed up, and what was not. */
export function backupText(result: BackupResult, style: Style): string {
  const { total } = result.seconds;
  const checked = result.checksums ? 'counted and checksummed' : 'counted';
  const lines = [
    `${style.good('backed up')} ${style.strong(visible(result.database))}: ${counted(result.tables, 'table')} with ${counted(result.rows, 'row')}, ${checked}, in ${seconds(total)}`,
    `  id        ${style.strong(result.id)}`,
    `  snapshot  ${time(result.snapshotAt)}`,
    `  stored    ${bytes(result.bytes)} in ${visible(result.storage)} (${ratio(result.plainBytes, result.bytes)} smaller, ${rate(result.plainBytes, total, 'bytes')})`,
    `  pg_dump   ${visible(result.pgDump)}`,
  ];
  if (result.recipients.length > 0) lines.push(`  encrypted for ${result.recipients.map(shortRecipient).map(visible).join(', ')}`);
  if (result.lockedUntil !== null) lines.push(`  locked    until ${time(result.lockedUntil)}`);
  if (result.signed) lines.push('  signed    yes');
  if (result.largeObjects > 0) lines.push(`  besides   ${counted(result.largeObjects, 'large object')}`);
  const columns = [
    { title: 'PART' },
    { title: 'TABLES', align: 'right' },
    { title: 'PLAIN', align: 'right' },
    { title: 'STORED', align: 'right' },
    { title: 'RATIO', align: 'right' },
  ] as const;
  const rows = result.parts.map(({ name, kind, tables, plain, stored }) => [
    visible(name),
    kind === 'data' ? count(tables) : '',
    bytes(plain.bytes),
    bytes(stored.bytes),
    ratio(plain.bytes, stored.bytes),
  ]);
  lines.push('', ...table(columns, rows, style));
  if (result.leftOut.length > 0)
    lines.push('', style.doubtful(`The rows of ${counted(result.leftOut.length, 'table')} were left out on purpose:`), ...names(result.leftOut));
  if (result.notes.length > 0) lines.push('', ...result.notes.map((note) => `${style.doubtful('note:')} ${visible(note)}`));
  for (const copy of result.copies) lines.push('', ...copyLines(copy, style));
  if (!result.ok)
    lines.push(
      '',
      `Backup ${style.strong(result.id)} itself is complete in ${visible(result.storage)}; lifeboat copy brings what is missing elsewhere.`,
    );
  return lines.join('\n');
}

function names(all: readonly string[]): string[] {
  const shown = all.slice(0, MOST_NAMES).map((name) => `  ${visible(name)}`);
  return all.length > MOST_NAMES ? [...shown, `  and ${count(all.length - MOST_NAMES)} more; --json has them all`] : shown;
}
