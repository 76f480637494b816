import type { Prediction } from '../catalog/predict.ts';
import { age, count, seconds, shortened, time, visible } from '../report/format.ts';
import { code, literal, tableOf } from '../report/markdown/escape.ts';
import { predictionText } from '../report/prediction.ts';
import type { ChecklistItem } from './checklist.ts';
import type { MachineFacts } from './facts.ts';
import type { GameDay, StepStamps } from './game-day.ts';
import type { Scenario } from './scenario.ts';
import { computeTotals, type Totals } from './totals.ts';

export interface Preparation {
  readonly scenario: Scenario;
  readonly day: GameDay;
  readonly facts: MachineFacts | null;
  readonly checklist: readonly ChecklistItem[];
  readonly prediction: Prediction | { readonly unknown: string };
  /** Where the runbook's page is. */
  readonly runbookUrl: string;
}

/** The whole page of a game day, as its issue begins; machines write between the markers alone, people everywhere else. */
export function gameDayPage(preparation: Preparation, now: Date): string {
  const { scenario, day } = preparation;
  const stamps = day.steps.map((): StepStamps => ({ start: null, end: null, evidence: null }));
  return [
    `> ${literal(scenario.story)}`,
    '',
    `Work with [the runbook](${preparation.runbookUrl}) and nothing else: what it does not say is a finding. Before a step write the comment`,
    '`/lifeboat step 1 start`, and after it `/lifeboat step 1 done`, with what was seen behind it: the time of the comment counts. Close the issue at the end.',
    '',
    '## Roles',
    '',
    ...tableOf(
      ['Role', 'Does', 'Who'].map((title) => ({ title })),
      scenario.roles.map(({ role, does }) => [literal(role), literal(does), '']),
    ),
    '',
    '## The day before',
    '',
    ...scenario['day-before'].map((check) => `- [ ] ${literal(check)}`),
    '',
    '## Ready for a disaster?',
    '',
    ...checklistTable(preparation.checklist),
    '',
    '## What the machine measured',
    '',
    ...machineSection(preparation, now),
    '',
    '## Steps',
    '',
    ...scenario.steps.map(
      (step, i) =>
        `${i + 1}. **${literal(step.title)}.** ${literal(step.do)} *Evidence:* ${literal(step.evidence)}${step.recovered ? ' **The service is back.**' : ''}`,
    ),
    '',
    withMarkers(stepsSection(day, stamps)),
    '',
    '## Surprises in the runbook',
    '',
    '- ',
    '',
    '## Actions',
    '',
    ...tableOf(
      ['Action', 'Owner', 'Due'].map((title) => ({ title })),
      [['', '', '']],
    ),
    '',
    '## Confidence and sign-off',
    '',
    'How sure is the team that it gets the data back in time, from 0 to 10?',
    '',
    '- Confidence before: ',
    '- Confidence after: ',
    '- [ ] Signed off by the incident lead: ',
    '- [ ] Signed off by whoever owns the service: ',
  ].join('\n');
}

const BEGIN = '<!-- lifeboat:steps -->';
const END = '<!-- /lifeboat:steps -->';
/** GitHub's limit is 65,536 characters, and two hidden lines stand before the page. */
const LONGEST_PAGE = 65_000;
/** How many characters of each step's evidence are shown: as many as fit. All of it stands in the comments. */
const EVIDENCE = [1000, 200, 40, 1] as const;

/**
 * The page with its clock as it stands now. Everything that people wrote stays.
 * @returns `null` when somebody has removed the markers
 */
export function withClock(page: string, day: GameDay, stamps: readonly StepStamps[]): string | null {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin === -1 || end === -1) return null;
  const pages = EVIDENCE.map((most) => `${page.slice(0, begin)}${withMarkers(stepsSection(day, stamps, most))}${page.slice(end + END.length)}`);
  return pages.find(({ length }) => length <= LONGEST_PAGE) ?? pages.at(-1) ?? null;
}

/** What people wrote behind `Confidence before:` and `after:`. */
export function readConfidence(page: string): { readonly before: number | null; readonly after: number | null } {
  const value = (which: string) => {
    const [, digits] = new RegExp(`^- Confidence ${which}:\\s*(\\d{1,2})\\b`, 'm').exec(page) ?? [];
    return digits === undefined || Number(digits) > 10 ? null : Number(digits);
  };
  return { before: value('before'), after: value('after') };
}

