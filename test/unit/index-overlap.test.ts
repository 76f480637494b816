import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ForeignKeyFacts, IndexFacts } from '../../src/indexes/facts.ts';
import { coversForeignKey } from '../../src/indexes/findings/coverage.ts';
import { findAll } from '../../src/indexes/findings/find.ts';
import { findOverlapping } from '../../src/indexes/findings/overlapping.ts';
import { EQUALS, factsOf, indexOn, NOW } from '../harness/index-facts.ts';

const found = (indexes: readonly IndexFacts[], foreignKeys: readonly ForeignKeyFacts[] = []) =>
  findAll(factsOf({ indexes: indexes.map((index, i) => ({ ...index, oid: i + 1 })), foreignKeys })).map(
    ({ kind, index }) => `${kind} ${index?.name}`,
  );

const constraint = (type: 'primary key' | 'unique') => ({ unique: true, constraint: { name: 'c', type } });
const named = (name: string, columns: string, given: Partial<IndexFacts> = {}) => indexOn(columns, { name, ...given });

describe('of two indexes of a table', () => {
  const cases: [string, IndexFacts, IndexFacts, string[]][] = [
    ['the same columns are a duplicate, and the older stays', named('x', 'a b'), named('y', 'a b'), ['duplicate y']],
    ['the more used of duplicates stays', named('x', 'a'), named('y', 'a', { scans: 5 }), ['duplicate x']],
    ["the constraint's stays", named('x', 'a', { unique: true }), named('y', 'a', constraint('unique')), ['duplicate x']],
    [
      'the primary key stays',
      named('x', 'a', constraint('unique')),
      named('y', 'a', { ...constraint('primary key'), primary: true }),
      ['duplicate x'],
    ],
    ['the replica identity stays', named('x', 'a', { unique: true }), named('y', 'a', { unique: true, replicaIdentity: true }), ['duplicate x']],
    ['one of a partitioned index stays', named('x', 'a'), named('y', 'a', { parentOid: 9 }), ['duplicate x']],
    ['a prefix is redundant', named('x', 'a'), named('y', 'a b'), ['redundant x']],
    ['columns in another order are something else', named('x', 'a b'), named('y', 'b a'), []],
    ['a later column alone is something else', named('x', 'b'), named('y', 'a b'), []],
    ['a prefix sorted the same way is redundant', named('x', '-a'), named('y', '-a b'), ['redundant x']],
    ['a prefix sorted the other way is read backwards', named('x', 'a'), named('y', '-a b'), ['redundant x']],
    ['a prefix sorted partly the other way is something else', named('x', 'a b'), named('y', 'a -b c'), []],
    ['a unique one is never redundant to one that is not', named('x', 'a', { unique: true }), named('y', 'a b'), []],
    ['nor to a wider unique one', named('x', 'a', { unique: true }), named('y', 'a b', { unique: true }), []],
    ['one that is not unique is redundant to a unique one', named('x', 'a'), named('y', 'a', { unique: true }), ['redundant x']],
    ['unique on the same keys with more included covers it', named('x', 'a', { unique: true }), named('y', 'a|b', { unique: true }), ['redundant x']],
    [
      'NULLS NOT DISTINCT is another kind of unique',
      named('x', 'a', { unique: true }),
      named('y', 'a', { unique: true, nullsNotDistinct: true }),
      [],
    ],
    ['a deferrable constraint enforces later', named('x', 'a', { unique: true }), named('y', 'a', { ...constraint('unique'), immediate: false }), []],
    ['what the other does not include is missed', named('x', 'a|c'), named('y', 'a b'), []],
    ['what the other has as a key is included too', named('x', 'a|b'), named('y', 'a b'), ['redundant x']],
    ['included columns have no order', named('x', 'a|b c'), named('y', 'a|c b'), ['duplicate y']],
    ['the same predicate is a duplicate', named('x', 'a', { predicate: '(b > 1)' }), named('y', 'a', { predicate: '(b > 1)' }), ['duplicate y']],
    ['a partial one has other rows', named('x', 'a', { predicate: '(b > 1)' }), named('y', 'a b'), []],
    ['a whole one is not covered by a partial one', named('x', 'a'), named('y', 'a b', { predicate: '(b > 1)' }), []],
    ['the same expression is redundant', named('x', 'lower(a)'), named('y', 'lower(a) b'), ['redundant x']],
    ['another expression is something else', named('x', 'lower(a)'), named('y', 'upper(a) b'), []],
    ['hash indexes can be duplicates', named('x', 'a', { method: 'hash' }), named('y', 'a', { method: 'hash' }), ['duplicate y']],
    ['a prefix of a GIN index means nothing', named('x', 'a', { method: 'gin' }), named('y', 'a b', { method: 'gin' }), []],
    ['a prefix of a GiST index means nothing', named('x', 'a', { method: 'gist' }), named('y', 'a b', { method: 'gist' }), []],
    ['a prefix of a BRIN index means nothing', named('x', 'a', { method: 'brin' }), named('y', 'a b', { method: 'brin' }), []],
    [
      'parameters that shape what it finds tell two apart',
      named('x', 'a', { method: 'brin', parameters: ['pages_per_range=16'] }),
      named('y', 'a', { method: 'brin' }),
      [],
    ],
    [
      'parameters that say how it is kept up do not',
      named('x', 'a', { method: 'gin', parameters: ['fastupdate=off'] }),
      named('y', 'a', { method: 'gin' }),
      ['duplicate y'],
    ],
    ['methods are not compared with one another', named('x', 'a', { method: 'hash' }), named('y', 'a b'), []],
    ['another table is something else', named('x', 'a'), named('y', 'a b', { tableOid: 99 }), []],
    ['an invalid one stands in for nobody', named('x', 'a'), named('y', 'a b', { valid: false }), ['invalid y']],
    ['one that nobody could read is not judged', named('x', 'a'), named('y', 'a b', { definition: null }), []],
    ["a constraint's index is not redundant", named('x', 'a', constraint('unique')), named('y', 'a|b', { unique: true }), []],
    ['a partition cannot lose its part of a partitioned index', named('x', 'a', { parentOid: 9 }), named('y', 'a b'), []],
  ];
  test.each(cases)('%s', (_, x, y, expected) => {
    expect(found([x, y])).toEqual(expected);
    // whichever comes first
    if (!expected.some((one) => one === 'duplicate y')) expect(found([y, x])).toEqual(expected);
  });

  test('a column may have the name that an unread expression is given', () => {
    const columns = indexOn('a').columns.map((column) => ({ ...column, text: '?' }));
    expect(found([named('x', 'a', { columns }), named('y', 'a', { columns })])).toEqual(['duplicate y']);
  });

  test('another operator class, collation or order of NULLs is something else', () => {
    const [x, y] = [named('x', 'a'), named('y', 'a b')];
    for (const changed of [{ opclassOid: 7 }, { opclassOptions: '{siglen=32}' }, { collationOid: 7 }, { nullsFirst: true }]) {
      const columns = x.columns.map((column) => ({ ...column, ...changed }));
      expect(found([{ ...x, columns }, y])).toEqual([]);
    }
  });

  test('of three in a row the longest stays for both, unless only the shorter are scanned', () => {
    const all = [named('x', 'a'), named('y', 'a b'), named('z', 'a b c')].map((index, i) => ({ ...index, oid: i + 1 }));
    const keepers = (idle: readonly number[]) =>
      findOverlapping(factsOf({ indexes: all }), new Set(idle)).map(({ finding, keeper }) => [finding.index?.name, keeper.name]);
    expect(keepers([])).toEqual([
      ['x', 'z'],
      ['y', 'z'],
    ]);
    expect(keepers([3])).toEqual([['x', 'y']]);
    expect(keepers([2, 3])).toEqual([['y', 'z']]);
  });

  test('what a foreign key refers to stays', () => {
    const key = { referencedIndexOid: 2, tableOid: 50, attnums: [1] } as unknown as ForeignKeyFacts;
    expect(found([named('x', 'a', { unique: true }), named('y', 'a', { unique: true })], [key])).toEqual(['duplicate x']);
    expect(found([named('w', 'a|b', { unique: true }), named('x', 'a', { unique: true })], [key])).toEqual([]);
  });
});

