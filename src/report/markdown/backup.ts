import type { BackupResult } from '../../backup/backup.ts';
import { bytes, count, counted, rate, ratio, seconds, shortRecipient, time } from '../format.ts';
import { copySection } from './copy.ts';
import { code, details, prose, tableOf } from './escape.ts';

const MOST_NAMES = 100;

/** The summary of a backup: what was backed up in one sentence, its parts in one table, the rest folded. */
export function backupMarkdown(result: BackupResult): string {
  const { total, dump, count: counting } = result.seconds;
  const checked = result.checksums ? 'counted and checksummed' : 'counted';
  const columns = [
    { title: 'Part' },
    { title: 'Tables', align: 'right' },
    { title: 'Plain', align: 'right' },
    { title: 'Stored', align: 'right' },
    { title: 'Ratio', align: 'right' },
  ] as const;
  const parts = result.parts.map(({ name, kind, tables, plain, stored }) => [
    code(name),
    kind === 'data' ? count(tables) : '',
    bytes(plain.bytes),
    bytes(stored.bytes),
    ratio(plain.bytes, stored.bytes),
  ]);
  const sum = ['**all**', count(result.tables), bytes(result.plainBytes), bytes(result.bytes), ratio(result.plainBytes, result.bytes)];
  const facts = [
    ['Backup', code(result.id)],
    ['Snapshot', time(result.snapshotAt)],
    ['Store', code(result.storage)],
    ['Encrypted', result.recipients.length === 0 ? 'no' : `for ${result.recipients.map(shortRecipient).map(code).join(', ')}`],
    ['Locked', result.lockedUntil === null ? 'no' : `until ${time(result.lockedUntil)}`],
    ['Signed', result.signed ? 'yes' : 'no'],
    ['Large objects', count(result.largeObjects)],
    ['pg_dump', code(result.pgDump)],
    ['Time', `${seconds(total)}; the dump took ${seconds(dump)}, counting ${seconds(counting)}`],
    ['Rate', `${rate(result.plainBytes, total, 'bytes')}, ${rate(result.rows, total, 'rows')}`],
  ];
  return [
    `## Backed up ${code(result.database)}`,
    '',
    `${counted(result.tables, 'table')} with ${counted(result.rows, 'row')}, ${checked}, in ${seconds(total)}: ${bytes(result.bytes)} stored. Not proven until a drill has restored it.`,
    '',
    ...tableOf(columns, [...parts, sum]),
    ...result.notes.flatMap((note) => ['', `> **Note:** ${prose(note)}`]),
    ...(result.ok ? [] : ['', `> ❌ Not everything was copied. Backup ${code(result.id)} itself is complete in ${code(result.storage)}.`]),
    ...leftOut(result.leftOut),
    ...details('Details', tableOf([{ title: '' }, { title: '' }], facts)),
    ...result.copies.flatMap(copySection),
    '',
  ].join('\n');
}

function leftOut(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const lines = names.slice(0, MOST_NAMES).map((name) => `- ${code(name)}`);
  if (names.length > lines.length) lines.push(`- and ${count(names.length - lines.length)} more`);
  return details(`The rows of ${counted(names.length, 'table')} were left out on purpose`, lines);
}
