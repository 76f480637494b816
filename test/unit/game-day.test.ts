import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { predictRecovery } from '../../src/catalog/predict.ts';
import { evaluateChecklist, parseConfirmations } from '../../src/game-day/checklist.ts';
import { readCommands } from '../../src/game-day/command.ts';
import type { MachineFacts } from '../../src/game-day/facts.ts';
import type { GameDay } from '../../src/game-day/game-day.ts';
import { nextScenario, withMeasurement } from '../../src/game-day/measurements.ts';
import { readConfidence, withClock } from '../../src/game-day/page.ts';
import { parseScenario } from '../../src/game-day/scenario.ts';
import { type StampingComment, stampSteps } from '../../src/game-day/stamps.ts';
import { computeTotals } from '../../src/game-day/totals.ts';
import { thrownBy } from '../harness/thrown.ts';

const DAY: GameDay = {
  scenario: 'database-lost',
  title: 'The database is lost',
  database: 'shop',
  openedAt: '2026-11-20T08:00:00Z',
  targets: { rtoSeconds: 3600, rpoSeconds: 86_400 },
  steps: [
    { title: 'Declare', recovered: false },
    { title: 'Restore', recovered: true },
    { title: 'Clean up', recovered: false },
  ],
  snapshotAt: '2026-11-20T02:00:00Z',
  drillSeconds: 12,
};

const at = (minute: number) => `2026-11-20T09:${String(minute).padStart(2, '0')}:00Z`;
const comment = (id: number, text: string, minute = id, edited = false): StampingComment => ({
  id,
  by: `person-${id % 2}`,
  at: at(minute),
  text,
  edited,
});

describe('a comment', () => {
  test.each([
    ['/lifeboat step 3 start', [{ step: 3, event: 'start', evidence: null }]],
    ['/lifeboat step 3 start now', [{ step: 3, event: 'start', evidence: null }]],
    ['/LIFEBOAT Step 12 Done: 845,006 rows', [{ step: 12, event: 'done', evidence: '845,006 rows' }]],
    [
      'Here we go\r\n/lifeboat step 1 done\r\n/lifeboat step 2 start',
      [
        { step: 1, event: 'done', evidence: null },
        { step: 2, event: 'start', evidence: null },
      ],
    ],
    ['We write /lifeboat step 3 start', []],
    ['> /lifeboat step 3 start', []],
    ['```\n/lifeboat step 3 start\n```', []],
    ['/lifeboats step 3 start', []],
    ['', []],
  ])('%j says %j', (text, commands) => {
    expect(readCommands(text)).toEqual(commands);
  });

  test.each(['/lifeboat', '/lifeboat step start', '/lifeboat step 3 stop', '/lifeboat step -1 done', '/lifeboat step 3; rm -rf / start'])(
    '%j is told what it should be',
    (text) => {
      expect(readCommands(text)).toEqual([{ problem: expect.stringContaining('/lifeboat step 3 start') }]);
    },
  );
});

describe('the clock', () => {
  test('stamps the times of the comments, whoever wrote them', () => {
    const { steps, problems } = stampSteps(DAY, [
      comment(3, '/lifeboat step 1 done it is gone\n/lifeboat step 2 start'),
      comment(1, '/lifeboat step 1 start'),
    ]);
    expect(steps).toEqual([
      { start: { at: at(1), by: 'person-1' }, end: { at: at(3), by: 'person-1' }, evidence: 'it is gone' },
      { start: { at: at(3), by: 'person-1' }, end: null, evidence: null },
      { start: null, end: null, evidence: null },
    ]);
    expect(problems).toEqual(new Map());
  });

  test('says of each comment what it cannot take', () => {
    const { steps, problems } = stampSteps(DAY, [
      comment(1, '/lifeboat step 1 done'),
      comment(2, '/lifeboat step 9 start'),
      comment(3, '/lifeboat step 0 start'),
      comment(4, '/lifeboat step 1 start'),
      comment(5, '/lifeboat step 1 start'),
      comment(6, '/lifeboat step 2 start', 6, true),
      comment(7, '/lifeboat step 1 done\n/lifeboat step 1 done'),
    ]);
    expect(steps[0]?.start?.at).toBe(at(4));
    expect(steps[1]?.start).toBeNull();
    expect(Object.fromEntries([...problems].map(([id, all]) => [id, all.join()]))).toEqual({
      1: expect.stringMatching(/never started/),
      2: expect.stringMatching(/no step 9: this game day has 3/),
      3: expect.stringMatching(/no step 0/),
      5: expect.stringMatching(/started before/),
      6: expect.stringMatching(/edited stamps nothing/),
      7: expect.stringMatching(/done before/),
    });
  });

  test('is the same in whatever order and how often the comments are read', () => {
    const text = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom('start', 'done')).map(([step, event]) => `/lifeboat step ${step} ${event}`);
    const comments = fc
      .array(fc.tuple(text, fc.integer({ min: 0, max: 5 })))
      .map((all) => all.map(([said, minute], id) => comment(id, said, minute)));
    fc.assert(
      fc.property(comments, fc.infiniteStream(fc.nat()), (all, weights) => {
        const shuffled = all.map((one) => ({ one, weight: weights.next().value ?? 0 })).sort((a, b) => a.weight - b.weight);
        const clock = stampSteps(DAY, all);
        expect(
          stampSteps(
            DAY,
            shuffled.map(({ one }) => one),
          ),
        ).toEqual(clock);
        for (const { start, end } of clock.steps) expect(end === null || (start !== null && start.at <= end.at)).toBe(true);
      }),
    );
  });
});

