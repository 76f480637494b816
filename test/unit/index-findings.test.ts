import { describe, expect, test } from 'vitest';
import type { Bloat } from '../../src/indexes/bloat/bloat.ts';
import type { AgeFacts, ForeignKeyFacts, IndexColumn, IndexFacts, SequenceColumn, SequenceFacts, TableFacts } from '../../src/indexes/facts.ts';
import type { Facts } from '../../src/indexes/findings/facts.ts';
import { findAll } from '../../src/indexes/findings/find.ts';
import type { IndexUsage } from '../../src/indexes/usage.ts';
import { EQUALS, factsOf, indexColumn, indexOn, NOW, THRESHOLDS } from '../harness/index-facts.ts';

const MB = 1024 ** 2;
const daysAgo = (days: number) => new Date(Date.parse(NOW) - days * 86_400_000).toISOString();
const found = (given: Partial<Facts>) => findAll(factsOf(given)).map(({ kind, level, object }) => `${level} ${kind} ${object}`);
const TARGET = 50;
const WIDEN =
  '-- rewrites the whole table under an exclusive lock: plan it, with every column that refers to this one\nALTER TABLE "shop"."orders" ALTER COLUMN "id" TYPE bigint;';

describe('a bloated index', () => {
  const bloat = (mb: number, rebuilt: number, given: Partial<Bloat> = {}): Bloat => ({
    oid: 2,
    method: 'measured',
    bytes: mb * MB,
    rebuiltBytes: rebuilt * MB,
    confidence: 'high',
    evidence: [],
    ...given,
  });
  const judged = (one: Bloat, given: Partial<Facts> = {}) =>
    found({ indexes: [indexOn('a', { name: 'i' })], bloat: { judged: [one], notExamined: [], unmeasured: null, uncounted: null }, ...given });

  test.each([
    ['at 1.5 × with 100 MB wasted is to be looked at', bloat(300, 200), ['warn bloated shop.i']],
    ['below 1.5 × is none, whatever it wastes', bloat(14_999, 10_000), []],
    ['with less than 100 MB wasted is none', bloat(149, 50), []],
    ['at 2 × for the first time is not to be acted on yet', bloat(400, 200), ['warn bloated shop.i']],
    ['that is only guessed at warns nobody', bloat(400, 200, { method: 'estimated', confidence: 'low' }), ['info bloated shop.i']],
  ])('%s', (_, one, expected) => {
    expect(judged(one)).toEqual(expected);
  });

  test('is to be acted on when it was measured at 2 × a day before, and not an hour before', () => {
    expect(judged(bloat(400, 200), { overSince: new Map([[2, daysAgo(1)]]) })).toEqual(['act bloated shop.i']);
    expect(judged(bloat(400, 200), { overSince: new Map([[2, daysAgo(0.9)]]) })).toEqual(['warn bloated shop.i']);
  });

  test('below 1.5 × is none, even where somebody set the threshold lower', () => {
    expect(judged(bloat(1400, 1000), { thresholds: { ...THRESHOLDS, warnRatio: 1 } })).toEqual([]);
  });

  test('that a rebuild would hardly change warns nobody until it is past its raised threshold', () => {
    const raised = new Map([['["shop","i"]', { schema: 'shop', name: 'i', threshold: 2.5, at: NOW, reason: 'It gained 3 %.' }]]);
    expect(judged(bloat(400, 200), { raised, overSince: new Map([[2, daysAgo(9)]]) })).toEqual(['info bloated shop.i']);
    expect(judged(bloat(500, 200), { raised })).toEqual(['warn bloated shop.i']);
  });

  test('says by which method, and how to rebuild it without locking anybody out', () => {
    const [finding] = findAll(
      factsOf({
        indexes: [indexOn('a', { name: 'odd "name' })],
        bloat: { judged: [bloat(400, 200)], notExamined: [], unmeasured: null, uncounted: null },
      }),
    );
    expect(finding).toMatchObject({
      object: 'shop."odd ""name"',
      method: 'measured',
      sizeAtStake: 200 * MB,
      remedySql: 'REINDEX INDEX CONCURRENTLY "shop"."odd ""name";',
    });
    expect(finding?.evidence[0]).toBe('It takes 400 MiB, and rebuilt it would take 200 MiB: 2.00 ×, measured by the newest drill.');
  });
});

