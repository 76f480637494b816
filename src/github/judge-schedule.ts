import { seconds, time } from '../report/format.ts';
import type { WatchedWorkflow } from '../watch/watch.ts';
import { cronProblem, lastDue, type Schedule } from './cron.ts';

/** What GitHub knows of a workflow that has a schedule. */
export interface ScheduledWorkflow {
  /** `.github/workflows/backup.yml` */
  readonly file: string;
  /** GitHub's own word: `active`, `disabled_inactivity`, … */
  readonly state: string;
  /** Since when it is as it is: it was added, or enabled again. What was due before that is nobody's loss. */
  readonly since: Date;
  readonly schedules: readonly Schedule[];
  /** When its last scheduled run began; `null` when there is none. */
  readonly lastRunAt: Date | null;
}

const HOUR_MS = 3_600_000;

/**
 * How late GitHub may be, in milliseconds: half the interval, but at least one hour and at most three. GitHub delays schedules when it is
 * busy, and drops one now and then; what is due every few minutes may miss some.
 */
export function graceOf(interval: number): number {
  return Math.min(3 * HOUR_MS, Math.max(HOUR_MS, interval / 2));
}

/** Whether a workflow that should run on schedule is enabled, and ran when it was last due by its own cron expressions. */
export function judgeSchedule(workflow: ScheduledWorkflow, now: Date): WatchedWorkflow {
  const { file, state, schedules, lastRunAt } = workflow;
  const broken = schedules.flatMap((schedule) => {
    const problem = cronProblem(schedule);
    return problem === null ? [] : [`Its cron expression ${JSON.stringify(schedule.cron)} ${problem}: GitHub never starts it.`];
  });
  const dues = schedules.filter((schedule) => cronProblem(schedule) === null).map((schedule) => lastDue(schedule, now, graceOf));
  const due = dues.flatMap((one) => (one === null ? [] : [one])).sort((a, b) => b.at.getTime() - a.at.getTime())[0] ?? null;
  const messages = [...broken, ...(DISABLED[state] === undefined ? overdue(workflow, due?.at ?? null, now) : [DISABLED[state]])];
  return {
    file,
    schedules: schedules.map(({ cron, timezone }) => (timezone === 'UTC' ? cron : `${cron} (${timezone})`)),
    lastRunAt: lastRunAt?.toISOString() ?? null,
    dueAt: due?.at.toISOString() ?? null,
    findings: messages.map((message) => ({ object: file, message })),
  };
}

/** https://docs.github.com/rest/actions/workflows: the states in which nothing is started. */
const DISABLED: Readonly<Record<string, string>> = {
  disabled_inactivity: 'GitHub has disabled it, because nothing happened in the repository for 60 days. Enable it again on the Actions page.',
  disabled_manually: 'Somebody has disabled it. Enable it again on the Actions page, or take its schedule away.',
  disabled_fork: 'It is disabled because the repository is a fork. Enable it on the Actions page.',
};

function overdue({ since, lastRunAt }: ScheduledWorkflow, due: Date | null, now: Date): string[] {
  if (due === null || due < since || (lastRunAt !== null && lastRunAt >= due)) return [];
  const late = `${time(due.toISOString())}, ${seconds((now.getTime() - due.getTime()) / 1000)} ago`;
  if (lastRunAt === null) return [`It has never run on its schedule, although it was due at ${late}.`];
  return [`It was due at ${late}, and last ran on its schedule at ${time(lastRunAt.toISOString())}.`];
}
