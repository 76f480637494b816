import type { WatchedDatabase } from '../../watch/freshness.ts';
import type { WatchedWorkflow, WatchResult } from '../../watch/watch.ts';
import { age, count, seconds, shortened, visible } from '../format.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_FINDINGS = 50;
const LONGEST_MESSAGE = 500;

/** The verdict first, then every database and workflow, what was found, and what nobody looked at. */
export function watchText(result: WatchResult, style: Style): string {
  const now = new Date(result.at);
  const lines = [headline(result, style)];
  if (result.databases.length > 0) lines.push('', ...databaseTable(result.databases, style, now));
  if (result.workflows !== null && result.workflows.length > 0) lines.push('', ...workflowTable(result.workflows, style, now));
  if (result.findings.length > 0) lines.push('', style.bad('Found:'), ...findingLines(result, style));
  if (result.notExamined.length > 0) {
    const skipped = result.notExamined.slice(0, MOST_FINDINGS);
    lines.push('', style.doubtful('Not examined:'), ...skipped.map(({ object, reason }) => `  ${visible(object)}: ${visible(reason)}`));
    if (result.notExamined.length > skipped.length) lines.push(`  and ${count(result.notExamined.length - skipped.length)} more`);
  }
  return lines.join('\n');
}

/** One sentence, without emphasis. */
export function watchHeadline({ ok, stale, findings, limits, databases }: WatchResult): string {
  const allowed = `backups may be ${seconds(limits.maxBackupAgeSeconds)} old, proofs ${seconds(limits.maxProofAgeSeconds)}`;
  if (databases.length === 0) return 'The store holds no backup of any database.';
  if (stale) {
    const names = databases.filter((database) => database.findings.length > 0).map(({ database }) => visible(database));
    return `${shortened(names.join(', '), 200)} ${names.length > 1 ? 'are' : 'is'} stale: ${allowed}.`;
  }
  if (findings.length > 0) return 'Every database is fresh, but a workflow that should run on schedule does not.';
  return ok ? `Every database is fresh: ${allowed}.` : 'Every database is fresh, but not everything could be examined.';
}

function headline(result: WatchResult, style: Style): string {
  const paint = result.ok ? style.good : result.findings.length > 0 ? style.bad : style.doubtful;
  return `${paint(result.ok ? 'FRESH' : result.stale ? 'STALE' : result.findings.length > 0 ? 'NOT RUNNING' : 'INCOMPLETE')} ${watchHeadline(result)}`;
}

function databaseTable(databases: readonly WatchedDatabase[], style: Style, now: Date): string[] {
  const columns = [
    { title: 'DATABASE' },
    { title: 'NEWEST BACKUP' },
    { title: 'AGE', align: 'right' },
    { title: 'NEWEST PROOF OF' },
    { title: 'AGE', align: 'right' },
  ] as const;
  const rows = databases.map(({ database, newestBackup, newestProof, findings }) => [
    findings.length === 0 ? visible(database) : style.bad(visible(database)),
    newestBackup === null ? '–' : newestBackup.id,
    newestBackup === null ? '–' : age(newestBackup.snapshotAt, now),
    newestProof === null ? '–' : newestProof.backup,
    newestProof === null ? '–' : age(newestProof.at, now),
  ]);
  return table(columns, rows, style);
}

function workflowTable(workflows: readonly WatchedWorkflow[], style: Style, now: Date): string[] {
  const columns = [{ title: 'WORKFLOW' }, { title: 'SCHEDULE' }, { title: 'DUE', align: 'right' }, { title: 'LAST RUN', align: 'right' }] as const;
  const rows = workflows.map(({ file, schedules, dueAt, lastRunAt, findings }) => [
    findings.length === 0 ? visible(file) : style.bad(visible(file)),
    visible(schedules.join('; ')),
    dueAt === null ? '–' : `${age(dueAt, now)} ago`,
    lastRunAt === null ? 'never' : `${age(lastRunAt, now)} ago`,
  ]);
  return table(columns, rows, style);
}

function findingLines({ findings }: WatchResult, style: Style): string[] {
  const shown = findings
    .slice(0, MOST_FINDINGS)
    .map(({ object, message }) => `  ${style.strong(visible(object))}: ${visible(shortened(message, LONGEST_MESSAGE))}`);
  return [...shown, ...(findings.length > shown.length ? [`  and ${count(findings.length - shown.length)} more`] : [])];
}