describe('an invalid index', () => {
  test('is told from what REINDEX CONCURRENTLY leaves', () => {
    const names = ['i', 'i_ccnew', 'i_ccnew1', 'i_ccold', 'i_ccold12', 'i_ccnewer'];
    const indexes = names.map((name, i) => indexOn('a', { name, oid: i + 1, valid: false }));
    expect(found({ indexes }).sort()).toEqual([
      'warn invalid shop.i',
      'warn invalid shop.i_ccnewer',
      'warn leftover shop.i_ccnew',
      'warn leftover shop.i_ccnew1',
      'warn leftover shop.i_ccold',
      'warn leftover shop.i_ccold12',
    ]);
  });

  test('is none while one is being built on its table', () => {
    const { server } = factsOf();
    expect(found({ indexes: [indexOn('a', { valid: false })], server: { ...server, building: [1] } })).toEqual([]);
  });

  test('that a constraint hangs on is never to be dropped', () => {
    const [finding] = findAll(factsOf({ indexes: [indexOn('a', { name: 'i_ccold', live: false, constraint: { name: 'c', type: 'unique' } })] }));
    expect(finding).toMatchObject({ kind: 'leftover', remedySql: null });
  });
});

describe('an unused index', () => {
  const idle = (index: IndexFacts, days: number, seen = days): [number, IndexUsage] => [
    index.oid,
    { scans: 0, idleSince: daysAgo(days), seenSince: daysAgo(seen) },
  ];
  const unused = (indexes: readonly IndexFacts[], given: Partial<Facts> = {}, days = 31) => {
    const { usage } = factsOf();
    return found({ indexes, usage: { ...usage, of: new Map(indexes.map((index) => idle(index, days))) }, ...given });
  };
  const large = (columns: string, given: Partial<IndexFacts> = {}) => indexOn(columns, { name: 'i', bytes: 200 * MB, ...given });

  test('is one that nothing scanned for 30 days', () => {
    expect(unused([large('a')])).toEqual(['warn unused shop.i']);
    expect(unused([large('a')], {}, 29)).toEqual([]);
    expect(unused([large('a', { bytes: MB })])).toEqual(['info unused shop.i']);
  });

  test.each([
    ['a unique one', { unique: true }],
    ["a constraint's", { constraint: { name: 'c', type: 'exclusion' as const } }],
    ['a replica identity', { replicaIdentity: true }],
    ['a part of a partitioned one', { parentOid: 9 }],
    ["an extension's", { extension: 'postgis' }],
  ])('is never %s', (_, given) => {
    expect(unused([large('a', given)])).toEqual([]);
  });

  const foreignKey = {
    tableOid: 1,
    attnums: [1],
    collationOids: [0],
    operators: [EQUALS],
    columns: ['a'],
    referencedIndexOid: 99,
    referencedOid: TARGET,
    name: 'fk',
  } as unknown as ForeignKeyFacts;

  test("is never a foreign key's only cover, and of two covers the larger goes", () => {
    expect(unused([large('a')], { foreignKeys: [foreignKey] })).toEqual([]);
    const both = [large('a b'), large('a c', { name: 'j', oid: 3, bytes: 300 * MB })];
    expect(unused(both, { foreignKeys: [foreignKey] })).toEqual(['warn unused shop.j']);
  });

  test('stays where it stands in for another that goes', () => {
    expect(unused([large('a b'), large('a', { name: 'short', oid: 3 })])).toEqual(['warn redundant shop.short']);
  });

  test('goes where only the narrower of two is scanned', () => {
    const [wide, narrow] = [large('a b'), large('a', { name: 'short', oid: 3, scans: 7 })];
    const { usage } = factsOf();
    const of = new Map([idle(wide, 31), [3, { scans: 7, idleSince: NOW, seenSince: daysAgo(90) }]]);
    expect(found({ indexes: [wide, narrow], usage: { ...usage, of } })).toEqual(['warn unused shop.i']);
  });

  test('of an expression says that its statistics go with it', () => {
    const { usage } = factsOf();
    const index = large('lower(a)');
    const [finding] = findAll(factsOf({ indexes: [index], usage: { ...usage, of: new Map([idle(index, 31)]) } }));
    expect(finding?.evidence.join(' ')).toMatch(/statistics of its own/);
  });

  test('is less sure when nobody knows its age, and unsure when a standby was not asked', () => {
    const { usage, server } = factsOf();
    const index = large('a');
    const confidence = (given: Partial<Facts>, seen: number) =>
      findAll(factsOf({ indexes: [index], usage: { ...usage, of: new Map([idle(index, 31, seen)]) }, ...given })).map((one) => [
        one.level,
        one.confidence,
      ]);
    expect(confidence({}, 31)).toEqual([['warn', 'high']]);
    expect(confidence({}, 2)).toEqual([['info', 'medium']]);
    expect(confidence({ server: { ...server, standbys: 1 } }, 31)).toEqual([['info', 'low']]);
    expect(confidence({ server: { ...server, standby: true } }, 31)).toEqual([['info', 'low']]);
  });

  test('of a partitioned table stays whole where a leaf of it stays for another, and goes where that one is scanned', () => {
    const parent = indexOn('a b', { name: 'parent', partitioned: true, bytes: 0, scans: null, oid: 9, tableOid: 8 });
    const leaf = large('a b', { name: 'leaf', oid: 10, parentOid: 9 });
    const { usage } = factsOf();
    const of = (own: IndexFacts) => {
      const times = own.scans === 0 ? idle(own, 31) : ([own.oid, { scans: 3, idleSince: NOW, seenSince: daysAgo(31) }] as const);
      return found({ indexes: [parent, leaf, own], usage: { ...usage, of: new Map([idle(leaf, 31), times]) } });
    };
    expect(of(large('a b', { name: 'own', oid: 11 }))).toEqual(['warn duplicate shop.own']);
    expect(of(large('a b', { name: 'own', oid: 11, scans: 3 }))).toEqual(['warn duplicate shop.own']);
    expect(of(large('a', { name: 'own', oid: 11 }))).toEqual(['warn redundant shop.own']);
    expect(of(large('a', { name: 'own', oid: 11, scans: 3 }))).toEqual(['warn unused shop.parent']);
  });

  test('of a partitioned table is judged by all its leaves', () => {
    const parent = indexOn('a', { name: 'parent', partitioned: true, bytes: 0, scans: null, oid: 9, tableOid: 8 });
    const leaves = [large('a', { oid: 10, parentOid: 9 }), large('a', { oid: 11, parentOid: 9, tableOid: 12 })];
    const { usage } = factsOf();
    const of = (days: number) => new Map([idle(leaves[0] as IndexFacts, 31), idle(leaves[1] as IndexFacts, days)]);
    const judged = (days: number) => findAll(factsOf({ indexes: [parent, ...leaves], usage: { ...usage, of: of(days) } }));
    expect(judged(29)).toEqual([]);
    expect(judged(31)).toMatchObject([{ object: 'shop.parent', sizeAtStake: 400 * MB, remedySql: 'DROP INDEX "shop"."parent";' }]);
  });
});

