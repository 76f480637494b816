import { describe, expect, test } from 'vitest';
import type { Bloat } from '../../src/indexes/bloat/bloat.ts';
import { examiner } from '../../src/indexes/examined.ts';
import type { IndexFacts } from '../../src/indexes/facts.ts';
import type { IndexFinding } from '../../src/indexes/finding.ts';
import { compared, entries, missing, overSince } from '../../src/indexes/history.ts';
import { applyIgnores } from '../../src/indexes/ignore.ts';
import type { IndexEntry, IndexReport } from '../../src/indexes/report.ts';
import { type Counters, usageOf } from '../../src/indexes/usage.ts';
import { configFor, loadConfig } from '../../src/options/config.ts';
import { readOptions } from '../../src/options/read.ts';
import { factsOf, indexOn, NOW, THRESHOLDS } from '../harness/index-facts.ts';

const daysAgo = (days: number) => new Date(Date.parse(NOW) - days * 86_400_000).toISOString();
const index = indexOn('a', { name: 'i' });
const counters = (scans: number, since: string | null, lastScan: string | null = null): Counters => ({
  since,
  scans: new Map([[2, { scans, lastScan }]]),
});

const entry = (given: Partial<IndexEntry> = {}): IndexEntry => ({
  oid: 2,
  schema: 'shop',
  name: 'i',
  table: 'orders',
  access: 'btree',
  bytes: 8192,
  definition: index.definition,
  bloat: null,
  scans: 0,
  seenSince: daysAgo(7),
  idleSince: daysAgo(7),
  overSince: null,
  trend: [],
  ...given,
});
const report = (given: Partial<IndexReport> = {}, countersSince: string | null = null): IndexReport => ({
  format: 1,
  tool: 'test',
  database: 'shop',
  at: daysAgo(7),
  server: { versionNumber: 180_000, systemIdentifier: '1', standby: false, countersSince, countedSince: daysAgo(7), resets: [countersSince] },
  coverage: { indexes: 1, methods: { measured: 0, scaled: 0, exact: 0, estimated: 0 }, notExamined: [], other: [] },
  findings: [],
  ignored: [],
  gone: null,
  unseen: [],
  notes: [],
  previous: null,
  indexes: [entry()],
  ...given,
});
const idleSince = (servers: readonly Counters[], previous: IndexReport | null, indexes: readonly IndexFacts[] = [index]) =>
  usageOf(indexes, servers, previous, NOW, null).of.get(2)?.idleSince;

