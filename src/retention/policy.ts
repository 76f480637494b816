import { counted, seconds, time } from '../report/format.ts';
import type { LockedUntil } from '../storage/store.ts';
import { type Calendar, calendarIn, PERIODS, type Period, periodLabel } from './calendar.ts';

/** A backup as retention sees it; times are ISO. */
export interface RetainedBackup {
  readonly id: string;
  /** Of its snapshot. */
  readonly at: string;
  /** `failed`: its newest drill that came to an end failed. `incomplete`: drilled, and neither proven nor failed. */
  readonly state: 'proven' | 'failed' | 'incomplete' | 'unproven';
  readonly provenAt: string | null;
  readonly failedAt: string | null;
  /** Of its manifest, whose lock is that of its parts; absent in a store that locks nothing. */
  readonly lockedUntil?: LockedUntil | null;
}

export interface Policy extends Readonly<Partial<Record<Period, number | undefined>>> {
  readonly keepLast?: number | undefined;
  readonly keepWithinSeconds?: number | undefined;
  /** IANA name: where days, weeks, months and years begin. */
  readonly timezone: string;
  readonly keepFailedSeconds: number;
  readonly minKeep: number;
}

export interface Reason {
  readonly rule: 'no-policy' | 'newest-proven' | 'min-keep' | 'keep-last' | 'keep-within' | 'keep-failed' | 'locked' | Period;
  readonly because: string;
}

export type Decision = RetainedBackup &
  ({ readonly action: 'keep'; readonly reasons: readonly Reason[] } | { readonly action: 'delete'; readonly why: string });

/**
 * What to keep, with every reason, and what to delete, and why; newest first, whatever the order they came in.
 *
 * Only a proven backup takes the place of another, so no number of unproven ones evicts anything:
 * - `minKeep`: nothing is deleted before so many newer backups are proven, and the newest proven one never.
 * - `keepLast`: the same for more of them; but a failed backup is not kept for it.
 * - `daily` to `yearly`: the newest proven backup of each of so many periods, those that have a proven one, newest first. Of the last so
 *   many periods of the calendar, those without a proven one keep their oldest unproven: the one that no newcomer can push out.
 * - `keepWithinSeconds`: whatever is as young.
 * - `keepFailedSeconds`: a backup whose drill failed, as long after that; it fills no slot.
 * - A backup that is locked stays until the lock ends, and takes nobody's place by that.
 *
 * A policy that asks for nothing (no last, within, daily, weekly, monthly or yearly) deletes nothing.
 */
export function decide(backups: readonly RetainedBackup[], policy: Policy, now: Date): Decision[] {
  const dated = backups.map((backup): Dated => ({ backup, ms: Date.parse(backup.at) })).sort(newestFirst);
  if (isEmpty(policy)) return dated.map(({ backup }) => keep(backup, [{ rule: 'no-policy', because: 'no retention is set' }]));
  const slots = fillSlots(dated, policy, now);
  let newerProven = 0;
  return dated.map((one) => {
    const reasons = [...byOwnRight(one, newerProven, policy, now), ...slots.won(one)];
    const decision = reasons.length > 0 ? keep(one.backup, reasons) : { ...one.backup, action: 'delete' as const, why: slots.lost(one, newerProven) };
    if (one.backup.state === 'proven') newerProven += 1;
    return decision;
  });
}

/** Whether a policy asks for nothing, and so deletes nothing. */
export function isEmpty(policy: Policy): boolean {
  return [policy.keepLast, policy.keepWithinSeconds, ...PERIODS.map((period) => policy[period])].every((wanted) => !wanted);
}

interface Dated {
  readonly backup: RetainedBackup;
  readonly ms: number;
}

function newestFirst(a: Dated, b: Dated): number {
  return b.ms - a.ms || (a.backup.id < b.backup.id ? 1 : -1);
}

function keep(backup: RetainedBackup, reasons: readonly Reason[]): Decision {
  return { ...backup, action: 'keep', reasons };
}

