import type { RestoreResult } from '../../restore/restore.ts';
import { count, counted, seconds, visible } from '../format.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_PROBLEMS = 20;

/** What a restore would do, or what it did. */
export function restoreText(result: RestoreResult, style: Style): string {
  const what = `${counted(result.tables, 'table')} with ${counted(result.rows, 'row')}`;
  if (result.dryRun) {
    return [
      `${style.strong('dry run:')} nothing was written to ${visible(result.target)}. A restore would do this:`,
      ...result.plan.map((line) => `  ${visible(line)}`),
    ].join('\n');
  }
  const total = result.phases.reduce((sum, phase) => sum + phase.seconds, 0);
  const verdict = result.ok ? style.good('restored') : style.bad('not everything was restored:');
  const lines = [`${verdict} ${what}, counted, from backup ${result.backup} into ${style.strong(visible(result.target))} in ${seconds(total)}`];
  const columns = [{ title: 'PHASE' }, { title: 'TIME', align: 'right' }] as const;
  lines.push(
    '',
    ...table(
      columns,
      result.phases.map((phase) => [visible(phase.name), seconds(phase.seconds)]),
      style,
    ),
  );
  return [...lines, ...problemLines(result, style)].join('\n');
}

function problemLines({ problems }: RestoreResult, style: Style): string[] {
  if (problems.length === 0) return [];
  const worstFirst = problems.toSorted((a, b) => Number(a.harmless !== null) - Number(b.harmless !== null));
  const lines = worstFirst.slice(0, MOST_PROBLEMS).map(({ entry, message, harmless }) => {
    const paint = harmless === null ? style.bad : style.faint;
    return `  ${paint(harmless === null ? 'failed' : 'harmless')} ${entry === null ? '' : `${visible(entry)}: `}${visible(message)}${harmless === null ? '' : ` (${harmless})`}`;
  });
  const more = problems.length - lines.length;
  return [
    '',
    `pg_restore could not do ${counted(problems.length, 'thing')}:`,
    ...lines,
    ...(more > 0 ? [`  and ${count(more)} more; --json has them all`] : []),
  ];
}
