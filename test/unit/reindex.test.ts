import { describe, expect, test } from 'vitest';
import { splitName } from '../../src/indexes/repair/choose.ts';
import { type Activity, hindrancesOf, type OpenTransaction, type WalState } from '../../src/indexes/repair/hindrances.ts';
import { type InvalidIndex, isNamedFor, leftoversOf } from '../../src/indexes/repair/leftovers.ts';
import { type Candidate, decide, inOrder, type RepairFacts, raisedThreshold } from '../../src/indexes/repair/plan.ts';
import { concurrentlyProblem } from '../../src/indexes/repair/version.ts';
import { isInside, parseWindow, windowText } from '../../src/indexes/repair/window.ts';
import { byteSize, writtenSize } from '../../src/options/define.ts';
import { thrownBy } from '../harness/thrown.ts';

const MIB = 1024 ** 2;

function facts(part: Partial<RepairFacts> = {}): RepairFacts {
  return {
    oid: 20_000,
    schema: 'shop',
    name: 'orders_idx',
    tableOid: 19_000,
    table: 'orders',
    definition: 'CREATE INDEX orders_idx ON shop.orders USING btree (status)',
    bytes: 100 * MIB,
    unique: false,
    exclusion: false,
    valid: true,
    extension: null,
    temporary: false,
    catalogue: false,
    permitted: true,
    ...part,
  };
}

function candidate(part: Partial<Omit<Candidate, 'facts'>> & { facts?: Partial<RepairFacts> } = {}): Candidate {
  const prediction = { rebuiltBytes: 40 * MIB, method: 'measured', confidence: 'high', evidence: [] } as const;
  return { named: true, leafOf: null, prediction, threshold: 1.5, ...part, facts: facts(part.facts) };
}

describe('what is rebuilt', () => {
  const plenty = { maxBytes: 1000 * MIB, takenBytes: 0 };

  test('a bloated index needs 1.2 times its predicted size', () => {
    expect(decide(candidate(), plenty)).toEqual({ action: 'rebuild', needsBytes: 48 * MIB });
  });

  test('one whose size nobody can predict needs 1.2 times what it has', () => {
    expect(decide(candidate({ prediction: null }), plenty)).toEqual({ action: 'rebuild', needsBytes: 120 * MIB });
  });

  test.each([
    ['belongs to a catalogue', { catalogue: true }, /catalogue/],
    ['is temporary', { temporary: true }, /temporary/],
    ['belongs to an extension', { extension: 'citext' }, /extension citext/],
    ['implements an exclusion constraint', { exclusion: true }, /exclusion constraint/],
    ['is invalid', { valid: false }, /invalid/],
    ['is not to be touched by the role', { permitted: false }, /does not own its table/],
  ])('one that %s is excluded', (_, part, why) => {
    expect(decide(candidate({ facts: part }), plenty)).toEqual({ action: 'refuse', kind: 'excluded', why: expect.stringMatching(why) });
  });

  test('one that cannot even be read waits', () => {
    expect(decide(candidate({ facts: { bytes: null } }), plenty)).toMatchObject({ action: 'refuse', kind: 'hindered' });
  });

  test.each([
    [48 * MIB, 0, 'rebuild'],
    [48 * MIB - 1, 0, 'refuse'],
    [60 * MIB, 12 * MIB, 'rebuild'],
    [60 * MIB, 13 * MIB, 'refuse'],
    [null, 13 * MIB, 'rebuild'],
  ])('a budget of %s bytes, of which leftovers take %i, says: %s', (maxBytes, takenBytes, action) => {
    expect(decide(candidate(), { maxBytes, takenBytes })).toMatchObject({ action });
  });

  test('one of a report is left alone below its threshold, and where it cannot be judged; one that is named is not', () => {
    const fresh = { prediction: { rebuiltBytes: 80 * MIB, method: 'estimated', confidence: 'high', evidence: [] } } as const;
    expect(decide(candidate({ ...fresh, named: false }), plenty)).toMatchObject({ action: 'skip', why: expect.stringContaining('1.25 times') });
    expect(decide(candidate({ named: false, threshold: 2.6 }), plenty)).toMatchObject({ action: 'skip', why: expect.stringContaining('2.60') });
    expect(decide(candidate({ named: false, prediction: null }), plenty)).toMatchObject({ action: 'skip' });
    expect(decide(candidate({ named: false }), plenty)).toMatchObject({ action: 'rebuild' });
    expect(decide(candidate(fresh), plenty)).toMatchObject({ action: 'rebuild' });
  });

  test('the smallest comes first, and what cannot be read last', () => {
    const sizes = [300, null, 5, 70].map((bytes, i) => candidate({ facts: { oid: 20_000 + i, bytes } }));
    expect(inOrder(sizes).map((one) => one.facts.bytes)).toEqual([5, 70, 300, null]);
  });

  test('a threshold is raised above what was seen, and never falls', () => {
    expect(raisedThreshold(1.5, 2.4)).toBe(3);
    expect(raisedThreshold(3, 2)).toBe(3.75);
    expect(raisedThreshold(1.5, null)).toBe(1.88);
  });
});