describe('the totals', () => {
  const stamps = (text: readonly string[]) =>
    stampSteps(
      DAY,
      text.map((said, i) => comment(i + 1, said, i * 20)),
    ).steps;

  test('count the recovery up to the step that brings the service back', () => {
    const all = stamps(['/lifeboat step 1 start', '/lifeboat step 1 done\n/lifeboat step 2 start', '/lifeboat step 2 done\n/lifeboat step 3 start']);
    expect(computeTotals(DAY, all)).toEqual({
      startedAt: '2026-11-20T09:00:00.000Z',
      done: 2,
      steps: 3,
      recoverySeconds: 2400,
      totalSeconds: 2400,
      lossSeconds: 7 * 3600,
      rtoMet: true,
      rpoMet: true,
    });
    const strict = { ...DAY, targets: { rtoSeconds: 2399, rpoSeconds: 7 * 3600 - 1 } };
    expect(computeTotals(strict, all)).toMatchObject({ rtoMet: false, rpoMet: false });
  });

  test('know nothing of what did not happen', () => {
    expect(computeTotals({ ...DAY, snapshotAt: null }, stamps([]))).toEqual({
      startedAt: null,
      done: 0,
      steps: 3,
      recoverySeconds: null,
      totalSeconds: null,
      lossSeconds: null,
      rtoMet: null,
      rpoMet: null,
    });
    expect(computeTotals(DAY, stamps(['/lifeboat step 1 start', '/lifeboat step 1 done']))).toMatchObject({
      recoverySeconds: null,
      rtoMet: null,
      totalSeconds: 1200,
    });
  });
});

