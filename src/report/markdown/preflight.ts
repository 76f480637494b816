import type { PreflightCheck, PreflightVerdict } from '../../preflight/judgement.ts';
import type { PreflightResult } from '../../preflight/preflight.ts';
import { count } from '../format.ts';
import { preflightHeadline } from '../headline.ts';
import { code, details, literal, prose, tableOf } from './escape.ts';

const MOST_OBJECTS = 50;
const SIGNS: Readonly<Record<PreflightVerdict, string>> = { pass: '✅ pass', warn: '⚠️ warn', fail: '❌ fail', 'not-run': '➖ not run' };
const TITLES: Readonly<Record<PreflightVerdict, string>> = {
  pass: 'is ready for its first night',
  warn: 'would be backed up, with warnings',
  fail: 'would fail',
  'not-run': 'was not examined in full',
};

/** The verdict first, then one table, then every remark with its remedy, folded. */
export function preflightMarkdown(result: PreflightResult): string {
  const { database, verdict, checks } = result;
  const rows = checks.map((check) => [check.area, prose(check.name), SIGNS[check.verdict], prose(check.says)]);
  const remarked = checks.filter(({ remarks }) => remarks.length > 0);
  return [
    `## ${SIGNS[verdict].split(' ')[0]} ${code(database)} ${TITLES[verdict]}`,
    '',
    prose(preflightHeadline(result)),
    '',
    ...tableOf([{ title: 'Where' }, { title: 'Check' }, { title: 'Verdict' }, { title: 'What' }], rows),
    ...remarked.flatMap((check) => details(`${SIGNS[check.verdict]}: ${check.area}, ${prose(check.name)}`, remarkLines(check))),
    '',
  ].join('\n');
}

function remarkLines({ remarks }: PreflightCheck): string[] {
  return remarks.flatMap(({ level, message, remedy, objects }) => [
    `**${SIGNS[level]}** ${literal(message)}`,
    '',
    ...objects.slice(0, MOST_OBJECTS).map((object) => `- ${code(object)}`),
    ...(objects.length > MOST_OBJECTS ? [`- and ${count(objects.length - MOST_OBJECTS)} more`] : []),
    ...(objects.length > 0 ? [''] : []),
    ...(remedy === '' ? [] : [`Remedy: ${literal(remedy)}`, '']),
  ]);
}
