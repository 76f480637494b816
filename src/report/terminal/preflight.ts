import type { PreflightCheck, PreflightVerdict } from '../../preflight/judgement.ts';
import type { PreflightResult } from '../../preflight/preflight.ts';
import { count, shortened, visible } from '../format.ts';
import { preflightHeadline } from '../headline.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_OBJECTS = 20;
const LONGEST = 160;
const LONGEST_REMARK = 1000;

/** The verdict first, then every check in a line, then each remark with its remedy, the worst first. */
export function preflightText(result: PreflightResult, style: Style): string {
  const rows = result.checks.map(({ area, name, verdict, says }) => [area, visible(name), paint(verdict, style), visible(shortened(says, LONGEST))]);
  const columns = [{ title: 'WHERE' }, { title: 'CHECK' }, { title: 'VERDICT' }, { title: 'WHAT' }];
  const lines = [headline(result, style), '', ...table(columns, rows, style)];
  const titles = { fail: style.bad('What fails:'), warn: style.doubtful('Warnings:'), 'not-run': style.doubtful('Not examined:') };
  for (const level of ['fail', 'warn', 'not-run'] as const) {
    const remarks = result.checks.flatMap((check) => remarkLines(check, level, style));
    if (remarks.length > 0) lines.push('', titles[level], ...remarks);
  }
  return lines.join('\n');
}

/** Only what is not as it should be, for where there is little room. */
export function preflightShort(result: PreflightResult, style: Style): string {
  const remarks = result.checks.flatMap((check) => [...remarkLines(check, 'fail', style), ...remarkLines(check, 'warn', style)]);
  return [headline(result, style), ...remarks].join('\n');
}

function headline(result: PreflightResult, style: Style): string {
  const text = visible(preflightHeadline(result));
  return result.verdict === 'fail' ? style.bad(text) : result.verdict === 'pass' ? style.good(text) : style.doubtful(text);
}

function remarkLines({ area, name, remarks }: PreflightCheck, level: 'fail' | 'warn' | 'not-run', style: Style): string[] {
  return remarks
    .filter((remark) => remark.level === level)
    .flatMap(({ message, remedy, objects }) => [
      `  ${style.strong(`${area}, ${visible(name)}`)}: ${visible(shortened(message, LONGEST_REMARK))}`,
      ...objects.slice(0, MOST_OBJECTS).map((object) => `    - ${visible(shortened(object, LONGEST_REMARK))}`),
      ...(objects.length > MOST_OBJECTS ? [`    and ${count(objects.length - MOST_OBJECTS)} more; --json has them all`] : []),
      ...(remedy === '' ? [] : [`    ${style.faint(visible(shortened(remedy, LONGEST_REMARK)))}`]),
    ]);
}

function paint(verdict: PreflightVerdict, style: Style): string {
  if (verdict === 'pass') return style.good('pass');
  return verdict === 'fail' ? style.bad('FAIL') : style.doubtful(verdict === 'warn' ? 'warn' : 'not run');
}
