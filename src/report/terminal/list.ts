import type { ListedBackup, ListResult } from '../../catalog/list.ts';
import { age, bytes, count, seconds, visible } from '../format.ts';
import { copiesLines } from './list-copies.ts';
import type { Paint, Style } from './style.ts';
import { table } from './table.ts';

/** One line a backup: how old, how large, and whether it is proven. */
export function listText(result: ListResult, style: Style, now: Date): string {
  const lines = backupLines(result, style, now);
  return [...lines, ...(result.copies === null ? [] : ['', ...copiesLines(result.copies, style)])].join('\n');
}

function backupLines({ storage, backups }: ListResult, style: Style, now: Date): string[] {
  if (backups.length === 0) return [`No backups in ${visible(storage)}.`];
  const columns = [
    { title: 'DATABASE' },
    { title: 'BACKUP' },
    { title: 'AGE', align: 'right' },
    { title: 'STORED', align: 'right' },
    { title: 'ROWS', align: 'right' },
    { title: 'PROOF' },
  ] as const;
  const rows = backups.map((backup) => {
    const readable = backup.error === undefined;
    return [
      visible(backup.database),
      backup.id,
      readable ? age(backup.snapshotAt, now) : '–',
      readable ? bytes(backup.bytes) : '–',
      readable ? count(backup.rows) : '–',
      proofOf(backup, style, now),
    ];
  });
  const broken = backups.filter(({ error }) => error !== undefined);
  return [...table(columns, rows, style), ...broken.map(({ id, error = '' }) => `${style.bad(`${id}:`)} ${visible(error.split('\n')[0] ?? '')}`)];
}

/** Proven, failed, and whatever else a backup's proofs say of it. */
export function paintState(state: ListedBackup['state'], style: Style): string {
  const paints: Record<ListedBackup['state'], Paint> = {
    proven: style.good,
    failed: style.bad,
    unreadable: style.bad,
    untrusted: style.bad,
    incomplete: style.doubtful,
    unproven: style.faint,
  };
  return paints[state](state === 'unproven' ? 'not proven' : state);
}

function proofOf({ state, proof }: ListedBackup, style: Style, now: Date): string {
  const verdict = paintState(state, style);
  if (proof === null) return verdict;
  const failed = Object.entries(proof.checks).filter(([, found]) => found === 'fail');
  const which = failed.length === 0 ? `RTO ${seconds(proof.rtoSeconds)}` : failed.map(([name]) => visible(name)).join(', ');
  return `${verdict} ${age(proof.at, now)} ago, ${which}`;
}
