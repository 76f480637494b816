import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calendarIn } from '../../src/retention/calendar.ts';
import { judgeLeftovers } from '../../src/retention/orphans.ts';
import { type Decision, decide, isEmpty, type Policy, type RetainedBackup } from '../../src/retention/policy.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2026-11-20T12:00:00Z');
const keptIn = (decisions: readonly Decision[]) => decisions.filter(({ action }) => action === 'keep').map(({ id }) => id);

const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati', 'Australia/Lord_Howe');
const states = fc.constantFrom<RetainedBackup['state']>('proven', 'proven', 'failed', 'incomplete', 'unproven', 'unproven');
/** Days before now: close together, over years, and some in the future. */
const ages = fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: -3, max: 1500, noNaN: true }), fc.integer({ min: 0, max: 40 }));
const histories = fc
  .array(fc.record({ age: ages, state: states, drilled: fc.double({ min: 0, max: 30, noNaN: true }) }), { maxLength: 30 })
  .map((all) => all.map(({ age, state, drilled }, i) => numbered(i, NOW.getTime() - age * DAY_MS, state, drilled)));

function numbered(i: number, ms: number, state: RetainedBackup['state'], drilledAfterDays: number): RetainedBackup {
  const drilledAt = new Date(ms + drilledAfterDays * DAY_MS).toISOString();
  const times = { provenAt: state === 'proven' ? drilledAt : null, failedAt: state === 'failed' ? drilledAt : null };
  return { id: `b${i}`, at: new Date(ms).toISOString(), state, ...times };
}

const some = (most: number) => fc.option(fc.integer({ min: 0, max: most }), { nil: undefined });
const policies: fc.Arbitrary<Policy> = fc.record({
  keepLast: some(8),
  keepWithinSeconds: some(30 * 86_400),
  daily: some(10),
  weekly: some(8),
  monthly: some(8),
  yearly: some(4),
  timezone: zones,
  keepFailedSeconds: fc.integer({ min: 0, max: 30 * 86_400 }),
  minKeep: fc.integer({ min: 0, max: 5 }),
});
const RUNS = { numRuns: 1000 };