/** One line a fact, for the issue and for the run's summary. */
export function totalsLines(day: GameDay, totals: Totals): string[] {
  const verdict = (met: boolean | null) => (met === null ? '❔ not known' : met ? '✅ met' : '❌ missed');
  const duration = (value: number | null) => (value === null ? 'not reached' : seconds(value));
  return [
    `| Recovery | ${duration(totals.recoverySeconds)} | RTO ${seconds(day.targets.rtoSeconds)} | ${verdict(totals.rtoMet)} |`,
    `| Loss | ${totals.lossSeconds === null ? 'not known' : seconds(totals.lossSeconds)} | RPO ${seconds(day.targets.rpoSeconds)} | ${verdict(totals.rpoMet)} |`,
    `| All steps | ${totals.done} of ${totals.steps}${totals.totalSeconds === null ? '' : `, ${seconds(totals.totalSeconds)}`} | | |`,
  ];
}

export function totalsTable(day: GameDay, totals: Totals): string[] {
  return ['| | Measured | Target | |', '| --- | --- | --- | --- |', ...totalsLines(day, totals)];
}

function withMarkers(lines: readonly string[]): string {
  return [BEGIN, '', ...lines, '', END].join('\n');
}

function stepsSection(day: GameDay, stamps: readonly StepStamps[], most: number = EVIDENCE[0]): string[] {
  const clock = (at: string | undefined) => (at === undefined ? '' : time(at).slice(11, 19));
  const rows = day.steps.map((step, i) => {
    const { start, end, evidence } = stamps[i] ?? { start: null, end: null, evidence: null };
    const took = start === null || end === null ? '' : seconds((Date.parse(end.at) - Date.parse(start.at)) / 1000);
    const by = [...new Set([start?.by, end?.by].filter((name) => name !== undefined))].map(literal).join(', ');
    return [String(i + 1), literal(step.title), clock(start?.at), clock(end?.at), took, by, literal(shortened(visible(evidence ?? ''), most))];
  });
  return [
    ...day.steps.map((step, i) => `- [${stamps[i]?.end ? 'x' : ' '}] Step ${i + 1}: ${literal(step.title)}`),
    '',
    ...tableOf(
      ['Step', 'What', 'Start (UTC)', 'End (UTC)', 'Took', 'By', 'Evidence'].map((title) => ({ title })),
      rows,
    ),
    '',
    ...totalsTable(day, computeTotals(day, stamps)),
  ];
}

const MARKS = { yes: '✅', no: '❌', unknown: '❔', expired: '⌛' } as const;

function checklistTable(items: readonly ChecklistItem[]): string[] {
  return tableOf(
    ['', 'What', 'Evidence', 'Of', 'Says'].map((title) => ({ title })),
    items.map(({ title, verdict, evidence, date, source }) => [
      `${MARKS[verdict]} ${verdict}`,
      literal(title),
      literal(evidence),
      date === null ? '–' : date.slice(0, 10),
      source === 'machine' ? 'a machine' : 'people',
    ]),
  );
}

function machineSection({ day, facts, prediction }: Preparation, now: Date): string[] {
  if (facts === null) return [`Nothing: no store was given to look into. The targets are ${targets(day)}.`];
  const [proof] = facts.proofs;
  const rows: string[][] = [
    ['Newest backup', facts.newestBackup === null ? 'none' : `${code(facts.newestBackup.id)}, ${age(facts.newestBackup.at, now)} old`],
  ];
  if (proof === undefined) rows.push(['Newest drill', 'none: how long a restore takes has never been measured']);
  else {
    rows.push(
      ['Newest drill', `${time(proof.at)}, of backup ${code(proof.backup)}: **${proof.verdict}**`],
      ['Age of that backup then', seconds(proof.rpo.seconds)],
      [
        'Fetch and restore, streamed',
        `${seconds(proof.rto.seconds)} (${proof.rto.phases.map(({ name, seconds: s }) => `${literal(name)} ${seconds(s)}`).join(', ')})`,
      ],
      ['Verify', seconds(proof.verification.seconds)],
      ['Rows proven', count(proof.rows)],
    );
  }
  rows.push(['Targets', targets(day)], ['Recovery in six months', predictionText(prediction)]);
  return tableOf([{ title: database(day) }, { title: '' }], rows);
}

function targets(day: GameDay): string {
  return `RTO ${seconds(day.targets.rtoSeconds)}, RPO ${seconds(day.targets.rpoSeconds)}`;
}

function database(day: GameDay): string {
  return day.database === null ? 'Database' : code(day.database);
}
