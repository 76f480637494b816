import type { RotatedBackup, RotateRecipientsResult } from '../../rotation/rotate-recipients.ts';
import { bytes, count, counted, shortRecipient, visible } from '../format.ts';
import { rotateHeadline } from '../headline.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_ROWS = 200;
/** Said of a bucket with versioning: whoever had the old key and the bucket still has both. */
export const VERSIONS = 'The bucket keeps versions: what was replaced stays there, for the old identities to read, until the versions are deleted.';

/** For whom, what was done with each backup, and what could not be deleted. */
export function rotateRecipientsText(result: RotateRecipientsResult, style: Style): string {
  const { backups, recipients, applied } = result;
  const columns = [{ title: 'BACKUP' }, { title: 'STORED', align: 'right' }, { title: '' }, { title: 'BEFORE' }] as const;
  const rows = backups
    .slice(0, MOST_ROWS)
    .map((backup) => [
      backup.id,
      backup.outcome === 'blocked' ? '' : bytes(backup.bytes),
      backup.outcome === 'blocked' ? style.bad(outcomeOf(backup)) : outcomeOf(backup),
      visible(beforeOf(backup)),
    ]);
  const remaining = backups.flatMap((backup) => backup.remaining);
  const lines = [style.strong(visible(rotateHeadline(result))), ...recipients.map((recipient) => `  for ${visible(shortRecipient(recipient))}`)];
  lines.push('', ...table(columns, rows, style));
  if (backups.length > MOST_ROWS) lines.push(`and ${count(backups.length - MOST_ROWS)} more`);
  if (remaining.length > 0) {
    lines.push(
      '',
      style.doubtful(`${counted(remaining.length, 'old object')} could not be deleted; those from before, the old identities still read:`),
    );
    lines.push(...remaining.slice(0, MOST_ROWS).map(({ object, reason }) => `  ${visible(object)}: ${visible(reason)}`));
    if (remaining.length > MOST_ROWS) lines.push(`  and ${count(remaining.length - MOST_ROWS)} more`);
  }
  if (applied && result.versions === true) lines.push('', style.doubtful(VERSIONS));
  if (!applied && backups.some(({ outcome }) => outcome === 'would-rotate')) lines.push('', 'To encrypt them anew, add --apply.');
  return lines.join('\n');
}

/** In two or three words. */
export function outcomeOf({ outcome }: RotatedBackup): string {
  return { rotated: 'encrypted anew', 'would-rotate': 'would be', already: 'for them already', blocked: 'left as it is' }[outcome];
}

/** Whom a backup was for, or why it was left alone. */
export function beforeOf({ why, from }: RotatedBackup): string {
  return why ?? (from.length === 0 ? 'not encrypted' : from.map(shortRecipient).join(', '));
}
