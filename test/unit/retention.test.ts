import { describe, expect, it, test } from 'vitest';
import { configFor, loadConfig } from '../../src/options/config.ts';
import { readOptions } from '../../src/options/read.ts';
import { pruneMarkdown } from '../../src/report/markdown/prune.ts';
import { pruneText } from '../../src/report/terminal/prune.ts';
import { PLAIN } from '../../src/report/terminal/style.ts';
import { calendarIn, periodLabel } from '../../src/retention/calendar.ts';
import { type Decision, decide, type Policy, type RetainedBackup } from '../../src/retention/policy.ts';
import type { PruneResult } from '../../src/retention/prune.ts';
import { thrownBy } from '../harness/thrown.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2026-11-20T12:00:00Z'); // a Friday
const NONE: Policy = { timezone: 'UTC', keepFailedSeconds: 14 * 86_400, minKeep: 0 };

function backup(at: string, state: RetainedBackup['state'] = 'proven', drilledAt = at): RetainedBackup {
  const iso = new Date(at).toISOString();
  return { id: iso, at: iso, state, provenAt: state === 'proven' ? drilledAt : null, failedAt: state === 'failed' ? drilledAt : null };
}

/** One a night at 02:00, newest first, from today back. */
function nights(count: number, stateOf: (i: number) => RetainedBackup['state'] = () => 'proven'): RetainedBackup[] {
  return Array.from({ length: count }, (_, i) => backup(new Date(Date.parse('2026-11-20T02:00:00Z') - i * DAY_MS).toISOString(), stateOf(i)));
}

const keptIn = (decisions: readonly Decision[]) => decisions.filter(({ action }) => action === 'keep').map(({ id }) => id);
const kept = (backups: readonly RetainedBackup[], policy: Partial<Policy>, now = NOW) => keptIn(decide(backups, { ...NONE, ...policy }, now));
const days = (backups: readonly RetainedBackup[], policy: Partial<Policy>, now = NOW) =>
  kept(backups, policy, now).map((id) => id.slice(0, id.slice(11) === '02:00:00.000Z' ? 10 : 16));

describe('of proven backups', () => {
  test.each<[string, Partial<Policy>, string[]]>([
    ['keep-last: the last', { keepLast: 3 }, ['2026-11-20', '2026-11-19', '2026-11-18']],
    ['keep-within: the young', { keepWithinSeconds: 2 * 86_400 }, ['2026-11-20', '2026-11-19']],
    ['daily: a day each', { daily: 2 }, ['2026-11-20', '2026-11-19']],
    ['weekly: the newest of each week from Monday', { weekly: 3 }, ['2026-11-20', '2026-11-15', '2026-11-08']],
    ['monthly: the newest of each month', { monthly: 3 }, ['2026-11-20', '2026-10-31', '2026-09-30']],
    ['yearly: the newest of each year', { yearly: 2 }, ['2026-11-20', '2025-12-31']],
    ['all together', { keepLast: 2, weekly: 2, monthly: 2 }, ['2026-11-20', '2026-11-19', '2026-11-15', '2026-10-31']],
    ['the newest, even if nothing asks for it', { keepWithinSeconds: 1 }, ['2026-11-20']],
    ['min-keep, whatever the policy says', { daily: 1, minKeep: 4 }, ['2026-11-20', '2026-11-19', '2026-11-18', '2026-11-17']],
  ])('%s is kept', (_, policy, expected) => {
    expect(days(nights(400), policy)).toEqual(expected);
  });

  it('counts periods that have a proven one: an outage deletes nothing', () => {
    const before = nights(10).slice(6);
    expect(days(before, { daily: 3 }, new Date('2027-05-01T00:00:00Z'))).toEqual(['2026-11-14', '2026-11-13', '2026-11-12']);
  });

  it('keeps the newest of a period in which there are several', () => {
    const day = ['2026-11-19T01:00Z', '2026-11-19T22:00Z', '2026-11-19T11:00Z'].map((at) => backup(at));
    expect(days(day, { daily: 5 })).toEqual(['2026-11-19T22:00']);
  });
});