describe('the page', () => {
  const page = 'what people wrote\n<!-- lifeboat:steps -->\nold\n<!-- /lifeboat:steps -->\n- Confidence before: 4\n- Confidence after: 11\n';

  test('keeps what people wrote around the clock', () => {
    const changed = withClock(
      page,
      DAY,
      stampSteps(DAY, [comment(1, '/lifeboat step 1 start'), comment(2, '/lifeboat step 1 done a | b <img>')]).steps,
    );
    expect(changed).toMatch(/^what people wrote\n<!-- lifeboat:steps -->\n/);
    expect(changed).toMatch(/\n<!-- \/lifeboat:steps -->\n- Confidence before: 4\n/);
    expect(changed).toContain('- [x] Step 1: Declare\n- [ ] Step 2: Restore');
    expect(changed).toContain('| 1 | Declare | 09:01:00 | 09:02:00 | 1 min | person-1, person-0 | a &#124; b &#60;img&#62; |');
    expect(withClock(changed ?? '', DAY, [])).toContain('- [ ] Step 1: Declare');
  });

  test('keeps evidence in its cell, whatever is in it', () => {
    const hostile = '<!-- /lifeboat:steps --> --> a\rb | \u202e @all #1';
    const said = [comment(1, '/lifeboat step 1 start'), comment(2, `/lifeboat step 1 done ${hostile}`)];
    const changed = withClock(page, DAY, stampSteps(DAY, said).steps) ?? '';
    expect(changed).toMatch(/\| &#60;!-- \/lifeboat:steps --&#62; --&#62; a&#92;rb &#124; &#92;u&#123;202e&#125; &#64;.*all &#35;.*1 \|\n/);
    expect(withClock(changed, DAY, [])).toBe(withClock(page, DAY, []));
  });

  test('stays below what GitHub takes, however much people note', () => {
    const steps = Array.from({ length: 40 }, (_, i) => ({ title: `Step ${i}`, recovered: i === 39 }));
    const said = steps.map((_, i) => comment(i + 1, `/lifeboat step ${i + 1} start\n/lifeboat step ${i + 1} done ${'@'.repeat(60_000)}`));
    const day = { ...DAY, steps };
    const changed = withClock(page, day, stampSteps(day, said).steps) ?? '';
    expect(changed.length).toBeLessThan(65_000);
    expect(changed).toContain('- [x] Step 40: ');
    expect(changed).toContain('…');
  });

  test('without its markers is left alone', () => {
    expect(withClock('nothing', DAY, [])).toBeNull();
  });

  test('tells how sure people were, from 0 to 10', () => {
    expect(readConfidence(page)).toEqual({ before: 4, after: null });
  });
});

describe('the prediction', () => {
  const weekly = (weeks: number, bytesOf: (week: number) => number) =>
    Array.from({ length: weeks }, (_, week) => ({
      at: new Date(Date.UTC(2026, 8, 1 + 7 * week)).toISOString(),
      restoredBytes: bytesOf(week),
      rtoSeconds: bytesOf(week) / 1e6,
    }));

  test('follows the growth', () => {
    const now = new Date('2026-11-03T00:00:00Z');
    const grown = predictRecovery(
      weekly(10, (week) => 1e9 + week * 1e8),
      now,
    );
    // nine weeks after the first, and 183 days more
    expect(grown).toMatchObject({ proofs: 10, days: 63, bytes: Math.round(1e9 + (9 + 183 / 7) * 1e8) });
    expect((grown as { rtoSeconds: number }).rtoSeconds).toBeCloseTo((1e9 + (9 + 183 / 7) * 1e8) / 1e6, 6);
    expect(
      predictRecovery(
        weekly(10, () => 5e8),
        now,
      ),
    ).toMatchObject({ bytes: 5e8 });
    expect(
      predictRecovery(
        weekly(10, (week) => 1e9 - week * 1e8),
        now,
      ),
    ).toMatchObject({ bytes: 0 });
  });

  test('is not made of too little', () => {
    const now = new Date();
    expect(predictRecovery([], now)).toEqual({ unknown: expect.stringContaining('0 proofs') });
    expect(
      predictRecovery(
        weekly(2, () => 1),
        now,
      ),
    ).toEqual({ unknown: expect.stringContaining('2 proofs') });
    const daily = weekly(5, () => 1e9).map((point, i) => ({ ...point, at: `2026-11-0${i + 1}T00:00:00Z` }));
    expect(predictRecovery(daily, now)).toEqual({ unknown: expect.stringContaining('4 days') });
  });
});

describe('the checklist', () => {
  const now = new Date('2026-11-20T12:00:00Z');
  const facts = (part: Partial<MachineFacts>): MachineFacts => ({ storage: 's3://a', newestBackup: null, proofs: [], copies: [], ...part });
  const verdicts = (...args: Parameters<typeof evaluateChecklist>) => evaluateChecklist(...args).map(({ verdict }) => verdict);

  test('is unknown where nobody looked and nobody said', () => {
    expect(verdicts(null, {}, 86_400, now)).toEqual(Array(6).fill('unknown'));
  });

  test('takes from the store what a machine can know', () => {
    const proof = { backup: 'b', at: '2026-11-14T12:00:00Z', verdict: 'proven' } as MachineFacts['proofs'][number];
    const newestBackup = { id: 'b', at: '2026-11-20T02:00:00Z' };
    const copies = [{ storage: 's3://b', holdsNewest: true }];
    expect(verdicts(facts({}), {}, 86_400, now).slice(0, 3)).toEqual(['no', 'no', 'no']);
    expect(verdicts(facts({ newestBackup, proofs: [proof], copies }), {}, 86_400, now).slice(0, 3)).toEqual(['yes', 'yes', 'yes']);
    expect(verdicts(facts({ newestBackup, proofs: [proof], copies }), {}, 3600, now)[0]).toBe('no');
    expect(verdicts(facts({ newestBackup, copies: [{ storage: 's3://b', holdsNewest: false }] }), {}, 86_400, now)[1]).toBe('no');
    const failed = { ...proof, at: '2026-11-20T00:00:00Z', verdict: 'failed' } as const;
    expect(verdicts(facts({ newestBackup, proofs: [failed] }), {}, 86_400, now)[2]).toBe('no');
    expect(verdicts(facts({ newestBackup, proofs: [{ ...proof, at: '2026-11-13T11:59:00Z' }] }), {}, 86_400, now)[2]).toBe('no');
  });

  test.each([
    ['2026-11-20', 'yes'],
    ['2026-08-22', 'yes'],
    ['2026-08-21', 'expired'],
    ['2026-11-21', 'unknown'],
  ])('what people said on %s is %s', (confirmed, verdict) => {
    const said = parseConfirmations('checklist.yml', `people-trained: { confirmed: ${confirmed}, by: the lead }`);
    expect(evaluateChecklist(null, said, 86_400, now).find(({ title }) => title.startsWith('Everybody on call'))?.verdict).toBe(verdict);
  });

  test.each([
    'people-trained: { confirmed: yesterday, by: x }',
    'people-taught: { confirmed: 2026-11-20, by: x }',
    'people-trained: { confirmed: 2026-11-20 }',
  ])('refuses %j with its place', (yaml) => {
    expect(() => parseConfirmations('checklist.yml', yaml)).toThrow(/checklist\.yml:1:\d+/);
  });

  test('may be empty', () => {
    expect(parseConfirmations('checklist.yml', '# nobody said anything\n')).toEqual({});
  });
});

describe('the measurements', () => {
  const totals = computeTotals(DAY, stampSteps(DAY, [comment(1, '/lifeboat step 1 start')]).steps);
  const measured = { day: DAY, totals, issue: { number: 12, url: 'https://github.com/o/r/issues/12' }, confidence: { before: 4, after: 8 } };

  test('are one row for each game day', () => {
    const first = withMeasurement(null, measured);
    expect(first).toContain('| Day | Scenario |');
    expect(first.trimEnd().split('\n').at(-1)).toBe(
      '| 2026-11-20 | database-lost | shop | 0 of 3 | – | not known (1 h) | 7 h 1 min | met (1 d) | 12 s | 4 → 8 | [#12](https://github.com/o/r/issues/12) |',
    );
    const second = withMeasurement(`${first}\n`, { ...measured, issue: { number: 13, url: 'https://github.com/o/r/issues/13' } });
    expect(second.split('\n').filter((line) => line.includes('/issues/'))).toHaveLength(2);
    expect(withMeasurement(second, { ...measured, confidence: { before: 4, after: 9 } })).toBe(second.replace('4 → 8 | [#12]', '4 → 9 | [#12]'));
  });

  test('say which scenario comes next', () => {
    const names = ['bucket-lost', 'database-lost', 'key-lost'];
    expect(nextScenario(names, null)).toBe('bucket-lost');
    expect(nextScenario(names, withMeasurement(null, { ...measured, day: { ...DAY, scenario: 'bucket-lost' } }))).toBe('database-lost');
    const all = names.reduce(
      (file: string | null, scenario, i) =>
        withMeasurement(file, {
          ...measured,
          day: { ...DAY, scenario },
          totals: { ...totals, startedAt: at(30 - i) },
          issue: { number: i, url: `${i}` },
        }),
      null,
    );
    expect(nextScenario(names, all?.replace('| 2026-11-20 | key-lost', '| 2026-08-20 | key-lost') ?? null)).toBe('key-lost');
    expect(nextScenario([], null)).toBeUndefined();
  });
});

test.each([
  ['story: x', /title/],
  ['title: x\nsteps: []', /steps/],
  ['nonsense: 1', /nonsense/],
  ['title: "two\\nlines"', /title has more than one line/],
])('a scenario of %j is refused with its place', (yaml, what) => {
  const error = thrownBy(() => parseScenario('x', 'x.yml', yaml));
  expect(error).toMatchObject({ code: 'bad-config' });
  expect(String(error)).toMatch(what);
});

describe.each(globSync('runbooks/drills/*.yml').filter((path) => basename(path) !== 'checklist.yml'))('%s', (path) => {
  const scenario = parseScenario(basename(path, '.yml'), path, readFileSync(path, 'utf8'));

  test('is a scenario with a runbook that exists', () => {
    expect(readFileSync(join('runbooks', scenario.runbook), 'utf8')).toMatch(/^# /);
  });
});

test('what people confirm begins empty, and can be read', () => {
  expect(parseConfirmations('checklist.yml', readFileSync('runbooks/drills/checklist.yml', 'utf8'))).toEqual({});
});