const table = (given: Partial<TableFacts> = {}): TableFacts => ({
  oid: 1,
  schema: 'shop',
  name: 'orders',
  kind: 'table',
  tuples: 1e6,
  bytes: 500 * MB,
  columns: 3,
  gathered: true,
  seqScans: 0,
  seqRows: 0,
  indexScans: 0,
  inserted: 0,
  updated: 0,
  deleted: 0,
  liveRows: 1e6,
  changedSinceAnalyze: 0,
  analyzedAt: NOW,
  ...given,
});

describe('a foreign key', () => {
  const key = (attnums: readonly number[], given: Partial<ForeignKeyFacts> = {}): ForeignKeyFacts => ({
    oid: 70,
    name: 'fk',
    tableOid: 1,
    attnums,
    columns: attnums.map((attnum) => String.fromCharCode(96 + attnum)),
    collationOids: attnums.map(() => 0),
    operators: attnums.map(() => EQUALS),
    period: false,
    referencedIndexOid: 99,
    referencedOid: TARGET,
    referencedSchema: 'shop',
    referencedTable: 'customers',
    onDelete: 'cascade',
    inheritedFrom: null,
    ...given,
  });
  const customers = table({ oid: TARGET, name: 'customers', deleted: 5 });
  const tables = (...more: TableFacts[]) => new Map([table(), customers, ...more].map((one) => [one.oid, one]));
  const bare = (foreignKeys: readonly ForeignKeyFacts[], indexes: readonly IndexFacts[] = []) => found({ foreignKeys, indexes, tables: tables() });

  test('without an index is one that no index begins with', () => {
    expect(bare([key([1])])).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1])], [indexOn('a b')])).toEqual([]);
    expect(bare([key([1])], [indexOn('b a')])).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1, 2])], [indexOn('b a c')])).toEqual([]);
    expect(bare([key([1, 2])], [indexOn('c a b')])).toEqual(['warn foreign-key shop.orders fk']);
    // found by one of the columns at least
    expect(bare([key([1, 2])], [indexOn('a c b')])).toEqual(['info foreign-key shop.orders fk']);
    expect(bare([key([1, 2])], [indexOn('a|b')])).toEqual(['info foreign-key shop.orders fk']);
    expect(bare([key([1])], [indexOn('a', { method: 'hash' })])).toEqual([]);
    expect(bare([key([1])], [indexOn('a', { method: 'gin' })])).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1])], [indexOn('a', { predicate: '(a IS NOT NULL)' })])).toEqual([]);
    expect(bare([key([1])], [indexOn('a', { predicate: '("a" IS NOT NULL)' })])).toEqual([]);
    expect(bare([key([1, 2])], [indexOn('a b', { predicate: '((a IS NOT NULL) AND (b IS NOT NULL))' })])).toEqual([]);
    expect(bare([key([1])], [indexOn('a', { predicate: '(a > 5)' })])).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1])], [indexOn('a b', { predicate: '(b IS NOT NULL)' })])).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1])], [indexOn('a', { predicate: '((a IS NOT NULL) OR (a IS NOT NULL))' })])).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1])], [indexOn('a', { valid: false })])).toContain('warn foreign-key shop.orders fk');
  });

  test('is not found by an index that compares otherwise', () => {
    const changed = (given: Partial<IndexColumn>) => [{ ...indexOn('a'), columns: [indexColumn({ text: 'a', ...given })] }];
    expect(bare([key([1])], changed({}))).toEqual([]);
    expect(bare([key([1])], changed({ collationOid: 7 }))).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1], { collationOids: [7] })], changed({ collationOid: 7 }))).toEqual([]);
    expect(bare([key([1])], changed({ equalityOperators: [5] }))).toEqual(['warn foreign-key shop.orders fk']);
  });

  test('of a PERIOD is found by the columns beside it', () => {
    const period = (indexes: readonly IndexFacts[]) => bare([key([1, 2], { period: true })], indexes);
    expect(period([indexOn('a')])).toEqual([]);
    expect(period([indexOn('a b', { method: 'gist' })])).toEqual([]);
    expect(period([indexOn('b a', { method: 'gist' })])).toEqual(['warn foreign-key shop.orders fk']);
    expect(bare([key([1, 2])], [indexOn('a b', { method: 'gist' })])).toEqual(['warn foreign-key shop.orders fk']);
  });

  test('matters where referenced rows are deleted or updated', () => {
    const calm = new Map([table(), table({ oid: TARGET })].map((one) => [one.oid, one]));
    expect(found({ foreignKeys: [key([1])], tables: calm })).toEqual(['info foreign-key shop.orders fk']);
  });

  test('of partitions is one finding, with an index for each of them', () => {
    const parent = { schema: 'shop', name: 'all_orders' };
    const keys = [key([1], { inheritedFrom: parent }), key([1], { inheritedFrom: parent, tableOid: 3 })];
    const [finding, ...more] = findAll(factsOf({ foreignKeys: keys, tables: tables(table({ oid: 3, name: 'orders_2' })) }));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ object: 'shop.all_orders fk', sizeAtStake: 1000 * MB });
    expect(finding?.remedySql?.split('\n')).toEqual([
      'CREATE INDEX CONCURRENTLY ON "shop"."orders" ("a");',
      'CREATE INDEX CONCURRENTLY ON "shop"."orders_2" ("a");',
    ]);
  });
});