describe('of unproven backups', () => {
  it('keeps a proven one where its period has one, the first where it has none', () => {
    const backups = [
      backup('2026-11-19T23:00Z', 'unproven'),
      backup('2026-11-19T03:00Z'),
      backup('2026-11-18T20:00Z', 'incomplete'),
      backup('2026-11-18T04:00Z', 'unproven'),
      backup('2026-11-17T01:00Z'),
    ];
    expect(days(backups, { daily: 5 })).toEqual(['2026-11-19T03:00', '2026-11-18T04:00', '2026-11-17T01:00']);
  });

  it('keeps those of the last periods of the calendar, and of older ones only proven', () => {
    const weeklyProofs = nights(60, (i) => (i % 7 === 5 ? 'proven' : 'unproven'));
    const expected = ['2026-11-20', '2026-11-19', '2026-11-18', '2026-11-15', '2026-11-08', '2026-11-01'];
    expect(days(weeklyProofs, { daily: 3 })).toEqual(expected);
  });

  it('deletes nothing before min-keep newer ones are proven, nor before keep-last are', () => {
    const weeklyProofs = nights(60, (i) => (i % 7 === 5 ? 'proven' : 'unproven'));
    expect(kept(weeklyProofs, { daily: 1, minKeep: 3 })).toHaveLength(2 * 7 + 5 + 1);
    expect(kept(weeklyProofs, { keepLast: 2 })).toHaveLength(7 + 5 + 1);
    expect(
      kept(
        nights(60, () => 'unproven'),
        { daily: 1, minKeep: 3 },
      ),
    ).toHaveLength(60);
  });

  it('expires them by the calendar alone when nothing has to be proven', () => {
    expect(
      days(
        nights(60, () => 'unproven'),
        { daily: 2, weekly: 2 },
      ),
    ).toEqual(['2026-11-20', '2026-11-19', '2026-11-16', '2026-11-09']);
  });

  it('is not moved by a flood of them, of any day', () => {
    const history = nights(100, (i) => (i % 7 === 5 ? 'proven' : i % 11 === 0 ? 'failed' : 'unproven'));
    const flood = Array.from({ length: 5000 }, (_, i) => backup(new Date(NOW.getTime() + i * 3_600_000).toISOString(), 'unproven'));
    const policy = { keepLast: 2, daily: 7, weekly: 4, monthly: 6, minKeep: 1 };
    expect(kept([...flood, ...history], policy)).toEqual(expect.arrayContaining(kept(history, policy)));
  });
});

describe('a failed backup', () => {
  it('fills no slot, and is kept for keep-failed after its drill', () => {
    const backups = [
      backup('2026-11-20T02:00Z'),
      backup('2026-11-18T02:00Z', 'failed', '2026-11-18T05:00:00Z'),
      backup('2026-10-02T02:00Z', 'failed', '2026-11-07T05:00:00Z'),
      backup('2026-10-01T02:00Z', 'failed', '2026-11-06T05:00:00Z'),
    ];
    expect(days(backups, { daily: 9, monthly: 9, keepLast: 9 })).toEqual(['2026-11-20', '2026-11-18', '2026-10-02']);
    expect(days(backups, { daily: 9, keepFailedSeconds: 0 })).toEqual(['2026-11-20']);
  });

  it('is kept as long as there is nothing better', () => {
    expect(
      kept(
        nights(50, () => 'failed'),
        { daily: 7, minKeep: 1 },
      ),
    ).toHaveLength(50);
  });
});

