import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshIndexes, type KnownOfBuilt } from '../../src/drill/fresh-indexes.ts';
import type { Manifest, ManifestIndex, ManifestTable } from '../../src/format/manifest.ts';
import type { Proof } from '../../src/format/proof.ts';
import { type Bloat, bloatRatio, wastedBytes } from '../../src/indexes/bloat/bloat.ts';
import { MODEL } from '../../src/indexes/bloat/estimated.ts';
import { liveTuples, type TableChanges } from '../../src/indexes/bloat/live-tuples.ts';
import { type MeasuredIndex, measureIndexes, NEVER_DRILLED, ofServer } from '../../src/indexes/bloat/measured.ts';
import { type Modelled, tupleGrowth } from '../../src/indexes/bloat/modelled.ts';
import { judgeByDrill } from '../../src/indexes/bloat/scaled.ts';
import type { IndexFacts } from '../../src/indexes/facts.ts';
import { indexFacts } from '../harness/index-facts.ts';

const PAGE = 8192;
const DEFINITION = 'CREATE INDEX orders_by_customer ON shop.orders USING btree (customer_id)';

function manifestWith(index: Partial<ManifestIndex> = {}, table: Partial<ManifestTable> = {}): Manifest {
  return {
    id: '20261120T020013Z-3f9a',
    source: { serverMajor: 18 },
    snapshot: { at: '2026-11-20T02:00:13.000Z', lsn: null },
    tables: [{ oid: 1, schema: 'shop', name: 'orders', rows: 1000, checksum: null, bytes: 0, part: null, ...table }],
    indexes: [
      {
        schema: 'shop',
        name: 'orders_by_customer',
        table: 'orders',
        definition: DEFINITION,
        method: 'btree',
        bytes: 40 * PAGE,
        pages: 40,
        tuples: 900,
        fillfactor: null,
        valid: true,
        ...index,
      },
    ],
  } as unknown as Manifest;
}

function proofWith(index: Partial<Proof['indexes'][number]> | null = {}, proof: Partial<Proof> = {}): Proof {
  const fresh = { schema: 'shop', name: 'orders_by_customer', bytes: 20 * PAGE, pages: 20, tuples: 990, asDefined: true };
  return {
    backup: '20261120T020013Z-3f9a',
    scratch: { kind: 'cluster', serverVersion: '18.1' },
    checks: [],
    indexes: index === null ? [] : [{ ...fresh, ...index }],
    ...proof,
  } as unknown as Proof;
}

const only = (manifest: Manifest, proof: Proof) => measureIndexes(manifest, proof).indexes.get('shop.orders_by_customer');