describe('an index is idle', () => {
  test("since the counters' reset, when it was never scanned", () => {
    expect(idleSince([counters(0, daysAgo(40))], null)).toBe(daysAgo(40));
    expect(idleSince([counters(1, daysAgo(40))], null)).toBe(NOW);
  });

  test('since the latest reset of all servers, when none scanned it', () => {
    expect(idleSince([counters(0, daysAgo(40)), counters(0, daysAgo(3))], null)).toBe(daysAgo(3));
    expect(idleSince([counters(0, daysAgo(40)), counters(2, daysAgo(3))], null)).toBe(NOW);
  });

  test('since its last scan, where every server that scanned it keeps that time', () => {
    expect(idleSince([counters(7, daysAgo(90), daysAgo(50))], null)).toBe(daysAgo(50));
    expect(idleSince([counters(7, null, daysAgo(50))], null)).toBe(daysAgo(50));
    expect(idleSince([counters(7, null, daysAgo(50)), counters(0, daysAgo(40))], null)).toBe(daysAgo(40));
    expect(idleSince([counters(7, null, daysAgo(50)), counters(2, daysAgo(60), daysAgo(3))], null)).toBe(daysAgo(3));
    expect(idleSince([counters(7, null, daysAgo(50)), counters(2, daysAgo(60))], null)).toBe(NOW);
    const seen = (previous: IndexReport | null) => usageOf([index], [counters(7, null, daysAgo(50))], previous, NOW, null).of.get(2)?.seenSince;
    expect(seen(null)).toBe(daysAgo(50));
    expect(seen(report({ indexes: [entry({ seenSince: daysAgo(70) })] }))).toBe(daysAgo(70));
  });

  test('since nobody knows when, where Postgres does not know of a reset', () => {
    expect(idleSince([counters(0, null)], null)).toBe(NOW);
    expect(idleSince([counters(0, daysAgo(9)), counters(0, null)], null)).toBe(NOW);
  });

  test('since the report between which and now its scans did not change', () => {
    expect(idleSince([counters(0, null)], report())).toBe(daysAgo(7));
    expect(idleSince([counters(5, null)], report({ indexes: [entry({ scans: 5, idleSince: daysAgo(35) })] }))).toBe(daysAgo(35));
    expect(idleSince([counters(6, null)], report({ indexes: [entry({ scans: 5, idleSince: daysAgo(35) })] }))).toBe(NOW);
  });

  test('since now, when counters were reset or lost, or other servers were asked, in between', () => {
    expect(idleSince([counters(0, daysAgo(1))], report())).toBe(daysAgo(1));
    expect(idleSince([counters(0, null), counters(0, null)], report())).toBe(NOW);
    const two = report({ server: { ...report().server, resets: [null, null] } });
    expect(idleSince([counters(0, null), counters(0, null)], two)).toBe(daysAgo(7));
    expect(idleSince([counters(0, null), counters(0, daysAgo(1))], two)).toBe(NOW);
    const other = indexOn('b', { name: 'j', oid: 5 });
    const lost = {
      since: null,
      scans: new Map([
        [2, { scans: 0, lastScan: null }],
        [5, { scans: 3, lastScan: null }],
      ]),
    };
    const before = report({ indexes: [entry(), entry({ oid: 5, name: 'j', definition: other.definition, scans: 4 })] });
    expect(idleSince([lost], before, [index, other])).toBe(NOW);
  });

  test('since now, when it is another index of the same name', () => {
    const previous = report({ indexes: [entry({ definition: 'CREATE INDEX i ON other (x)' })] });
    expect(idleSince([counters(0, null)], previous)).toBe(NOW);
  });

  test('and a rebuilt one, which has another oid, is still the same', () => {
    expect(idleSince([counters(0, null)], report({ indexes: [entry({ oid: 77, idleSince: daysAgo(60) })] }))).toBe(daysAgo(60));
  });
});

