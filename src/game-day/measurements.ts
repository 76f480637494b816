import { seconds } from '../report/format.ts';
import { literal } from '../report/markdown/escape.ts';
import type { GameDay } from './game-day.ts';
import type { Totals } from './totals.ts';

export const MEASUREMENTS_HEAD = `# What game days measured

One row for each, appended when its issue is closed. Recovery counts from the first step's start to the end of the step that brought the
service back; loss is how old the newest backup was at that start.

| Day | Scenario | Database | Steps | Recovery | RTO | Loss | RPO | Newest drill | Confidence | Issue |
| --- | --- | --- | --: | --: | --- | --: | --- | --: | --- | --- |
`;

export interface MeasuredDay {
  readonly day: GameDay;
  readonly totals: Totals;
  readonly issue: { readonly number: number; readonly url: string };
  /** As people wrote it: before and after, 0 to 10. */
  readonly confidence: { readonly before: number | null; readonly after: number | null };
}

/** Appends a row; a row of the same issue is replaced, so that a game day closed twice counts once. */
export function withMeasurement(file: string | null, measured: MeasuredDay): string {
  const row = rowOf(measured);
  const text = file === null || file.trim() === '' ? MEASUREMENTS_HEAD : `${file.trimEnd()}\n`;
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.startsWith('|') && line.endsWith(issueCell(measured)));
  if (at === -1) return `${text}${row}\n`;
  return [...lines.slice(0, at), row, ...lines.slice(at + 1)].join('\n');
}

/** Of the scenarios, the one that was played longest ago, or never. */
export function nextScenario(names: readonly string[], measurements: string | null): string | undefined {
  const rows = (measurements ?? '').split('\n').filter((line) => line.startsWith('|'));
  const lastPlayed = (name: string) =>
    rows
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .filter(([, , scenario]) => scenario === literal(name))
      .map(([, day = '']) => day)
      .sort()
      .at(-1) ?? '';
  return [...names].sort((a, b) => lastPlayed(a).localeCompare(lastPlayed(b)) || a.localeCompare(b))[0];
}

function rowOf({ day, totals, confidence, issue }: MeasuredDay): string {
  const met = (value: boolean | null) => (value === null ? 'not known' : value ? 'met' : 'missed');
  const duration = (value: number | null) => (value === null ? '–' : seconds(value));
  const cells = [
    (totals.startedAt ?? day.openedAt).slice(0, 10),
    literal(day.scenario),
    literal(day.database ?? '–'),
    `${totals.done} of ${totals.steps}`,
    duration(totals.recoverySeconds),
    `${met(totals.rtoMet)} (${seconds(day.targets.rtoSeconds)})`,
    duration(totals.lossSeconds),
    `${met(totals.rpoMet)} (${seconds(day.targets.rpoSeconds)})`,
    duration(day.drillSeconds),
    `${confidence.before ?? '–'} → ${confidence.after ?? '–'}`,
  ];
  return `| ${cells.join(' | ')} ${issueCell({ issue })}`;
}

function issueCell({ issue }: Pick<MeasuredDay, 'issue'>): string {
  return `| [#${issue.number}](${issue.url}) |`;
}