describe('what a rebuild that ended midway has left', () => {
  const definition = 'CREATE UNIQUE INDEX orders_idx ON shop.orders USING btree (status) WHERE (status > 0)';
  const rebuild = { oid: 1, schema: 'shop', name: 'orders_idx', tableOid: 19_000, definition, invalidBefore: [7] };
  const invalid = (name: string, part: Partial<InvalidIndex> = {}): InvalidIndex => ({
    ...{ oid: 9, schema: 'shop', name, tableOid: 19_000, table: 'orders', bytes: 8192, busy: false },
    definition: definition.replace('orders_idx', name),
    ...part,
  });

  test.each(['orders_idx_ccnew', 'orders_idx_ccnew1', 'orders_idx_ccold', 'orders_idx_ccold12'])('is %s', (name) => {
    expect(leftoversOf(rebuild, [invalid(name)])).toHaveLength(1);
  });

  test.each([
    ['was there before', invalid('orders_idx_ccnew', { oid: 7 })],
    ['is of another table', invalid('orders_idx_ccnew', { tableOid: 18_999 })],
    ['is of another definition', invalid('orders_idx_ccnew', { definition: 'CREATE UNIQUE INDEX orders_idx_ccnew ON shop.orders USING btree (id)' })],
    ['is of a definition that nobody can read', invalid('orders_idx_ccnew', { definition: null })],
    ['is being worked on', invalid('orders_idx_ccnew', { busy: true })],
    ['is named otherwise', invalid('orders_idx_new')],
    ['is named for another index', invalid('orders_idx2_ccnew')],
    ['is only named as if it were for another', invalid('orders_ccnew')],
  ])('is never an index that %s', (_, index) => {
    expect(leftoversOf(rebuild, [index])).toEqual([]);
  });

  test('is known by a name that Postgres had to cut', () => {
    const long = 'x'.repeat(63);
    expect(isNamedFor(`${'x'.repeat(57)}_ccnew`, long)).toBe(true);
    expect(isNamedFor(`${'x'.repeat(56)}_ccnew1`, long)).toBe(true);
    expect(isNamedFor(`${'ä'.repeat(28)}_ccnew`, 'ä'.repeat(31))).toBe(true);
    expect(isNamedFor(`${'x'.repeat(40)}_ccnew`, long)).toBe(false);
    expect(isNamedFor('_ccnew', 'orders_idx')).toBe(false);
  });

  test('is known by a name with quotes in it', () => {
    const odd = { ...rebuild, name: 'or"d ers', definition: 'CREATE INDEX "or""d ers" ON shop.orders USING btree (status)' };
    const left = invalid('or"d ers_ccnew', { definition: 'CREATE INDEX "or""d ers_ccnew" ON shop.orders USING btree (status)' });
    expect(leftoversOf(odd, [left])).toHaveLength(1);
  });
});