function byOwnRight({ backup, ms }: Dated, newerProven: number, policy: Policy, now: Date): Reason[] {
  const { minKeep, keepLast = 0, keepWithinSeconds = 0, keepFailedSeconds } = policy;
  const reasons: Reason[] = [];
  const give = (rule: Reason['rule'], because: string) => reasons.push({ rule, because });
  const ageOf = (at: number) => (now.getTime() - at) / 1000;
  const isFailed = backup.state === 'failed';
  if (backup.state === 'proven' && newerProven === 0) give('newest-proven', 'the newest that is proven');
  if (newerProven < minKeep) give('min-keep', `${provenSince(newerProven)}, and ${minKeep} have to be`);
  if (newerProven < keepLast && !isFailed) give('keep-last', `among the last ${keepLast}: ${provenSince(newerProven)}`);
  if (keepWithinSeconds > 0 && ageOf(ms) <= keepWithinSeconds) give('keep-within', `younger than ${seconds(keepWithinSeconds)}`);
  if (isFailed && ageOf(Date.parse(backup.failedAt ?? backup.at)) <= keepFailedSeconds)
    give('keep-failed', `its drill failed less than ${seconds(keepFailedSeconds)} ago: for inspection`);
  const locked = lockedText(backup.lockedUntil ?? null, now);
  if (locked !== null) give('locked', locked);
  return reasons;
}

/** `null` for a lock that has ended. */
export function lockedText(until: LockedUntil | null, now: Date): string | null {
  if (until === 'legal-hold') return 'until somebody lifts its legal hold';
  return until !== null && Date.parse(until) > now.getTime() ? `until ${time(until)}` : null;
}

function provenSince(newerProven: number): string {
  return newerProven === 0 ? 'no newer one is proven' : `${counted(newerProven, 'newer one')} ${newerProven === 1 ? 'is' : 'are'} proven`;
}

interface Slots {
  won(one: Dated): readonly Reason[];
  lost(one: Dated, newerProven: number): string;
}

function fillSlots(dated: readonly Dated[], policy: Policy, now: Date): Slots {
  const wanted = PERIODS.filter((period) => policy[period]);
  if (wanted.length === 0) return { won: () => [], lost: ({ backup }, newerProven) => whyNot(backup, newerProven, []) };
  const indexesOf = calendarIn(policy.timezone);
  const today = indexesOf(now);
  const candidates = dated.filter(({ backup }) => backup.state !== 'failed').map((one) => ({ one, calendar: indexesOf(new Date(one.ms)) }));
  const calendars = new Map(candidates.map(({ one, calendar }) => [one, calendar]));
  const winners = new Map(wanted.map((period) => [period, winnersOf(candidates, period, policy[period] ?? 0, today[period])]));
  const slotsOf = (one: Dated) => {
    const calendar = calendars.get(one);
    if (calendar === undefined) return [];
    return wanted.flatMap((period) => {
      const winner = winners.get(period)?.get(calendar[period]);
      return winner === undefined ? [] : [{ period, winner, label: periodLabel(period, calendar[period]) }];
    });
  };
  return {
    won: (one) =>
      slotsOf(one).flatMap(({ period, winner, label }) => {
        const which = one.backup.state === 'proven' ? 'the newest proven' : 'none is proven, and this is the first';
        return winner === one ? [{ rule: period, because: `${label}: ${which} of that ${UNIT[period]}` }] : [];
      }),
    lost: (one, newerProven) =>
      whyNot(
        one.backup,
        newerProven,
        slotsOf(one).map(({ period, winner, label }) => `${period} ${label} went to ${winner.backup.id}`),
      ),
  };
}

const UNIT: Readonly<Record<Period, string>> = { daily: 'day', weekly: 'week', monthly: 'month', yearly: 'year' };

type Candidate = { readonly one: Dated; readonly calendar: Calendar };

/** Who holds the slot of each period that has one. Candidates come newest first. */
function winnersOf(candidates: readonly Candidate[], period: Period, slots: number, today: number): Map<number, Dated> {
  const proven = new Map<number, Dated>();
  const oldestUnproven = new Map<number, Dated>();
  for (const { one, calendar } of candidates) {
    const index = calendar[period];
    if (one.backup.state !== 'proven') oldestUnproven.set(index, one);
    else if (!proven.has(index)) proven.set(index, one);
  }
  const newestPeriods = [...proven].sort(([a], [b]) => b - a).slice(0, slots);
  const unproven = [...oldestUnproven].filter(([index]) => !proven.has(index) && index > today - slots);
  return new Map([...newestPeriods, ...unproven]);
}

function whyNot({ state }: RetainedBackup, newerProven: number, elsewhere: readonly string[]): string {
  const then = provenSince(newerProven);
  if (state === 'failed') return `its drill failed, and it was kept long enough to look into that; ${then}`;
  return `${elsewhere.length > 0 ? elsewhere.join(', ') : 'older than all that the retention keeps'}; ${then}`;
}