describe('from one report to the next', () => {
  const bloat = (given: Partial<Bloat> = {}): Bloat => ({
    oid: 2,
    method: 'measured',
    bytes: 500e6,
    rebuiltBytes: 200e6,
    confidence: 'high',
    evidence: [],
    ...given,
  });
  const over = (one: Bloat, previous: IndexReport | null) =>
    overSince({ judged: [one], notExamined: [], unmeasured: null, uncounted: null }, [index], previous, NOW, THRESHOLDS).get(2);

  test('an index stays over the threshold since the first of the reports that say so', () => {
    expect(over(bloat(), null)).toBe(NOW);
    expect(over(bloat(), report({ indexes: [entry({ overSince: daysAgo(14) })] }))).toBe(daysAgo(14));
    expect(over(bloat({ bytes: 399e6 }), report({ indexes: [entry({ overSince: daysAgo(14) })] }))).toBeUndefined();
    expect(over(bloat({ method: 'estimated' }), null)).toBeUndefined();
    // another index that has its name now
    expect(over(bloat(), report({ indexes: [entry({ overSince: daysAgo(14), definition: 'CREATE INDEX i ON other (x)' })] }))).toBe(NOW);
  });

  test('the trend of an index grows, of no more than half a year', () => {
    const trend = Array.from({ length: 26 }, (_, i) => [i, 2e6, 1e6] as const);
    const { usage } = factsOf({ indexes: [index] });
    const made = (bytes: number) =>
      entries(
        [{ ...index, bytes }],
        { judged: [bloat()], notExamined: [], unmeasured: null, uncounted: null },
        usage,
        new Map(),
        report({ indexes: [entry({ trend })] }),
        NOW,
      );
    expect(made(3e6)[0]?.trend).toEqual([...trend.slice(1), [Date.parse(NOW) / 1000, 3e6, 200e6]]);
    expect(made(3e3)[0]?.trend).toEqual([]);
  });

  test('what was locked this time keeps its definition, its trend and how long it was over', () => {
    const known = entry({ trend: [[1, 2e6, null]], overSince: daysAgo(14), seenSince: daysAgo(90) });
    const locked = { ...index, bytes: null, definition: null, unread: 'It was locked.' };
    const { usage } = factsOf({ indexes: [locked] });
    const made = (before: Partial<IndexEntry>) =>
      entries(
        [locked],
        { judged: [], notExamined: [], unmeasured: null, uncounted: null },
        usage,
        new Map(),
        report({ indexes: [{ ...known, ...before }] }),
        NOW,
      );
    expect(made({})).toMatchObject([{ definition: index.definition, trend: [[1, 2e6, null]], overSince: daysAgo(14) }]);
    expect(made({ oid: 77 })).toMatchObject([{ definition: null, trend: [], overSince: null }]);
  });

  const finding = (given: Partial<IndexFinding> = {}) =>
    ({ kind: 'bloated', level: 'warn', object: 'shop.i', sizeAtStake: 100, used: null, index: null, ...given }) as IndexFinding;
  const before = report({ findings: [{ ...finding(), change: null }] });

  test.each([
    ['new', finding({ object: 'shop.j' })],
    ['new', finding({ kind: 'unused' })],
    ['same', finding({ sizeAtStake: 110 })],
    ['worse', finding({ sizeAtStake: 111 })],
    ['better', finding({ sizeAtStake: 89 })],
    ['worse', finding({ level: 'act', sizeAtStake: 50 })],
    ['better', finding({ level: 'info', sizeAtStake: 500 })],
  ])('a finding is %s', (change, now) => {
    expect(compared([now], before)[0]?.change).toBe(change);
    expect(compared([now], null)[0]?.change).toBeNull();
  });

  test('a finding is gone when it was looked for and not found, and unseen when nobody looked', () => {
    expect(missing([], before, () => true)).toEqual({ gone: [{ kind: 'bloated', object: 'shop.i' }], unseen: [] });
    expect(missing([], before, () => false)).toEqual({ gone: [], unseen: [finding()] });
    expect(missing([finding()], before, () => true)).toEqual({ gone: [], unseen: [] });
    expect(missing([], null, () => true)).toEqual({ gone: null, unseen: [] });
  });

  test('what nobody could look at for a while is as before when it is seen again', () => {
    const later = report({ unseen: [finding()] });
    expect(compared([finding()], later)[0]?.change).toBe('same');
    expect(missing([], later, () => false)).toEqual({ gone: [], unseen: [finding()] });
    expect(missing([], later, () => true)).toEqual({ gone: [{ kind: 'bloated', object: 'shop.i' }], unseen: [] });
  });

  test('what was looked at is gone, and what was locked, hidden or in the middle of something is not', () => {
    const { server, usage } = factsOf();
    const examined = (indexes: readonly IndexFacts[], kind: IndexFinding['kind'], given: Partial<Parameters<typeof examiner>[0]> = {}) => {
      const observed = { indexes, sequences: [], bloat: { judged: [], notExamined: [], unmeasured: null, uncounted: null }, server, ...given };
      const about = { oid: 2, schema: 'shop', name: 'i' };
      return examiner(observed, usage, THRESHOLDS)({ kind, object: 'shop.i', index: about });
    };
    const locked = { ...index, definition: null };
    const invalid = { ...index, valid: false };
    for (const kind of ['bloated', 'duplicate', 'unused', 'invalid'] as const) expect(examined([], kind)).toBe(true);
    expect(examined([index], 'bloated')).toBe(false);
    expect(examined([{ ...index, oid: 9 }], 'bloated')).toBe(true);
    expect([examined([index], 'duplicate'), examined([locked], 'duplicate')]).toEqual([true, false]);
    expect(examined([index], 'unused')).toBe(false);
    expect([examined([index], 'invalid'), examined([invalid], 'invalid')]).toEqual([true, true]);
    expect(examined([invalid], 'invalid', { server: { ...server, building: [1] } })).toBe(false);
  });

  test('what is used up of a limit gets worse as its size does not', () => {
    const used = (share: number) => finding({ kind: 'sequence', sizeAtStake: 0, used: share });
    const at76 = report({ findings: [{ ...used(0.76), change: null }] });
    expect([0.7, 0.78, 0.89].map((share) => compared([used(share)], at76)[0]?.change)).toEqual(['better', 'same', 'worse']);
  });
});