describe('what goes on in the database', () => {
  const limits = { maxTransactionAgeSeconds: 300, maxReplicaLag: 100 * MIB, maxSlotWal: 200 * MIB };
  const quiet: Activity = { transactions: [], onTable: [], baseBackups: 0, wal: { replicas: [], slots: [] } };
  const open = (part: Partial<OpenTransaction>): Activity => ({
    ...quiet,
    transactions: [{ pid: 5, prepared: null, user: 'ada', application: 'psql', seconds: 10, dumps: false, ...part }],
  });
  const wal = (part: Partial<WalState>): Activity => ({ ...quiet, wal: { ...quiet.wal, ...part } });
  const slot = (status: string | null, retainedBytes: number | null) => wal({ slots: [{ name: 'cdc', status, retainedBytes }] });

  test.each<[string, Activity]>([
    ['nothing', quiet],
    ['a young transaction', open({ seconds: 299 })],
    ['a replica that keeps up', wal({ replicas: [{ name: 'b', lagBytes: 100 * MIB }] })],
    ['a slot that keeps up', slot('reserved', 200 * MIB)],
    ['a slot that is lost already', slot('lost', 900 * MIB)],
    ['a slot that holds nothing', slot(null, null)],
  ])('is no hindrance: %s', (_, activity) => {
    expect(hindrancesOf(activity, limits)).toEqual([]);
  });

  test.each<[string, Activity, RegExp]>([
    ['an old transaction', open({ seconds: 301 }), /open for 301 s: process 5 \(ada, psql\)/],
    ['an old prepared one', open({ pid: null, prepared: 'tx1', seconds: 4000 }), /prepared transaction tx1/],
    ['a transaction whose age the role may not see', open({ seconds: null }), /GRANT pg_read_all_stats/],
    ['a dump', open({ dumps: true, application: 'pg_dump' }), /dump or backup is running: process 5 \(ada, pg_dump\)/],
    ['a base backup', { ...quiet, baseBackups: 1 }, /base backup/],
    ['a vacuum of the table', { ...quiet, onTable: [{ pid: 7, what: 'vacuum' }] }, /Process 7 works on its table: vacuum/],
    ['a replica that is behind', wal({ replicas: [{ name: 'b', lagBytes: 101 * MIB }] }), /replica b is 101 MiB of WAL behind/],
    ['a replica that the role may not see', wal({ replicas: [{ name: 'b', lagBytes: null }] }), /GRANT pg_monitor/],
    ['a slot that holds too much', slot('extended', 201 * MIB), /slot cdc holds back 201 MiB/],
    ['a slot that is about to be lost', slot('unreserved', null), /about to lose/],
  ])('is a hindrance: %s', (_, activity, message) => {
    expect(hindrancesOf(activity, limits)).toEqual([expect.stringMatching(message)]);
  });
});

test.each([
  [110022, /no REINDEX CONCURRENTLY/],
  [120009, /12\.10/],
  [120010, null],
  [130005, /13\.6/],
  [130006, null],
  [140003, /14\.4/],
  [140004, null],
  [150000, null],
  [180000, null],
])('of server version %i: %s', (version, problem) => {
  if (problem === null) expect(concurrentlyProblem(version)).toBeNull();
  else expect(concurrentlyProblem(version)).toMatch(problem);
});

describe('a window', () => {
  test.each([
    ['01:00-05:00', '2026-01-10T01:00:00Z', true],
    ['01:00-05:00', '2026-01-10T04:59:59Z', true],
    ['01:00-05:00', '2026-01-10T05:00:00Z', false],
    ['01:00-05:00', '2026-01-10T00:59:59Z', false],
    ['22:30-03:15', '2026-01-10T22:29:59Z', false],
    ['22:30-03:15', '2026-01-10T23:59:00Z', true],
    ['22:30-03:15', '2026-01-10T00:00:00Z', true],
    ['22:30-03:15', '2026-01-10T03:15:00Z', false],
  ])('%s at %s: %s', (text, moment, inside) => {
    const window = parseWindow(text);
    expect(window).not.toBeNull();
    if (window !== null) expect([isInside(window, 'UTC', new Date(moment)), windowText(window)]).toEqual([inside, text]);
  });

  test('is of the wall clock of its zone, in summer and in winter', () => {
    const window = { from: 60, to: 300 };
    const at = (moment: string) => isInside(window, 'Europe/Berlin', new Date(moment));
    expect([at('2026-07-01T23:00:00Z'), at('2026-01-01T23:00:00Z'), at('2026-01-02T00:00:00Z')]).toEqual([true, false, true]);
  });

  test.each(['1:00-5:00', '01:00', '24:00-05:00', '01:00-01:00', '01:00-05:60'])('is not written like %s', (text) => {
    expect(parseWindow(text)).toBeNull();
  });
});

test.each([
  ['500MB', 500 * MIB],
  ['1.5GB', 1536 * MIB],
  ['20kB', 20_480],
  ['0B', 0],
])('%s is %i bytes', (text, bytes) => {
  expect(byteSize().parse(text)).toBe(bytes);
  expect(byteSize().parse(writtenSize(bytes))).toBe(bytes);
});

test.each(['500', '5 GiB', 'GB', '-1GB'])('%s is no size', (text) => {
  expect(byteSize().safeParse(text).success).toBe(false);
});

test('an index is named with its schema, as SQL writes it', () => {
  expect(splitName('Shop.Orders_Idx')).toEqual({ schema: 'shop', name: 'orders_idx' });
  expect(splitName('"My Schema"."a.b""c"')).toEqual({ schema: 'My Schema', name: 'a.b"c' });
  for (const wrong of ['orders_idx', 'a.b.c', 'a.', '"a.b']) expect(thrownBy(() => splitName(wrong)).code).toBe('bad-option');
});
