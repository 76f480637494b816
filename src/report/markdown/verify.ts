import type { VerifyResult } from '../../verify/verify.ts';
import type { VerifiedBackup } from '../../verify/verify-backup.ts';
import { bytes, count, counted } from '../format.ts';
import { verifyHeadline } from '../headline.ts';
import { unseenLines } from '../terminal/verify.ts';
import { code, details, prose, tableOf } from './escape.ts';

/** With the limits on texts, a summary stays well below the runner's 1 MiB. */
const MOST_ROWS = 200;

/** The summary of a verification: what is damaged first, then folded every backup, and what nobody looked at. */
export function verifyMarkdown(result: VerifyResult): string {
  const findings = result.backups.flatMap(({ id, findings: all }) => all.map(({ object, message }) => [code(id), code(object), prose(message)]));
  const columns = [{ title: 'Backup' }, { title: 'Object' }, { title: 'Finding' }] as const;
  const unseen = unseenLines(result);
  return [
    result.ok ? '## ✅ Verified the backups' : '## ❌ Not every backup is intact',
    '',
    prose(verifyHeadline(result)),
    ...(findings.length === 0 ? [] : ['', ...tableOf(columns, findings.slice(0, MOST_ROWS)), ...more(findings)]),
    ...(result.backups.length === 0 ? [] : details(counted(result.backups.length, 'backup'), backupTable(result.backups))),
    ...(unseen.length === 0 ? [] : ['', 'Not examined:', '', ...unseen.slice(0, MOST_ROWS).map((line) => `- ${prose(line)}`), ...more(unseen)]),
    '',
  ].join('\n');
}

function backupTable(backups: readonly VerifiedBackup[]): string[] {
  const columns = [
    { title: 'Backup' },
    { title: 'Database' },
    { title: 'Parts', align: 'right' },
    { title: 'Read', align: 'right' },
    { title: '' },
  ] as const;
  const words = { intact: 'intact', damaged: '❌ damaged', 'not-examined': '❌ not examined', gone: 'deleted meanwhile' } as const;
  const rows = backups.slice(0, MOST_ROWS).map((one) => [code(one.id), code(one.database), count(one.parts), bytes(one.bytes), words[one.verdict]]);
  return [...tableOf(columns, rows), ...more(backups)];
}

function more(all: readonly unknown[]): string[] {
  return all.length > MOST_ROWS ? ['', `and ${count(all.length - MOST_ROWS)} more`] : [];
}