describe('an index that a drill built anew', () => {
  it('has both sizes of the snapshot, and as many tuples as the backup counted rows', () => {
    expect(only(manifestWith(), proofWith())).toEqual({
      at: '2026-11-20T02:00:13.000Z',
      bytes: 40 * PAGE,
      rebuiltBytes: 20 * PAGE,
      definition: DEFINITION,
      method: 'btree',
      tuples: 1000,
      exactTuples: true,
      tableRows: null,
      modelled: null,
    });
  });

  it('has the tuples that ANALYZE saw when it is partial', () => {
    const definition = `${DEFINITION} WHERE (paid IS NULL)`;
    expect(only(manifestWith({ definition }), proofWith())).toMatchObject({ tuples: 990, exactTuples: false, tableRows: 1000 });
    expect(only(manifestWith({ definition }), proofWith({ counted: true }))).toMatchObject({ tuples: 990, exactTuples: true });
  });

  it('has what the model made of it, unless that was another model', () => {
    const modelled = { low: 15, mid: 16, high: 17, sampleRows: 30_000 };
    expect(only(manifestWith(), proofWith({ modelled }, { indexModel: MODEL }))).toMatchObject({ modelled });
    expect(only(manifestWith(), proofWith({ modelled }, { indexModel: MODEL + 1 }))).toMatchObject({ modelled: null });
    expect(only(manifestWith(), proofWith({ modelled }))).toMatchObject({ modelled: null });
  });

  it('is known by an older proof, too, which says nothing of definitions', () => {
    const { asDefined, ...older } = proofWith().indexes[0] as Proof['indexes'][number];
    expect(only(manifestWith(), proofWith(null, { indexes: [older] }))).toMatchObject({ rebuiltBytes: 20 * PAGE });
  });

  it.each<[string, Manifest, Proof, RegExp]>([
    ['by a drill of another backup', manifestWith(), proofWith({}, { backup: '20261113T020013Z-0000' }), /another backup/],
    [
      'by another major version',
      manifestWith(),
      proofWith({}, { scratch: { kind: 'database', serverVersion: '17.6' } }),
      /Postgres 17, the source on 18/,
    ],
    ['of a hash index', manifestWith({ method: 'hash' }), proofWith(), /hash/],
    ['of an invalid index', manifestWith({ valid: false }), proofWith(null), /invalid/],
    ['where the rows were left out', manifestWith({}, { rows: null }), proofWith(), /not in the backup/],
    ['where an extension fills the table', manifestWith({}, { extension: 'postgis' }), proofWith(), /extension/],
    ['where rows may have moved', manifestWith({}, { movesWithin: 'shop.all' }), proofWith(), /partitions/],
    ['where it was not built', manifestWith(), proofWith(null), /did not build/],
    ['where it was built otherwise', manifestWith(), proofWith({ asDefined: false }), /another definition/],
    ['of a materialized view with other rows', manifestWith({ table: 'view', tuples: 1200 }), proofWith(), /materialized view/],
  ])('is not measured %s', (_, manifest, proof, why) => {
    expect(only(manifest, proof)).toEqual({
      why: expect.stringMatching(why),
      remedy: manifest.indexes[0]?.method === 'hash' ? null : expect.any(String),
    });
  });

  it('is not measured by the drill of another server', () => {
    const drilled = (systemIdentifier: string | null) => {
      const manifest = manifestWith();
      return measureIndexes({ ...manifest, source: { ...manifest.source, systemIdentifier } }, proofWith());
    };
    for (const [of, asked] of [
      ['1', '1'],
      [null, '1'],
      ['1', null],
    ] as const)
      expect(ofServer(drilled(of), asked)).toEqual(drilled(of));
    expect(ofServer(drilled('1'), '2')).toMatchObject({ why: expect.stringMatching(/another server/) });
    expect(ofServer(NEVER_DRILLED, '2')).toBe(NEVER_DRILLED);
  });

  it('is not measured where names are hidden, nor where the backup does not list it', () => {
    const concealed = { ...manifestWith(), concealed: { tables: 1, rows: 1, indexes: 1, sequences: 0, bytes: 1 } };
    expect(only(concealed, proofWith(null))).toMatchObject({ why: expect.stringMatching(/hides/) });
    expect(measureIndexes({ ...concealed, indexes: [] }, proofWith(null)).unlisted.why).toMatch(/hides/);
    expect(measureIndexes(manifestWith(), proofWith()).unlisted.why).toMatch(/not in the backup/);
  });

  it('is not measured where rows are missing', () => {
    const rows = { name: 'rows', verdict: 'fail' as const, examined: 1, findings: [{ object: 'shop.orders', message: '1 row' }], skipped: [] };
    expect(only(manifestWith(), proofWith({}, { checks: [rows] }))).toMatchObject({ why: expect.stringMatching(/all rows/) });
  });

  it('is written into the proof with its name, its sizes, and whether it is the one of the manifest', () => {
    const { indexes } = manifestWith();
    const restored = { ...(indexes[0] as ManifestIndex), bytes: 20 * PAGE, pages: 20, tuples: 1000 };
    const written = { schema: 'shop', name: 'orders_by_customer', bytes: 20 * PAGE, pages: 20, tuples: 1000, asDefined: true };
    const known: KnownOfBuilt = { tuples: new Map(), modelled: new Map() };
    const modelled = { low: 15, mid: 16, high: 17, sampleRows: 30_000 };
    const fresh = (given: Partial<ManifestIndex>, knownOf: Partial<KnownOfBuilt> = {}) =>
      freshIndexes(indexes, [{ ...restored, ...given }], { ...known, ...knownOf });
    expect(fresh({})).toEqual([written]);
    expect(fresh({}, { tuples: new Map([['shop.orders_by_customer', 983]]) })).toEqual([{ ...written, tuples: 983, counted: true }]);
    expect(fresh({}, { modelled: new Map([['shop.orders_by_customer', modelled]]) })).toEqual([{ ...written, modelled }]);
    expect(fresh({ definition: `${DEFINITION} WITH (fillfactor='70')` })).toEqual([{ ...written, asDefined: false }]);
    expect(fresh({ valid: false })).toEqual([{ ...written, asDefined: false }]);
  });
});