describe('why', () => {
  const decisions = decide(
    [...nights(3), backup('2026-11-19T20:00Z', 'unproven'), backup('2026-01-05T02:00Z', 'failed')],
    { ...NONE, daily: 2, weekly: 1, minKeep: 1 },
    NOW,
  );
  const sentences = decisions.map((one) =>
    one.action === 'keep' ? one.reasons.map(({ rule, because }) => `${rule}: ${because}`).join('; ') : one.why,
  );

  it('is said of every backup, with every reason', () => {
    expect(sentences).toEqual([
      [
        'newest-proven: the newest that is proven',
        'min-keep: no newer one is proven, and 1 have to be',
        'daily: 2026-11-20: the newest proven of that day',
        'weekly: 2026-W47: the newest proven of that week',
      ].join('; '),
      'daily 2026-11-19 went to 2026-11-19T02:00:00.000Z, weekly 2026-W47 went to 2026-11-20T02:00:00.000Z; 1 newer one is proven',
      'daily: 2026-11-19: the newest proven of that day',
      'weekly 2026-W47 went to 2026-11-20T02:00:00.000Z; 2 newer ones are proven',
      'its drill failed, and it was kept long enough to look into that; 3 newer ones are proven',
    ]);
  });
});

describe('the calendar', () => {
  const labels = (iso: string, zone: string) => {
    const calendar = calendarIn(zone)(new Date(iso));
    return (['daily', 'weekly', 'monthly', 'yearly'] as const).map((period) => periodLabel(period, calendar[period])).join(' ');
  };

  test.each([
    ['2026-11-20T12:00:00Z', 'UTC', '2026-11-20 2026-W47 2026-11 2026'],
    // ISO years: https://en.wikipedia.org/wiki/ISO_week_date#Relation_with_the_Gregorian_calendar
    ['2027-01-01T00:00:00Z', 'UTC', '2027-01-01 2026-W53 2027-01 2027'],
    ['2024-12-30T00:00:00Z', 'UTC', '2024-12-30 2025-W01 2024-12 2024'],
    ['2021-01-03T23:59:59Z', 'UTC', '2021-01-03 2020-W53 2021-01 2021'],
    ['2026-12-31T23:30:00Z', 'Europe/Berlin', '2027-01-01 2026-W53 2027-01 2027'],
    ['2027-01-01T04:30:00Z', 'America/New_York', '2026-12-31 2026-W53 2026-12 2026'],
    ['2026-11-19T10:30:00Z', 'Pacific/Kiritimati', '2026-11-20 2026-W47 2026-11 2026'],
    // put forward on 2026-03-29 and back on 2026-10-25
    ['2026-03-28T23:30:00Z', 'Europe/Berlin', '2026-03-29 2026-W13 2026-03 2026'],
    ['2026-03-29T21:30:00Z', 'Europe/Berlin', '2026-03-29 2026-W13 2026-03 2026'],
    ['2026-03-29T22:30:00Z', 'Europe/Berlin', '2026-03-30 2026-W14 2026-03 2026'],
    ['2026-10-24T22:30:00Z', 'Europe/Berlin', '2026-10-25 2026-W43 2026-10 2026'],
    ['2026-10-25T22:30:00Z', 'Europe/Berlin', '2026-10-25 2026-W43 2026-10 2026'],
    ['2026-10-25T23:30:00Z', 'Europe/Berlin', '2026-10-26 2026-W44 2026-10 2026'],
  ])('puts %s in %s into %s', (iso, zone, expected) => {
    expect(labels(iso, zone)).toBe(expected);
  });

  it('has one slot for a day of 25 hours, and one for each of two that UTC takes for one', () => {
    const berlin = { daily: 9, timezone: 'Europe/Berlin' };
    const long = ['2026-10-24T22:30Z', '2026-10-25T22:30Z'].map((at) => backup(at));
    expect(kept(long, berlin)).toHaveLength(1);
    const two = ['2026-10-25T22:30Z', '2026-10-25T23:30Z'].map((at) => backup(at));
    expect(kept(two, berlin)).toHaveLength(2);
    expect(kept(two, { daily: 9 })).toHaveLength(1);
  });
});