describe('whatever the indexes of a table are', () => {
  const columns = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }).chain((names) =>
    fc.record({
      names: fc.constant(names),
      keys: fc.integer({ min: 1, max: names.length }),
      flipped: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    }),
  );
  const index = fc
    .record({
      columns,
      unique: fc.boolean(),
      predicate: fc.constantFrom(null, null, '(a > 1)'),
      method: fc.constantFrom('btree', 'btree', 'btree', 'gin'),
      bound: fc.constantFrom('no', 'no', 'no', 'constraint', 'identity', 'partition'),
      scans: fc.integer({ min: 0, max: 2 }),
    })
    .map(({ columns: { names, keys, flipped }, unique, predicate, method, bound, scans }) => {
      const written = names.map((name, i) => (i < keys && flipped[i] && method === 'btree' ? `-${name}` : name));
      const isUnique = unique && method === 'btree';
      return indexOn(`${written.slice(0, keys).join(' ')}|${written.slice(keys).join(' ')}`, {
        method,
        scans,
        predicate,
        unique: isUnique,
        constraint: bound === 'constraint' && isUnique ? { name: 'c', type: 'unique' } : null,
        replicaIdentity: bound === 'identity' && isUnique,
        parentOid: bound === 'partition' ? 9 : null,
      });
    });
  const sets = fc.array(index, { minLength: 2, maxLength: 6 }).map((all) => all.map((one, i) => ({ ...one, oid: i + 1, name: `i${i}` })));

  test('what stays when all that is superfluous is dropped can do all that they could', () => {
    fc.assert(
      fc.property(sets, (indexes) => {
        const stay = without(indexes);
        for (const one of indexes) expect(stay.some((other) => isSuperset(abilities(other), abilities(one)))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('what is said to stay stays', () => {
    fc.assert(
      fc.property(sets, fc.uniqueArray(fc.integer({ min: 1, max: 6 })), (indexes, idle) => {
        const overlapping = findOverlapping(factsOf({ indexes }), new Set(idle));
        const dropped = new Set(overlapping.map(({ finding }) => finding.index?.oid));
        for (const { keeper } of overlapping) expect(dropped.has(keeper.oid)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('nothing superfluous stays that nobody holds on to', () => {
    fc.assert(
      fc.property(sets, (indexes) => {
        const stay = without(indexes);
        for (const one of stay.filter((index) => index.constraint === null && !index.replicaIdentity && index.parentOid === null)) {
          const [other] = stay.filter((candidate) => candidate !== one && isSuperset(abilities(candidate), abilities(one)));
          expect(other).toBeUndefined();
        }
      }),
      { numRuns: 500 },
    );
  });

  test('and with unused ones dropped too, what is scanned is still served, and every foreign key that had an index has one', () => {
    const foreignKey = {
      tableOid: 1,
      attnums: [1],
      collationOids: [0],
      operators: [EQUALS],
      referencedIndexOid: 99,
      referencedOid: 50,
      columns: ['a'],
      name: 'fk',
    } as unknown as ForeignKeyFacts;
    fc.assert(
      fc.property(sets, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (indexes, scanned) => {
        const facts = factsOf({ indexes, foreignKeys: [foreignKey] });
        const long = '2026-01-01T00:00:00.000Z';
        const of = new Map(indexes.map(({ oid }, i) => [oid, { scans: Number(scanned[i]), idleSince: scanned[i] ? NOW : long, seenSince: long }]));
        const dropped = new Set(findAll({ ...facts, usage: { ...facts.usage, of } }).map((finding) => finding.index?.oid));
        const stay = indexes.filter(({ oid }) => !dropped.has(oid));
        for (const one of indexes.filter((_, i) => scanned[i])) {
          expect(stay.some((other) => isSuperset(abilities(other), abilities(one)))).toBe(true);
        }
        const isCovered = (all: readonly IndexFacts[]) => all.some((one) => coversForeignKey(one, foreignKey));
        expect(isCovered(stay)).toBe(isCovered(indexes));
      }),
      { numRuns: 500 },
    );
  });

  function without(indexes: readonly IndexFacts[]): IndexFacts[] {
    const dropped = new Set(findAll(factsOf({ indexes })).map((finding) => finding.index?.oid));
    return indexes.filter(({ oid }) => !dropped.has(oid));
  }
});

/** Everything that an index can be asked for, written out: each order that it delivers, with each set of columns; and what it enforces. */
function abilities({ method, columns, predicate, unique, nullsNotDistinct }: IndexFacts): Set<string> {
  const keys = columns.filter(({ key }) => key);
  const where = `${method} ${predicate}`;
  if (method !== 'btree') {
    const included = columns.filter(({ key }) => !key).map(({ text }) => text);
    return new Set([`${where} ${keys.map(({ text }) => text).join()} | ${included.toSorted().join()}`]);
  }
  const able = new Set<string>();
  for (const backwards of [false, true]) {
    for (let length = 0; length <= keys.length; length += 1) {
      const order = keys.slice(0, length).map(({ text, descending }) => `${descending !== backwards ? '-' : ''}${text}`);
      for (const output of subsets(columns.map(({ text }) => text))) able.add(`${where} order ${order.join()} output ${output.toSorted().join()}`);
    }
  }
  if (unique) able.add(`${where} unique ${keys.map(({ text }) => text).join()} ${nullsNotDistinct}`);
  return able;
}

function subsets<T>(items: readonly T[]): T[][] {
  return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_, i) => bits & (2 ** i)));
}

function isSuperset(all: Set<string>, some: Set<string>): boolean {
  return [...some].every((one) => all.has(one));
}