const MEASURED = only(manifestWith(), proofWith()) as MeasuredIndex;
const FACTS = indexFacts({ definition: DEFINITION, bytes: 40 * PAGE, pages: 40, tuples: 1000, tableTuples: 1000 });
const changes = (liveRows: number, given: Partial<TableChanges> = {}): TableChanges => ({
  oid: 1,
  liveRows,
  deadRows: 0,
  inserted: liveRows,
  deleted: 0,
  changedSinceAnalyze: 0,
  counted: true,
  ...given,
});
const about = (low: number, mid: number, high: number, sampleRows = 30_000): Modelled => ({ low, mid, high, sampleRows });
const exact = (mid: number): Modelled => about(mid, mid, mid);
const PER_TUPLE = about(163, 164, 165);
const judged = (
  bytes: number,
  liveRows: number,
  measured: Partial<MeasuredIndex> = {},
  facts: IndexFacts = FACTS,
  now: Modelled | null = PER_TUPLE,
  given: Partial<TableChanges> = {},
) => judgeByDrill(facts, bytes, { ...MEASURED, modelled: PER_TUPLE, ...measured }, liveTuples(facts, changes(liveRows, given)), now);

describe('an index after its drill', () => {
  it('is as it was measured while neither size nor rows moved', () => {
    expect(judged(40 * PAGE, 1000)).toMatchObject({ method: 'measured', bytes: 40 * PAGE, rebuiltBytes: 20 * PAGE, confidence: 'high' });
  });

  it('is scaled by its tuples, but for the metapage, the root and the last leaf', () => {
    // 17.5 pages of tuples grow by a fifth to 21
    expect(judged(50 * PAGE, 1200)).toMatchObject({
      method: 'scaled',
      bytes: 50 * PAGE,
      rebuiltBytes: 24 * PAGE,
      confidence: 'high',
    });
  });

  it('is scaled, too, when it was rebuilt since, and shows it', () => {
    expect(judged(20 * PAGE, 1000)).toMatchObject({ method: 'scaled', bytes: 20 * PAGE, rebuiltBytes: 20 * PAGE });
  });

  it.each([
    [1.4, 'medium'],
    [2.5, 'low'],
  ])('is judged the less surely the more it grew: %f times, %s', (growth, confidence) => {
    expect(judged(40 * PAGE, 1000 * growth)).toMatchObject({ method: 'scaled', confidence });
  });

  const MANY = { rebuiltBytes: 1001 * PAGE, bytes: 1001 * PAGE, tuples: 50_000 };
  const manyNow = (then: Modelled, now: Modelled | null, { rows = 50_000, pages = 1001, moved = 0 } = {}) => {
    const facts = { ...FACTS, tuples: 50_000, tableTuples: 50_000 };
    return judged(pages * PAGE, rows, { ...MANY, modelled: then }, facts, now, { changedSinceAnalyze: moved * rows }) as Bloat;
  };
  const AS_IT_WAS = { method: 'measured', confidence: 'high', rebuiltBytes: 1001 * PAGE };

  it('is scaled by what a tuple takes, too, as far as the statistics have changed beyond their noise', () => {
    expect(manyNow(exact(164), exact(164))).toMatchObject(AS_IT_WAS);
    expect(manyNow(exact(164), exact(165.5))).toMatchObject(AS_IT_WAS);
    const { rebuiltBytes, evidence, ...rest } = manyNow(exact(164), exact(164 * 1.3));
    expect(rest).toMatchObject({ method: 'scaled', confidence: 'high' });
    expect(rebuiltBytes / PAGE).toBeGreaterThan(1.29 * 1000);
    expect(rebuiltBytes / PAGE).toBeLessThanOrEqual(1.3 * 1000 + 1);
    expect(evidence).toContain('By the statistics each of them takes 1.30 times the room.');
    const shorter = manyNow(exact(164), exact(164 / 1.3)).rebuiltBytes / PAGE;
    expect(shorter).toBeGreaterThanOrEqual(1000 / 1.3);
    expect(shorter).toBeLessThan(1000 / 1.28);
  });

  it('is as it was measured when nothing but the vagueness of the statistics has moved', () => {
    const then = about(160, 164, 168);
    expect(manyNow(then, about(100, 200, 400))).toMatchObject(AS_IT_WAS);
    expect(manyNow(then, about(150, 200, 220), { moved: 0.09 })).toMatchObject(AS_IT_WAS);
    expect(manyNow(then, about(196, 200, 204, 300_000))).toMatchObject(AS_IT_WAS);
    expect(manyNow(then, about(155, 170, 180), { pages: 1200 })).toMatchObject({ method: 'scaled', confidence: 'medium' });
    expect(manyNow(then, about(196, 200, 204))).toMatchObject({ method: 'scaled', confidence: 'high' });
    expect(manyNow(then, about(190, 200, 250))).toMatchObject({ method: 'scaled', confidence: 'medium' });
    expect(manyNow(then, about(196, 200, 204), { moved: 0.06 })).toMatchObject({ method: 'scaled', confidence: 'medium' });
    expect(manyNow(then, about(196, 200, 204), { moved: 0.04 })).toMatchObject({ method: 'scaled', confidence: 'high' });
    expect(manyNow(then, about(150, 200, 220), { pages: 1200 })).toMatchObject({ method: 'scaled', confidence: 'medium' });
  });

  it('is not as it was measured when fewer tuples take as much more room each', () => {
    expect(manyNow(exact(164), exact(328), { rows: 25_000 })).toMatchObject({ method: 'scaled', confidence: 'medium' });
    expect(manyNow(exact(164), exact(41), { rows: 200_000 })).toMatchObject({ method: 'scaled', confidence: 'low' });
  });

  it('is scaled with less than high confidence where the model is not sure, and never where it does not apply', () => {
    const by = (facts: Partial<IndexFacts>, then: Modelled | null, now: Modelled | null, method = 'btree') =>
      judged(50 * PAGE, 1200, { method, modelled: then }, { ...FACTS, ...facts }, now);
    const doubt = expect.stringMatching(/of the same kind/);
    expect(by({}, PER_TUPLE, PER_TUPLE)).toMatchObject({ confidence: 'high', rebuiltBytes: 24 * PAGE });
    for (const [then, now] of [
      [null, PER_TUPLE],
      [PER_TUPLE, null],
      [about(100, 164, 300), about(100, 164, 300)],
    ] as const)
      expect(by({}, then, now)).toMatchObject({ confidence: 'medium', rebuiltBytes: 24 * PAGE, evidence: expect.arrayContaining([doubt]) });
    expect(by({ method: 'gist' }, null, null, 'gist')).toMatchObject({ confidence: 'medium', evidence: expect.arrayContaining([doubt]) });
  });

  it('grows with what a tuple takes by no more than the statistics say, and not at all when they say the same', () => {
    // a page more or less in each bound may put the middle outside of them
    const interval = fc.record({
      mid: fc.double({ min: 1, max: 3000, noNaN: true }),
      low: fc.double({ min: 0.5, max: 1.02, noNaN: true }),
      high: fc.double({ min: 0.98, max: 2, noNaN: true }),
    });
    const modelledOf = ({ low, mid, high }: { low: number; mid: number; high: number }) => about(mid * low, mid, mid * high);
    fc.assert(
      fc.property(interval, interval, fc.integer({ min: 1, max: 100_000 }), (a, b, pages) => {
        const [then, now] = [modelledOf(a), modelledOf(b)];
        const built = { rebuiltBytes: pages * PAGE, tuples: (pages * PAGE) / then.mid };
        const growth = Math.log(tupleGrowth(then, now, built, 0)?.factor ?? Number.NaN);
        const said = Math.log(now.mid / then.mid);
        expect(growth * said).toBeGreaterThanOrEqual(0);
        expect(Math.abs(growth)).toBeLessThanOrEqual(Math.abs(said) + 1e-9);
        expect(tupleGrowth(then, then, built, 0)?.factor).toBe(1);
        expect(tupleGrowth(then, now, { ...built, tuples: built.tuples * 3 }, 0)).toBeNull();
      }),
    );
  });

  it('is judged with low confidence when nobody knows how many rows there are', () => {
    const unsure = judgeByDrill(FACTS, 40 * PAGE, MEASURED, liveTuples(FACTS, changes(2000, { inserted: 5 })), null);
    expect(unsure).toMatchObject({ confidence: 'low' });
    const never = indexFacts({ ...FACTS, tuples: -1, tableTuples: -1 });
    expect(judgeByDrill(never, 40 * PAGE, MEASURED, liveTuples(never, undefined), null)).toMatchObject({
      confidence: 'low',
      rebuiltBytes: 20 * PAGE,
    });
  });

  it('of a part of the table is scaled with the table, unless a sample says more than chance', () => {
    const partial = { tuples: 10_000, tableRows: 100_000, rebuiltBytes: 100 * PAGE };
    const facts = (tuples: number) => ({ ...FACTS, predicate: '(paid IS NULL)', tuples, tableTuples: 100_000 });
    const rebuilt = (tuples: number) => judged(200 * PAGE, 100_000, { ...partial, bytes: 200 * PAGE }, facts(tuples));
    expect(rebuilt(10_000)).toMatchObject({ method: 'measured', rebuiltBytes: 100 * PAGE });
    expect(rebuilt(10_300)).toMatchObject({ method: 'measured', rebuiltBytes: 100 * PAGE });
    expect(rebuilt(15_000)).toMatchObject({ method: 'scaled', rebuiltBytes: 149 * PAGE });
    expect(rebuilt(2000)).toMatchObject({ method: 'scaled', rebuiltBytes: 22 * PAGE });
  });

  it('is not judged by the drill when it was defined anew, or was empty then', () => {
    expect(judged(40 * PAGE, 1000, { definition: 'CREATE INDEX other' })).toMatchObject({ why: expect.stringMatching(/definition/) });
    expect(judged(40 * PAGE, 1000, { tuples: 0, rebuiltBytes: PAGE })).toMatchObject({ why: expect.stringMatching(/empty/) });
    expect(judged(PAGE, 0, { tuples: 0, bytes: PAGE, rebuiltBytes: PAGE })).toMatchObject({ method: 'measured', rebuiltBytes: PAGE });
  });

  it('never gets smaller with more tuples, and is never less than a page', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(10_000), fc.integer({ min: 1, max: 10_000 }), (a, b, pages) => {
        const rebuilt = (rows: number) => (judged(40 * PAGE, rows, { rebuiltBytes: pages * PAGE }) as { rebuiltBytes: number }).rebuiltBytes;
        const [fewer, more] = [rebuilt(Math.min(a, b)), rebuilt(Math.max(a, b))];
        expect(fewer).toBeLessThanOrEqual(more);
        expect(fewer).toBeGreaterThanOrEqual(PAGE);
        expect(fewer % PAGE).toBe(0);
      }),
    );
  });
});

