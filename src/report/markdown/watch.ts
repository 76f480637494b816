import type { WatchedDatabase } from '../../watch/freshness.ts';
import type { WatchedWorkflow, WatchResult } from '../../watch/watch.ts';
import { age, count, counted } from '../format.ts';
import { watchHeadline } from '../terminal/watch.ts';
import { code, details, prose, tableOf } from './escape.ts';

/** With these and the limits on texts, a summary stays well below the runner's 1 MiB. */
const MOST_ROWS = 200;
const MOST_FINDINGS = 100;

/** The summary of a watch: the verdict, what was found, then every database and workflow. */
export function watchMarkdown(result: WatchResult): string {
  const now = new Date(result.at);
  return [
    `## ${verdict(result)}`,
    '',
    prose(watchHeadline(result)),
    ...findingList(result),
    ...databaseTable(result.databases, now),
    ...workflowTable(result.workflows ?? [], now),
    ...notExamined(result),
    '',
  ].join('\n');
}

function verdict({ ok, stale, findings, storage }: WatchResult): string {
  if (ok) return `✅ Fresh: ${code(storage)}`;
  if (stale) return `❌ Stale: ${code(storage)}`;
  return findings.length > 0 ? '❌ Not running as scheduled' : '⚠️ Fresh, but not everything could be examined';
}

function findingList({ findings }: WatchResult): string[] {
  if (findings.length === 0) return [];
  const lines = findings.slice(0, MOST_FINDINGS).map(({ object, message }) => `- ${code(object)}: ${prose(message)}`);
  if (findings.length > lines.length) lines.push(`- and ${count(findings.length - lines.length)} more`);
  return ['', ...lines];
}

function databaseTable(databases: readonly WatchedDatabase[], now: Date): string[] {
  if (databases.length === 0) return [];
  const columns = [
    { title: 'Database' },
    { title: 'Newest backup' },
    { title: 'Age', align: 'right' },
    { title: 'Newest proof of' },
    { title: 'Age', align: 'right' },
  ] as const;
  const rows = worstFirst(databases).map(({ database, newestBackup, newestProof, findings }) => [
    `${mark(findings)} ${code(database)}`,
    newestBackup === null ? '–' : code(newestBackup.id),
    newestBackup === null ? '–' : age(newestBackup.snapshotAt, now),
    newestProof === null ? '–' : code(newestProof.backup),
    newestProof === null ? '–' : age(newestProof.at, now),
  ]);
  return ['', ...tableOf(columns, rows), ...more(databases)];
}

function workflowTable(workflows: readonly WatchedWorkflow[], now: Date): string[] {
  if (workflows.length === 0) return [];
  const columns = [{ title: 'Workflow' }, { title: 'Schedule' }, { title: 'Due', align: 'right' }, { title: 'Last run', align: 'right' }] as const;
  const rows = worstFirst(workflows).map(({ file, schedules, dueAt, lastRunAt, findings }) => [
    `${mark(findings)} ${code(file)}`,
    schedules.map(code).join(' '),
    dueAt === null ? '–' : `${age(dueAt, now)} ago`,
    lastRunAt === null ? 'never' : `${age(lastRunAt, now)} ago`,
  ]);
  return ['', ...tableOf(columns, rows), ...more(workflows)];
}

function notExamined({ notExamined: all }: WatchResult): string[] {
  if (all.length === 0) return [];
  const rows = all.slice(0, MOST_ROWS).map(({ object, reason }) => [code(object), prose(reason)]);
  return details(`${counted(all.length, 'thing')} nobody looked at`, [...tableOf([{ title: 'Object' }, { title: 'Why' }], rows), ...more(all)]);
}

function worstFirst<T extends { readonly findings: readonly unknown[] }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => Number(b.findings.length > 0) - Number(a.findings.length > 0)).slice(0, MOST_ROWS);
}

function mark(findings: readonly unknown[]): string {
  return findings.length === 0 ? '✅' : '❌';
}

function more(all: readonly unknown[]): string[] {
  return all.length > MOST_ROWS ? ['', `and ${count(all.length - MOST_ROWS)} more`] : [];
}
