import type { RestoreResult } from '../../restore/restore.ts';
import { count, counted, seconds } from '../format.ts';
import { code, details, prose, tableOf } from './escape.ts';

const MOST = 50;

/** The summary of a restore: what came back, or with a dry run what would; the plan and what pg_restore could not do, folded. */
export function restoreMarkdown(result: RestoreResult): string {
  const what = `${counted(result.tables, 'table')} with ${counted(result.rows, 'row')} from backup ${code(result.backup)} of ${code(result.database)}`;
  const total = result.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return [
    result.dryRun ? `## Dry run: nothing was written to ${code(result.target)}` : `## Restored into ${code(result.target)}`,
    '',
    result.dryRun ? `A restore would bring ${what}.` : `${what}, counted in the target, in ${seconds(total)}.`,
    ...phases(result),
    ...problems(result),
    ...details(
      'The plan',
      limited(
        result.plan.map((line) => `- ${prose(line)}`),
        result.plan.length,
      ),
    ),
    '',
  ].join('\n');
}

function phases({ phases }: RestoreResult): string[] {
  if (phases.length === 0) return [];
  const rows = phases.map((phase) => [prose(phase.name), seconds(phase.seconds)]);
  return ['', ...tableOf([{ title: 'Phase' }, { title: 'Time', align: 'right' }], rows)];
}

function problems({ problems }: RestoreResult): string[] {
  if (problems.length === 0) return [];
  const lines = problems.map(({ entry, message, harmless }) => {
    const why = harmless === null ? '' : ` (harmless: ${prose(harmless)})`;
    return `- ${entry === null ? '' : `${code(entry)}: `}${prose(message)}${why}`;
  });
  return details(`pg_restore could not do ${counted(problems.length, 'thing')}`, limited(lines, problems.length));
}

function limited(lines: readonly string[], all: number): string[] {
  return all > MOST ? [...lines.slice(0, MOST), `- and ${count(all - MOST)} more`] : [...lines];
}