describe('the tuples of an index now', () => {
  it('are not counted twice when a session analyzed at once what it had inserted or deleted', () => {
    expect(liveTuples(FACTS, changes(2000, { inserted: 1000, changedSinceAnalyze: 1000 }))).toMatchObject({ tuples: 1000, doubt: null, stale: null });
    expect(liveTuples(FACTS, changes(0, { inserted: 2000, deleted: 1000 }))).toMatchObject({ tuples: 1000, doubt: null });
  });

  it('are not taken to be counted twice when the index has grown since', () => {
    const reset = changes(2000, { inserted: 1000, changedSinceAnalyze: 1000 });
    expect(liveTuples({ ...FACTS, bytes: 80 * PAGE }, reset).stale).toMatch(/changed/);
  });

  it('are those of the counters when many rows came or went since the last ANALYZE, whose statistics are stale then', () => {
    const halved = changes(500, { inserted: 1000, deleted: 500, changedSinceAnalyze: 500 });
    expect(liveTuples(FACTS, halved)).toMatchObject({
      tuples: 500,
      rows: 500,
      doubt: null,
      stale: '100 % of the rows changed since the last ANALYZE.',
    });
  });

  it('are the larger of two numbers that nobody can decide between, and doubtful', () => {
    expect(liveTuples(FACTS, changes(300, { inserted: 7 }))).toMatchObject({ tuples: 1000, doubt: expect.stringMatching(/1000 rows.*300/) });
  });

  const partial = indexFacts({ predicate: '(paid IS NULL)', tuples: 100, tableTuples: 1000 });

  it("are the table's rows by its counters, of a partial index its share of them", () => {
    expect(liveTuples(FACTS, changes(1300))).toMatchObject({ tuples: 1300, rows: 1300, doubt: null, stale: null });
    expect(liveTuples(partial, changes(2000))).toMatchObject({ tuples: 200, rows: 2000, doubt: null, stale: null });
  });

  it('are reltuples where the counters know nothing, and unknown where that is not there', () => {
    expect(liveTuples(FACTS, changes(3, { counted: false }))).toMatchObject({ tuples: 1000, rows: 1000, doubt: null, stale: null });
    expect(liveTuples(indexFacts({ tuples: -1, tableTuples: -1 }), undefined).tuples).toBeNull();
  });
});

it('A ratio is taken against one page at least, and nothing is wasted by an index smaller than a rebuilt one', () => {
  expect(bloatRatio({ bytes: 16384, rebuiltBytes: 0 })).toBe(2);
  expect(wastedBytes({ bytes: 8192, rebuiltBytes: 16384 })).toBe(0);
});