describe('a table', () => {
  const of = (given: Partial<TableFacts>) => found({ tables: new Map([[1, table(given)]]) });
  test.each([
    ['read mostly from end to end is worth a word', { seqScans: 60, indexScans: 40 }, ['info sequential-scans shop.orders']],
    ['read now and then from end to end is not', { seqScans: 60, indexScans: 4000 }, []],
    ['that is small is not', { seqScans: 6000, bytes: 99 * MB }, []],
    ['never analyzed has no statistics', { tuples: -1, analyzedAt: null }, ['warn statistics shop.orders']],
    ['never analyzed and empty needs none', { tuples: -1, analyzedAt: null, bytes: 0, liveRows: 0 }, []],
    ['changed by half has stale statistics', { changedSinceAnalyze: 500_000 }, ['warn statistics shop.orders']],
    ['changed by less has not', { changedSinceAnalyze: 499_999 }, []],
    [
      'whose changes ANALYZE has seen, and their counters tell of once more, has not',
      { changedSinceAnalyze: 1e6, tuples: 1e6, liveRows: 0, inserted: 2e6, deleted: 1e6 },
      [],
    ],
    ['with few rows changed has not', { changedSinceAnalyze: 999, liveRows: 10, tuples: 10 }, []],
    ['whose size only an index told was never analyzed either', { gathered: false, analyzedAt: null }, ['warn statistics shop.orders']],
    ['whose statistics nobody may see may have some', { gathered: null, analyzedAt: null }, []],
    ['whose counters were lost has some', { analyzedAt: null }, []],
    [
      'that is partitioned has to be analyzed by hand',
      { kind: 'partitioned' as const, tuples: -1, analyzedAt: null },
      ['warn statistics shop.orders'],
    ],
    ['that is partitioned and empty has not', { kind: 'partitioned' as const, tuples: -1, analyzedAt: null, liveRows: 0 }, []],
    ['that is partitioned does not grow stale', { kind: 'partitioned' as const, changedSinceAnalyze: 1e6 }, []],
  ])('%s', (_, given, expected) => {
    expect(of(given)).toEqual(expected);
  });
});

