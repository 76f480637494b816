import type { PruneResult } from '../../retention/prune.ts';
import { age, bytes, count, counted } from '../format.ts';
import { pruneHeadline } from '../headline.ts';
import { VERSIONS, whyKept, whyOf } from '../terminal/prune.ts';
import { code, details, prose, tableOf } from './escape.ts';

/** With the limits on texts, a summary stays well below the runner's 1 MiB. */
const MOST_ROWS = 200;

/** The summary of a prune: what is deleted, then folded what is kept and why; leftovers, and what nobody looked at. */
export function pruneMarkdown(result: PruneResult): string {
  const { applied, database, decisions } = result;
  const kept = decisions.filter(({ action }) => action === 'keep');
  const deleted = decisions.filter(({ action }) => action === 'delete');
  return [
    applied ? `## Pruned ${code(database)}` : `## Dry run: nothing of ${code(database)} was deleted`,
    '',
    prose(pruneHeadline(result)),
    ...(deleted.length === 0 ? [] : ['', ...decisionTable(deleted, result)]),
    ...(kept.length === 0 ? [] : details(`${counted(kept.length, 'backup')} kept`, decisionTable(kept, result))),
    ...orphanTable(result),
    ...(result.versions ? ['', prose(VERSIONS)] : []),
    ...unreadable(result),
    ...notExamined(result),
    '',
  ].join('\n');
}

function decisionTable(decisions: PruneResult['decisions'], { at }: PruneResult): string[] {
  const now = new Date(at);
  const columns = [
    { title: 'Backup' },
    { title: 'Age', align: 'right' },
    { title: 'Stored', align: 'right' },
    { title: 'Proof' },
    { title: 'Why' },
  ] as const;
  const rows = decisions
    .slice(0, MOST_ROWS)
    .map((decision) => [
      code(decision.id),
      age(decision.at, now),
      bytes(decision.bytes),
      decision.state === 'unproven' ? 'not proven' : decision.state,
      prose(whyOf(decision)),
    ]);
  return [...tableOf(columns, rows), ...more(decisions)];
}

function orphanTable({ orphans, at }: PruneResult): string[] {
  if (orphans.length === 0) return [];
  const now = new Date(at);
  const columns = [
    { title: 'Left by an interrupted one' },
    { title: 'Age', align: 'right' },
    { title: 'Stored', align: 'right' },
    { title: '' },
  ] as const;
  const rows = orphans
    .slice(0, MOST_ROWS)
    .map(({ kind, key, since, bytes: size, action, lockedUntil }) => [
      `${kind} ${code(key)}`,
      age(since, now),
      size === null ? '–' : bytes(size),
      action === 'keep' ? whyKept(lockedUntil, now) : 'delete',
    ]);
  return ['', ...tableOf(columns, rows), ...more(orphans)];
}

function unreadable({ unreadable: all }: PruneResult): string[] {
  if (all.length === 0) return [];
  const rows = all.slice(0, MOST_ROWS).map(({ id, error }) => [code(id), prose(error)]);
  return [
    '',
    `⚠️ Left alone, because the manifest cannot be read or is not trusted:`,
    '',
    ...tableOf([{ title: 'Backup' }, { title: 'Why' }], rows),
    ...more(all),
  ];
}

function notExamined({ notExamined: all }: PruneResult): string[] {
  if (all.length === 0) return [];
  const rows = all.map(({ object, reason }) => [code(object), prose(reason)]);
  return details(`${counted(all.length, 'thing')} nobody looked at`, tableOf([{ title: 'Object' }, { title: 'Why' }], rows));
}

function more(all: readonly unknown[]): string[] {
  return all.length > MOST_ROWS ? ['', `and ${count(all.length - MOST_ROWS)} more`] : [];
}
