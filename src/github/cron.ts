import { Cron } from 'croner';
import { parseDocument } from 'yaml';

/** One entry of a workflow's `on.schedule`. */
export interface Schedule {
  readonly cron: string;
  /** UTC unless the workflow says otherwise. */
  readonly timezone: string;
}

/** When a schedule was due. */
export interface Due {
  readonly at: Date;
  /** Milliseconds to the time before. */
  readonly interval: number;
}

/**
 * What a workflow's file says of schedules.
 * @returns `null` when it has none; `problem` when nobody can tell
 */
export function readSchedules(text: string): { readonly schedules: readonly Schedule[] } | { readonly problem: string } | null {
  const document = parseDocument(text, { logLevel: 'silent' });
  const [error] = document.errors;
  if (error) return /\bschedule\b/.test(text) ? { problem: `The file is not YAML, so it cannot run: ${error.message.split('\n')[0]}` } : null;
  const on = (document.toJS() as { on?: unknown } | null)?.on;
  if (on === 'schedule' || (Array.isArray(on) && on.includes('schedule'))) return { problem: NO_CRON };
  if (typeof on !== 'object' || on === null || Array.isArray(on) || !('schedule' in on)) return null;
  const entries: unknown[] = Array.isArray(on.schedule) ? on.schedule : [on.schedule];
  const schedules = entries.flatMap((entry) => {
    const { cron, timezone } = (entry ?? {}) as { cron?: unknown; timezone?: unknown };
    return typeof cron === 'string' ? [{ cron, timezone: typeof timezone === 'string' ? timezone : 'UTC' }] : [];
  });
  return schedules.length === 0 || schedules.length < entries.length ? { problem: NO_CRON } : { schedules };
}

/** Why GitHub would never start it; `null` when the expression is fine. */
export function cronProblem(schedule: Schedule): string | null {
  const fields = schedule.cron.trim().split(/\s+/);
  if (fields.length !== 5) return `has ${fields.length} fields rather than 5`;
  if (fields.some((field) => !FIELD.test(field))) return 'has something in it that GitHub does not know';
  try {
    return cronOf(schedule).nextRun() === null ? 'never comes' : null;
  } catch (error) {
    return `cannot be read (${(error as Error).message.replace(/^Cron\w+: |\. .*$/gs, '')})`;
  }
}

/** The last time it was due no later than `limit`, which may depend on how often it is due; `null` when it never was. */
export function lastDue(schedule: Schedule, now: Date, grace: (interval: number) => number): Due | null {
  const cron = cronOf(schedule);
  // No earlier than its own grace before now can it be missed: so the grace is taken from how often it is due now.
  const [last, before] = cron.previousRuns(2, now);
  if (last === undefined || before === undefined) return null;
  const interval = last.getTime() - before.getTime();
  const limit = new Date(now.getTime() - grace(interval));
  // previousRuns leaves out the very moment.
  const [at] = cron.previousRuns(1, new Date(limit.getTime() + 1000));
  return at === undefined ? null : { at, interval };
}

const NO_CRON = 'The file has a schedule without a cron expression.';
/** https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule: no @daily, no L, W or #. */
const FIELD = /^(?!\/)(?:[\d*,/-]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)+$/i;

/** Without a function to call, nothing is scheduled here. `20/15` is allowed by GitHub. */
function cronOf({ cron, timezone }: Schedule): Cron {
  return new Cron(cron.trim(), { timezone, mode: '5-part', sloppyRanges: true });
}