describe('of any history', () => {
  const always = <T extends unknown[]>(name: string, arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> }, check: (...values: T) => void) =>
    it(name, () => {
      fc.assert(
        fc.property(fc.tuple<T>(...arbitraries), (values) => check(...values)),
        RUNS,
      );
    });
  const newestFirst = (all: readonly RetainedBackup[]) => all.toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at) || (a.id < b.id ? 1 : -1));
  const proven = (all: readonly RetainedBackup[]) => newestFirst(all).filter(({ state }) => state === 'proven');
  const withinKept = (subset: readonly string[], superset: readonly string[]) => expect(superset).toEqual(expect.arrayContaining([...subset]));

  always('every backup is decided once, with a reason', [histories, policies], (backups, policy) => {
    const decisions = decide(backups, policy, NOW);
    expect(decisions.map(({ id }) => id)).toEqual(newestFirst(backups).map(({ id }) => id));
    for (const one of decisions) expect(one.action === 'keep' ? one.reasons.length : one.why.length).toBeGreaterThan(0);
  });

  always('an empty policy deletes nothing', [histories, policies], (backups, { timezone, keepFailedSeconds, minKeep }) => {
    const policy = { timezone, keepFailedSeconds, minKeep, daily: 0, keepLast: 0 };
    expect(isEmpty(policy)).toBe(true);
    expect(keptIn(decide(backups, policy, NOW))).toHaveLength(backups.length);
  });

  always('the newest proven is kept, and the last min-keep, proven or not', [histories, policies], (backups, policy) => {
    const ids = keptIn(decide(backups, policy, NOW));
    const last = [...newestFirst(backups).slice(0, policy.minKeep), ...proven(backups).slice(0, Math.max(1, policy.minKeep))];
    withinKept(
      last.map(({ id }) => id),
      ids,
    );
  });

  always('nothing is deleted before min-keep newer ones are proven', [histories, policies], (backups, policy) => {
    for (const one of decide(backups, policy, NOW)) {
      if (one.action === 'keep') continue;
      expect(proven(backups).filter(({ at, id }) => at > one.at || (at === one.at && id > one.id)).length).toBeGreaterThanOrEqual(policy.minKeep);
    }
  });

  always('unproven ones never push out a proven one', [histories, policies], (backups, policy) => {
    const ids = keptIn(decide(backups, policy, NOW)).filter((id) => proven(backups).some((one) => one.id === id));
    expect(ids).toEqual(keptIn(decide(proven(backups), policy, NOW)));
  });

  const flood = fc.array(fc.record({ days: fc.double({ min: 0.001, max: 800, noNaN: true }), drilled: fc.boolean() }), {
    minLength: 1,
    maxLength: 60,
  });
  always('a flood of new unproven ones evicts nothing at all', [histories, policies, flood], (backups, policy, wave) => {
    const newest = Math.max(NOW.getTime() - 5 * DAY_MS, ...backups.map(({ at }) => Date.parse(at)));
    const newcomers = wave.map(({ days: after, drilled }, i) => numbered(1000 + i, newest + after * DAY_MS, drilled ? 'incomplete' : 'unproven', 1));
    withinKept(keptIn(decide(backups, policy, NOW)), keptIn(decide([...newcomers, ...backups], policy, NOW)));
  });

  always('a failed one fills no slot: what is kept of the others is as without it', [histories, policies], (backups, policy) => {
    const others = backups.filter(({ state }) => state !== 'failed');
    const decisions = decide(backups, policy, NOW);
    expect(keptIn(decisions.filter(({ state }) => state !== 'failed'))).toEqual(keptIn(decide(others, policy, NOW)));
    for (const one of decisions) {
      if (one.state !== 'failed' || one.action === 'delete') continue;
      const allowed = ['no-policy', 'min-keep', 'keep-within', 'keep-failed'];
      expect(allowed).toEqual(expect.arrayContaining(one.reasons.map(({ rule }) => rule)));
    }
  });

  always('a failed one is kept for keep-failed', [histories, policies], (backups, policy) => {
    const young = backups.filter(({ failedAt }) => failedAt !== null && NOW.getTime() - Date.parse(failedAt) <= policy.keepFailedSeconds * 1000);
    withinKept(
      young.map(({ id }) => id),
      keptIn(decide(backups, policy, NOW)),
    );
  });

  always('a slot goes to the newest proven of its period', [histories, policies], (backups, policy) => {
    const calendar = calendarIn(policy.timezone);
    for (const one of decide(backups, policy, NOW)) {
      if (one.action === 'delete') continue;
      for (const { rule } of one.reasons) {
        if (rule !== 'daily' && rule !== 'weekly' && rule !== 'monthly' && rule !== 'yearly') continue;
        const rivals = proven(backups).filter(({ at }) => calendar(new Date(at))[rule] === calendar(new Date(one.at))[rule]);
        expect(rivals[0]?.id ?? one.id).toBe(one.id);
      }
    }
  });

  always('each of the newest periods that have a proven backup keeps one', [histories, policies], (backups, policy) => {
    const calendar = calendarIn(policy.timezone);
    const ids = keptIn(decide(backups, policy, NOW));
    for (const period of ['daily', 'weekly', 'monthly', 'yearly'] as const) {
      const indexOf = ({ at }: RetainedBackup) => calendar(new Date(at))[period];
      const periods = [...new Set(proven(backups).map(indexOf))].slice(0, policy[period] ?? 0);
      for (const index of periods) expect(proven(backups).some((one) => indexOf(one) === index && ids.includes(one.id))).toBe(true);
    }
  });

  const days = fc.option(fc.double({ min: -5, max: 50, noNaN: true }), { nil: null });
  always(
    'a locked one is never deleted, and of the others is kept what is kept without locks',
    [histories, policies, fc.array(days)],
    (backups, policy, locks) => {
      const locked = backups.map((one, i) => {
        const until = locks[i] ?? null;
        const lockedUntil = until === null ? null : i % 7 === 3 ? ('legal-hold' as const) : new Date(NOW.getTime() + until * DAY_MS).toISOString();
        return { ...one, lockedUntil };
      });
      const isLocked = ({ lockedUntil }: (typeof locked)[number]) =>
        lockedUntil === 'legal-hold' || (lockedUntil !== null && lockedUntil > NOW.toISOString());
      const byLock = locked.filter(isLocked).map(({ id }) => id);
      const kept = keptIn(decide(locked, policy, NOW));
      expect(kept.toSorted()).toEqual([...new Set([...keptIn(decide(backups, policy, NOW)), ...byLock])].toSorted());
      for (const one of decide(locked, policy, NOW)) {
        const said = one.action === 'keep' && one.reasons.some(({ rule }) => rule === 'locked');
        expect(said).toBe(byLock.includes(one.id) && !isEmpty(policy));
      }
    },
  );

  always('pruning twice deletes nothing more', [histories, policies], (backups, policy) => {
    const ids = keptIn(decide(backups, policy, NOW));
    const left = backups.filter(({ id }) => ids.includes(id));
    expect(keptIn(decide(left, policy, NOW))).toEqual(ids);
  });

  always('a policy that asks for more keeps no less', [histories, policies, policies], (backups, a, b) => {
    if (isEmpty(a)) return;
    const more = (one: number | undefined, other: number | undefined) => Math.max(one ?? 0, other ?? 0);
    const both: Policy = {
      keepLast: more(a.keepLast, b.keepLast),
      keepWithinSeconds: more(a.keepWithinSeconds, b.keepWithinSeconds),
      daily: more(a.daily, b.daily),
      weekly: more(a.weekly, b.weekly),
      monthly: more(a.monthly, b.monthly),
      yearly: more(a.yearly, b.yearly),
      timezone: a.timezone,
      keepFailedSeconds: more(a.keepFailedSeconds, b.keepFailedSeconds),
      minKeep: more(a.minKeep, b.minKeep),
    };
    withinKept(keptIn(decide(backups, a, NOW)), keptIn(decide(backups, both, NOW)));
  });

  always('the order they come in does not matter', [histories, policies, fc.infiniteStream(fc.nat())], (backups, policy, random) => {
    const shuffled = backups
      .map((one) => ({ one, key: random.next().value as number }))
      .sort((a, b) => a.key - b.key)
      .map(({ one }) => one);
    expect(decide(shuffled, policy, NOW)).toEqual(decide(backups, policy, NOW));
  });
});