describe('a sequence', () => {
  const column = (baseType: string, given: Partial<SequenceColumn> = {}): SequenceColumn => ({
    ...{ schema: 'shop', table: 'orders', name: 'id', type: baseType, baseType, identity: false },
    ...given,
  });
  const BIGINT = '9223372036854775807';
  const sequence = (given: Partial<SequenceFacts>): SequenceFacts => ({
    schema: 'shop',
    name: 's',
    lastValue: null,
    unread: null,
    mayRead: true,
    start: '1',
    min: '1',
    max: BIGINT,
    increment: '1',
    cycles: false,
    type: 'bigint',
    columns: [],
    ...given,
  });
  test.each<[string, Partial<SequenceFacts>, string[]]>([
    ['is bounded by the column that it fills', { lastValue: '1700000000', columns: [column('integer')] }, ['warn sequence shop.s']],
    ['is bounded by the narrowest of several', { lastValue: '30000', columns: [column('bigint'), column('smallint')] }, ['act sequence shop.s']],
    ['is bounded by what a domain is made of', { lastValue: '30000', columns: [column('smallint', { type: 'code' })] }, ['act sequence shop.s']],
    ['is bounded by the digits of a numeric', { lastValue: '950', columns: [column('numeric(5,2)')] }, ['act sequence shop.s']],
    ['of a numeric without digits has time', { lastValue: '950', columns: [column('numeric')] }, []],
    ['is to be acted on at 90 %', { lastValue: '1950000000', columns: [column('integer')] }, ['act sequence shop.s']],
    ['of a bigint column has time', { lastValue: '1950000000', columns: [column('bigint')] }, []],
    ['is bounded by its own limit', { lastValue: '80', max: '100' }, ['warn sequence shop.s']],
    ['that cycles never ends', { lastValue: '100', max: '100', cycles: true }, []],
    ['that cycles within its column never ends', { lastValue: '100', max: '100', cycles: true, columns: [column('integer')] }, []],
    [
      'that cycles far behind its column ends there',
      { lastValue: '2000000000', cycles: true, columns: [column('integer')] },
      ['act sequence shop.s'],
    ],
    ['that nobody drew from is whole', { max: '1' }, []],
    ['may count down', { lastValue: '-80', start: '-1', min: '-100', max: '-1', increment: '-1' }, ['warn sequence shop.s']],
    [
      'may count down to what its column takes',
      { lastValue: '-32000', start: '-1', min: '-99999', max: '-1', increment: '-1', columns: [column('smallint')] },
      ['act sequence shop.s'],
    ],
    ['may begin below zero', { lastValue: '0', start: '-100', min: '-100', max: '100' }, []],
    ['near the end of bigint is exact', { lastValue: '9223372036854775800' }, ['act sequence shop.s']],
  ])('%s', (_, given, expected) => {
    expect(found({ sequences: [sequence(given)] })).toEqual(expected);
  });

  test.each<[string, Partial<SequenceFacts>, string | null]>([
    ['a bigint column and all numbers used', { columns: [column('bigint')], lastValue: BIGINT }, null],
    ['no column and an end of its own', { max: '100', lastValue: '100' }, 'ALTER SEQUENCE "shop"."s" NO MAXVALUE;'],
    ['the end of its type', { type: 'smallint', max: '32767', lastValue: '32767' }, 'ALTER SEQUENCE "shop"."s" AS bigint;'],
    ['an end before that of its type', { type: 'integer', max: '99', lastValue: '99' }, 'ALTER SEQUENCE "shop"."s" AS bigint NO MAXVALUE;'],
    [
      'an end of its own downwards',
      { lastValue: '-99', start: '-1', min: '-99', max: '-1', increment: '-1' },
      'ALTER SEQUENCE "shop"."s" NO MINVALUE;',
    ],
    ['an identity column', { columns: [column('integer', { identity: true })], type: 'integer', max: '2147483647', lastValue: '2147483647' }, WIDEN],
    [
      'a serial column',
      { columns: [column('integer')], type: 'integer', max: '2147483647', lastValue: '2147483647' },
      `${WIDEN}\nALTER SEQUENCE "shop"."s" AS bigint;`,
    ],
    ['an integer column and more numbers than that', { columns: [column('integer')], lastValue: '2147483647' }, WIDEN],
  ])('with %s is mended by what it lacks', (_, given, remedy) => {
    expect(findAll(factsOf({ sequences: [sequence(given)] })).map(({ remedySql }) => remedySql)).toEqual([remedy]);
  });

  test('says which column ends first, and how many others it fills', () => {
    const columns = [column('bigint', { table: 'a' }), column('integer', { table: 'b', type: 'shop.code' }), column('bigint', { table: 'c' })];
    const [finding] = findAll(factsOf({ sequences: [sequence({ lastValue: '2000000000', columns })] }));
    expect(finding?.evidence).toEqual([
      'It stands at 2000000000, 93.1 % of the way to 2147483647, the most that shop.b.id takes (shop.code, which is integer).',
      'It fills shop.b.id, and 2 other columns; when it has no number left, every INSERT there fails.',
    ]);
  });
});

describe("a database's age", () => {
  const age = (xids: number, multixacts = 0): AgeFacts => ({
    database: 'shop',
    xids,
    multixacts,
    freezeMaxAge: 200e6,
    multixactFreezeMaxAge: 400e6,
    own: true,
    oldest: [],
  });
  test.each<[string, AgeFacts, string[]]>([
    ['is normal until autovacuum has had time', age(290e6), []],
    ['is overdue at half as much again', age(310e6), ['warn age shop: oldest transaction']],
    ['is to be acted on when three quarters are used up', age(1_700e6), ['act age shop: oldest transaction']],
    ['is that of multixacts too', age(0, 700e6), ['warn age shop: oldest multixact']],
  ])('%s', (_, given, expected) => {
    expect(found({ ages: [given] })).toEqual(expected);
  });
});
