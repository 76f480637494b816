import type { RotateRecipientsResult } from '../../rotation/rotate-recipients.ts';
import { bytes, count, counted, shortRecipient } from '../format.ts';
import { rotateHeadline } from '../headline.ts';
import { beforeOf, outcomeOf, VERSIONS } from '../terminal/rotate-recipients.ts';
import { code, details, prose, tableOf } from './escape.ts';

const MOST_ROWS = 200;

/** The summary of a rotation: every backup and what was done with it, then folded what could not be deleted. */
export function rotateRecipientsMarkdown(result: RotateRecipientsResult): string {
  const { applied, database, backups, recipients } = result;
  const columns = [{ title: 'Backup' }, { title: 'Stored', align: 'right' }, { title: '' }, { title: 'Before' }] as const;
  const rows = backups
    .slice(0, MOST_ROWS)
    .map((backup) => [code(backup.id), backup.outcome === 'blocked' ? '–' : bytes(backup.bytes), outcomeOf(backup), prose(beforeOf(backup))]);
  const remaining = backups.flatMap((backup) => backup.remaining);
  return [
    applied ? `## Encrypted ${code(database)} anew` : `## Dry run: nothing of ${code(database)} was written`,
    '',
    prose(rotateHeadline(result)),
    '',
    ...recipients.map((recipient) => `- ${code(shortRecipient(recipient))}`),
    '',
    ...tableOf(columns, rows),
    ...(backups.length > MOST_ROWS ? ['', `and ${count(backups.length - MOST_ROWS)} more`] : []),
    ...(applied && result.versions === true ? ['', `> **Note:** ${VERSIONS}`] : []),
    ...(remaining.length === 0
      ? []
      : details(
          `⚠️ ${counted(remaining.length, 'old object')} could not be deleted; those from before, the old identities still read`,
          tableOf(
            [{ title: 'Object' }, { title: 'Why' }],
            remaining.slice(0, MOST_ROWS).map(({ object, reason }) => [code(object), prose(reason)]),
          ),
        )),
    '',
  ].join('\n');
}