describe('of whatever interrupted backups left', () => {
  const hours = fc.integer({ min: -120, max: 3600 }).map((minutes) => minutes / 60);
  const leftovers = fc.array(fc.record({ hasManifest: fc.boolean(), newest: hours, uploads: fc.array(hours, { maxLength: 3 }) }), { maxLength: 12 });
  const ago = (hoursAgo: number) => new Date(NOW.getTime() - hoursAgo * 3_600_000);

  it('nothing is deleted that showed a sign of life within a day, nor anything that has a manifest; and the rest is', () => {
    fc.assert(
      fc.property(leftovers, (all) => {
        const idOf = (i: number) => `202601${String(i + 1).padStart(2, '0')}T000000Z-0000`;
        const folders = all.map(({ hasManifest, newest }, i) => ({ id: idOf(i), bytes: 1, newest: ago(newest), hasManifest }));
        const uploads = all.flatMap((one, i) =>
          one.uploads.map((since, n) => ({ key: `shop/${idOf(i)}/data-0${n}.dump.zst`, id: `${n}`, since: ago(since) })),
        );
        const judged = judgeLeftovers('shop', folders, uploads, NOW);
        for (const [i, one] of all.entries()) {
          const found = judged.folders.find(({ id }) => id === idOf(i));
          const youngest = Math.min(one.newest, ...one.uploads);
          expect(found?.action).toBe(one.hasManifest ? undefined : youngest > 24 ? 'delete' : 'keep');
        }
        for (const { upload, action } of judged.uploads) expect(action).toBe(upload.since < ago(24) ? 'delete' : 'keep');
      }),
      RUNS,
    );
  });
});