describe('the retention of lifeboat.yml', () => {
  const FILE = `
storage: s3://bucket/postgres
retention: { daily: 7, weekly: 4, timezone: Europe/Berlin }
databases:
  shop: { retention: { daily: 30, weekly: 0 } }
  blog:
`;
  const asked = (given: Record<string, unknown>) =>
    readOptions('prune', { given, config: configFor(loadConfig('lifeboat.yml', FILE), 'prune', given), environment: {} });

  it('is that at the top, where the database says nothing else, key by key', () => {
    expect(asked({ database: 'blog' })).toMatchObject({ database: 'blog', daily: 7, weekly: 4, timezone: 'Europe/Berlin', minKeep: 3, apply: false });
    expect(asked({ database: 'shop' })).toMatchObject({ daily: 30, weekly: 0, timezone: 'Europe/Berlin', keepFailed: 14 * 86_400 });
    expect(asked({ database: 'shop', daily: '2' })).toMatchObject({ daily: 2 });
  });

  it('never says apply, and has no unknown time zone', () => {
    expect(thrownBy(() => loadConfig('lifeboat.yml', 'retention: { apply: true }')).message).toMatch(/apply is for a person to say/);
    expect(thrownBy(() => loadConfig('lifeboat.yml', 'retention: { timezone: Europe/Berln }')).message).toMatch(/"Europe\/Berln" is not a time zone/);
    expect(thrownBy(() => loadConfig('lifeboat.yml', 'retention: { dayly: 1 }')).message).toMatch(/did you mean daily\?/);
  });
});

describe('the reports', () => {
  const decisions = decide(nights(3), { ...NONE, daily: 2 }, NOW).map((one) => ({ ...one, bytes: 1024 }));
  const result: PruneResult = {
    ok: true,
    applied: false,
    storage: 'file:///x',
    database: 'sh|op',
    at: NOW.toISOString(),
    policy: { ...NONE, daily: 2 },
    decisions,
    unreadable: [{ id: '20260101T000000Z-0000', error: 'not a manifest' }],
    orphans: [
      { kind: 'folder', key: 'sh|op/20260102T000000Z-0000', since: '2026-01-02T00:00:00Z', bytes: 2048, action: 'delete' },
      { kind: 'upload', key: 'x', since: NOW.toISOString(), bytes: null, action: 'keep' },
    ],
    deletedBytes: 3072,
    versions: false,
    notExamined: [{ object: 'unfinished uploads', reason: 'denied' }],
  };

  it('say in the terminal what would be deleted, why, and what was not looked at', () => {
    const text = pruneText(result, PLAIN);
    expect(text.split('\n')[0]).toBe('Dry run: nothing was deleted; 1 of 3 backups of sh|op and 1 leftover of interrupted ones would be, 3.00 KiB.');
    expect(text).toMatch(/2026-11-18\S+ +2 d +1\.00 KiB +proven +delete +older than all that the retention keeps; 2 newer ones are proven/);
    expect(text).toMatch(/folder sh\|op\/20260102T000000Z-0000 +322 d +2\.00 KiB +delete\nupload x +0 s +– +keep: it may be under way/);
    expect(text).toContain('20260101T000000Z-0000: not a manifest');
    expect(text).toContain('unfinished uploads: denied');
    expect(text).toMatch(/add --apply\.$/);
    expect(pruneText({ ...result, applied: true }, PLAIN)).toMatch(/^Deleted 1 of 3 backups of sh\|op/);
  });

  it('say it in Markdown too, where names stay names', () => {
    const markdown = pruneMarkdown(result);
    expect(markdown).toMatch(/^## Dry run: nothing of <code>sh&#124;op<\/code> was deleted\n/);
    expect(markdown).toContain('<summary>2 backups kept</summary>');
    expect(markdown).toContain('`20260101T000000Z-0000` | not a manifest');
    expect(pruneMarkdown({ ...result, applied: true })).toMatch(/^## Pruned/);
  });
});