describe('a rule to ignore', () => {
  const findings = [
    { kind: 'unused', object: 'shop.orders_idx' },
    { kind: 'bloated', object: 'shop.orders_idx' },
    { kind: 'unused', object: 'blog."Odd.Name"' },
  ] as const;
  const kept = (...rules: string[]) => {
    const { ignore } = readOptions('indexes', { given: { databaseUrl: 'postgres://x/y', ignore: rules }, environment: {} });
    return applyIgnores(findings, ignore, '2026-11-20').kept.map(({ kind, object }) => `${kind} ${object}`);
  };
  test.each([
    ['shop.orders_idx: why', ['unused blog."Odd.Name"']],
    ['orders_idx unused: why', ['bloated shop.orders_idx', 'unused blog."Odd.Name"']],
    ['orders_???: why', ['unused blog."Odd.Name"']],
    ['* unused until 2026-11-20: why', ['bloated shop.orders_idx']],
    ['* unused until 2026-11-19: why', findings.map(({ kind, object }) => `${kind} ${object}`)],
    ['blog."Odd.Name": why', ['unused shop.orders_idx', 'bloated shop.orders_idx']],
    ['shopXorders_idx: a dot is a dot', findings.map(({ kind, object }) => `${kind} ${object}`)],
  ])('%s', (rule, expected) => {
    expect(kept(rule)).toEqual(expected);
  });

  test('of lifeboat.yml may name what has blanks and colons', () => {
    const objects = ['public.orders orders_user_fkey', 'misc: oldest transaction', 'misc'];
    const rules = [
      { index: 'public.orders orders_user_fkey', kind: 'foreign-key', reason: 'a' },
      { index: 'misc: oldest*', reason: 'until: it is over' },
    ];
    const { ignore } = readOptions('indexes', { given: { databaseUrl: 'postgres://x/y' }, config: { ignore: rules }, environment: {} });
    const { kept } = applyIgnores(
      objects.map((object) => ({ kind: 'foreign-key' as const, object })),
      ignore,
      '2026-11-20',
    );
    expect(kept.map(({ object }) => object)).toEqual(['misc']);
  });

  test.each([
    'shop.orders_idx',
    'shop.orders_idx:',
    'shop.orders_idx unusual: why',
    'shop.orders_idx until 2026-13-45: why',
    'shop.orders_idx until 2027-02-30: why',
  ])('%s is refused', (rule) => {
    expect(() => kept(rule)).toThrow(/--ignore/);
  });

  test('stands in lifeboat.yml as a mapping, and needs a reason there too', () => {
    const rules = (text: string) => {
      const config = loadConfig('lifeboat.yml', `indexes: { warn-ratio: 2, ignore: ${text} }\ndatabases: { shop: { database-url-env: URL } }`);
      return readOptions('indexes', { given: {}, config: configFor(config, 'indexes', {}), environment: { URL: 'postgres://x/y' } });
    };
    expect(rules('[{ index: "a.*", kind: unused, reason: the yearly closing, until: 2027-01-31 }, { index: b, reason: why }]')).toMatchObject({
      warnRatio: 2,
      ignore: [
        { object: 'a.*', kind: 'unused', reason: 'the yearly closing', until: '2027-01-31' },
        { object: 'b', kind: null, reason: 'why', until: null },
      ],
    });
    expect(() => rules('[{ index: b }]')).toThrow(/reason/);
    expect(() => rules('[{ index: b, reason: why, unti: x }]')).toThrow(/unti/);
  });
});
