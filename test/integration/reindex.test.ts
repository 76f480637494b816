import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { indexes } from '../../src/indexes/indexes.ts';
import type { IndexOutcome } from '../../src/indexes/repair/outcome.ts';
import { indexesOptions } from '../../src/options/indexes.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { recordingContext, runBackup, runDrill, temporaryStore, urlOf } from '../harness/engine.ts';
import { withTestSession } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql, templateDatabase } from '../harness/postgres.ts';
import { CHURNED_SQL, indexesOf, reportOf, runReindex } from '../harness/reindex.ts';
import { roleIn } from '../harness/roles.ts';
import { rejectionOf } from '../harness/thrown.ts';

const { major } = clusterOf();
let template: string;
beforeAll(async () => {
  template = await templateDatabase(major, 'churned', async (target) => void (await runSql(target, CHURNED_SQL)));
});
const churned = () => freshDatabase(major, template);
const ORDERS = ['churned.orders_note', 'churned.orders_customer'];

async function outcomes(target: ConnectionTarget, given: Record<string, unknown>, clock?: () => Date) {
  const { ok, indexes } = await runReindex(target, given, recordingContext(), clock);
  return { ok, indexes: indexes.map(({ schema, name, outcome, why }) => [`${schema}.${name}`, outcome, why]) };
}

test('a dry run says what it would do, smallest first, and changes nothing', async () => {
  const target = await churned();
  const store = await temporaryStore();
  const before = await indexesOf(target);
  const statistics = 'SELECT relname, reltuples, relpages FROM pg_class ORDER BY oid';
  const counted = await runSql(target, statistics);
  const result = await runReindex(target, { index: ORDERS, storage: store.url, maxBytes: undefined });
  expect(result).toMatchObject({ ok: true, applied: false, gainedBytes: 0, leftovers: [] });
  expect(result.indexes.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['orders_customer', 'planned'],
    ['orders_note', 'planned'],
  ]);
  expect(result.notes).toContainEqual(expect.stringContaining('--max-bytes'));
  expect(await indexesOf(target)).toEqual(before);
  expect(await runSql(target, statistics)).toEqual(counted);
});

test('rebuilds what is named, one after the other, to the size that it predicted, and says what it gained', async () => {
  const target = await churned();
  const definitions = () => runSql(target, "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'churned' ORDER BY 1");
  const [before, defined] = [await indexesOf(target), await definitions()];
  const context = recordingContext();
  const result = await runReindex(target, { index: [...ORDERS, 'churned.orders_pkey'], apply: true }, context);
  const after = await indexesOf(target);
  expect(result.indexes.map(({ outcome }) => outcome)).toEqual(['rebuilt', 'rebuilt', 'rebuilt']);
  for (const index of result.indexes) {
    const [was, is] = [before, after].map((all) => all.find(({ name }) => name === index.name));
    expect(index).toMatchObject({ bytesBefore: was?.bytes, bytesAfter: is?.bytes, gainedBytes: (was?.bytes ?? 0) - (is?.bytes ?? 0), attempts: 1 });
    expect(is).toMatchObject({ valid: true });
    expect(is?.filenode).not.toBe(was?.filenode);
    expect(isPredicted(index), JSON.stringify(index)).toBe(true);
  }
  expect(result.gainedBytes).toBeGreaterThan(0);
  expect(await definitions()).toEqual(defined);
  expect(context.lines.filter((line) => line.startsWith('Rebuilding churned'))).toHaveLength(3);
  expect(result.notes).toContainEqual(expect.stringContaining('--state'));
  expect(await runSql(target, "SELECT FROM pg_constraint WHERE conname = 'orders_pkey' AND conindid = 'churned.orders_pkey'::regclass")).toHaveLength(
    1,
  );
});

test('a rebuild that gains little says so, and the next one asks for more', async () => {
  const target = await churned();
  const store = await temporaryStore();
  const once = { index: ['churned.orders_pkey'], apply: true, storage: store.url, database: 'shop' };
  await runReindex(target, once);
  const again = await runReindex(target, once);
  expect(again).toMatchObject({ ok: true, gainedBytes: 0 });
  expect(again.indexes).toMatchObject([{ outcome: 'rebuilt', why: expect.stringContaining('gained 0 %'), raisedThreshold: 1.88 }]);
  expect((await runReindex(target, once)).indexes).toMatchObject([{ raisedThreshold: 2.35 }]);
});

describe('from a report', () => {
  const bloated = (name: string, level: string, rebuiltBytes: number) => ({ name, level, rebuiltBytes });

  test('what it calls bloated is rebuilt, unless it is not, or gained little before', async () => {
    const target = await churned();
    const store = await temporaryStore();
    const reports = join(store.folder, 'shop', 'reports');
    await mkdir(reports, { recursive: true });
    await writeFile(join(reports, '20260103T020000Z.json'), 'an older one');
    const small = 100_000;
    const newest = reportOf(bloated('orders_note', 'warn', small), bloated('orders_customer', 'info', small), bloated('dropped', 'act', small));
    await writeFile(join(reports, '20260110T020000Z.json'), newest);
    const given = { fromReport: 'latest', apply: true, storage: store.url, database: 'shop' };
    const first = await runReindex(target, given);
    expect(first).toMatchObject({ ok: true, report: 'shop/reports/20260110T020000Z.json' });
    expect(first.indexes).toMatchObject([{ name: 'orders_note', outcome: 'rebuilt' }]);
    const second = await runReindex(target, given);
    expect(second).toMatchObject({ ok: true, indexes: [{ outcome: 'skipped', why: expect.stringMatching(/It has 1\.0\d times the size/) }] });

    const file = join(store.folder, 'report.json');
    await writeFile(file, reportOf(bloated('orders_customer', 'act', small)));
    const threshold = { schema: 'churned', name: 'orders_customer', threshold: 99, at: '2026-01-03T02:00:00.000Z', reason: 'It gained little.' };
    const state = join(store.folder, 'state.json');
    await writeFile(state, JSON.stringify({ format: 1, of: null, underway: [], thresholds: [threshold] }));
    const raised = await runReindex(target, { fromReport: file, apply: true, state });
    expect(raised).toMatchObject({ ok: true, indexes: [{ outcome: 'skipped', why: expect.stringContaining('99.00 is where') }] });
    const named = await runReindex(target, { index: ['churned.orders_customer'], fromReport: file, apply: true, state });
    expect(named).toMatchObject({ ok: true, indexes: [{ outcome: 'rebuilt' }] });
  });

  test('what a drill has measured is rebuilt to the size that it had in the drill', async () => {
    const target = await churned();
    const store = await temporaryStore();
    await runSql(target, 'ANALYZE churned.orders');
    await runBackup(target, store.url, { database: 'shop' });
    await runDrill('shop', store.url);
    const shared = { storage: store.url, database: 'shop' };
    const report = await indexes(indexesOptions.parse({ databaseUrl: urlOf(target), minWasted: '0B', ...shared }), recordingContext());
    const result = await runReindex(target, { fromReport: 'latest', apply: true, ...shared });
    expect(result).toMatchObject({ ok: true, report: report.reportKey });
    expect(result.indexes.map(({ name, outcome, method }) => [name, outcome, method])).toEqual([
      ['orders_customer', 'rebuilt', 'measured'],
      ['orders_pkey', 'rebuilt', 'measured'],
      ['orders_note', 'rebuilt', 'measured'],
    ]);
    for (const index of result.indexes) {
      expect(isPredicted(index), JSON.stringify(index)).toBe(true);
    }
  });

  test('what was only taken for bloated by old statistics is left alone, once they are new', async () => {
    const target = await churned();
    const store = await temporaryStore();
    await runSql(
      target,
      `CREATE TABLE churned.grown (id int) WITH (autovacuum_enabled = off);
       INSERT INTO churned.grown SELECT generate_series(1, 500);
       CREATE INDEX grown_id ON churned.grown (id);
       ANALYZE churned.grown;
       INSERT INTO churned.grown SELECT generate_series(501, 20000)`,
    );
    // nor do the counters know any more how many have come since
    await runSql(target, 'SELECT pg_stat_force_next_flush(); SELECT pg_stat_reset()');
    const file = join(store.folder, 'report.json');
    await writeFile(file, reportOf(bloated('grown_id', 'act', 16_384)));
    expect((await runReindex(target, { fromReport: file })).indexes).toMatchObject([{ outcome: 'planned' }]);
    const before = await indexesOf(target);
    expect(await runReindex(target, { fromReport: file, apply: true })).toMatchObject({ ok: true, indexes: [{ outcome: 'skipped', attempts: 1 }] });
    expect(await indexesOf(target)).toEqual(before);
  });

  test('a report that is none, or is not there, is told', async () => {
    const target = await churned();
    const store = await temporaryStore();
    await writeFile(join(store.folder, 'report.json'), '{}');
    const told = async (fromReport: string) => rejectionOf(runReindex(target, { fromReport, storage: store.url, database: 'shop' }));
    expect(await told('latest')).toMatchObject({ code: 'object-missing' });
    expect(await told(join(store.folder, 'report.json'))).toMatchObject({ code: 'bad-option' });
    expect(await told(join(store.folder, 'nothing.json'))).toMatchObject({ code: 'bad-option' });
  });
});

test('of a partitioned index its leaves are rebuilt, each by itself', async () => {
  const target = await freshDatabase(major);
  await runSql(
    target,
    `CREATE SCHEMA churned;
     CREATE TABLE churned.logs (id int, at int) PARTITION BY RANGE (at);
     CREATE TABLE churned.logs_1 PARTITION OF churned.logs FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (at);
     CREATE TABLE churned.logs_1a PARTITION OF churned.logs_1 FOR VALUES FROM (0) TO (10);
     CREATE TABLE churned.logs_2 PARTITION OF churned.logs FOR VALUES FROM (10) TO (20);
     CREATE INDEX logs_id ON churned.logs (id);
     INSERT INTO churned.logs SELECT i, i % 20 FROM generate_series(1, 100) i`,
  );
  const before = await indexesOf(target);
  const result = await runReindex(target, { index: ['churned.logs_id', 'churned.logs_2_id_idx'], apply: true });
  expect(result.indexes.map(({ name, leafOf, outcome }) => [name, leafOf, outcome]).toSorted()).toEqual([
    ['logs_1a_id_idx', 'churned.logs_id', 'rebuilt'],
    ['logs_2_id_idx', null, 'rebuilt'],
  ]);
  const after = await indexesOf(target);
  expect(after.map(({ name, valid }) => [name, valid])).toEqual(before.map(({ name }) => [name, true]));
  expect(after.filter(({ filenode }) => before.some((one) => one.filenode === filenode))).toEqual([]);
  expect(await runSql(target, "SELECT FROM pg_inherits WHERE inhparent = 'churned.logs_id'::regclass")).toHaveLength(2);
});

describe('never rebuilt', () => {
  test('are indexes of catalogues, of exclusion constraints, of extensions, temporary and invalid ones, and those of others', async () => {
    const target = await churned();
    await runSql(
      target,
      `CREATE TABLE churned.rooms (during int4range, EXCLUDE USING gist (during WITH &&));
       CREATE TABLE churned.owned (id int PRIMARY KEY);
       CREATE EXTENSION citext;
       ALTER EXTENSION citext ADD TABLE churned.owned;
       UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'churned.orders_note'::regclass`,
    );
    await withTestSession(target, async (session) => {
      await session.query('CREATE TEMPORARY TABLE passing (id int PRIMARY KEY)');
      const [temporary] = await session.query<{ name: string }>("SELECT 'passing_pkey'::regclass::oid::regclass::text AS name");
      expect(temporary?.name).toBe('passing_pkey');
      const [schema] = await session.query<{ name: string }>('SELECT nspname AS name FROM pg_namespace WHERE oid = pg_my_temp_schema()');
      const [toast] = await session.query<{ name: string }>(
        "SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = (SELECT reltoastrelid FROM pg_class WHERE oid = 'churned.orders'::regclass)",
      );
      const index = [
        'pg_catalog.pg_class_oid_index',
        toast?.name,
        'churned.rooms_during_excl',
        'churned.owned_pkey',
        'churned.orders_note',
        `${schema?.name}.passing_pkey`,
      ];
      const before = await indexesOf(target);
      const { ok, indexes } = await outcomes(target, { index, apply: true });
      expect(ok).toBe(false);
      expect(Object.fromEntries(indexes.map(([name, outcome, why]) => [String(name), `${outcome}: ${why}`]))).toEqual({
        'pg_catalog.pg_class_oid_index': expect.stringMatching(/^refused: .*catalogue/),
        [toast?.name ?? '']: expect.stringMatching(/^refused: .*TOAST/),
        'churned.rooms_during_excl': expect.stringMatching(/^refused: .*exclusion constraint/),
        'churned.owned_pkey': expect.stringMatching(/^refused: .*extension citext/),
        'churned.orders_note': expect.stringMatching(/^refused: .*invalid/),
        [`${schema?.name}.passing_pkey`]: expect.stringMatching(/^refused: .*temporary/),
      });
      expect(await indexesOf(target)).toEqual(before);
    });
    const reader = await roleIn(target, 'GRANT USAGE ON SCHEMA churned TO $role');
    expect((await outcomes(reader, { index: ['churned.orders_pkey'], apply: true })).indexes).toEqual([
      ['churned.orders_pkey', 'refused', expect.stringContaining('does not own its table')],
    ]);
  });

  test('is what would take more than its budget, while what fits is rebuilt', async () => {
    const target = await churned();
    const sizes = await indexesOf(target);
    const customer = sizes.find(({ name }) => name === 'orders_customer')?.bytes ?? 0;
    const { ok, indexes } = await outcomes(target, { index: ORDERS, apply: true, maxBytes: `${Math.ceil(customer * 1.2)}B` });
    expect(ok).toBe(false);
    expect(indexes).toEqual([
      ['churned.orders_customer', 'rebuilt', null],
      ['churned.orders_note', 'refused', expect.stringMatching(/may take .* --max-bytes allows/)],
    ]);
  });

  test('is anything outside the window, or after the deadline', async () => {
    const target = await churned();
    const before = await indexesOf(target);
    const noon = () => new Date('2026-01-10T12:00:00Z');
    const given = { index: ['churned.orders_note'], apply: true };
    expect(await outcomes(target, { ...given, window: '13:00-14:00' }, noon)).toEqual({
      ok: false,
      indexes: [['churned.orders_note', 'refused', expect.stringContaining('13:00-14:00 (UTC)')]],
    });
    expect(await outcomes(target, { ...given, window: '12:30-13:30', timezone: 'Asia/Kolkata' }, noon)).toMatchObject({ ok: false });
    expect((await outcomes(target, { ...given, deadline: '0s' }, noon)).indexes).toEqual([
      ['churned.orders_note', 'refused', expect.stringContaining('deadline')],
    ]);
    expect(await indexesOf(target)).toEqual(before);
    expect(await outcomes(target, { ...given, window: '13:00-14:00', timezone: 'Europe/Berlin' }, noon)).toMatchObject({ ok: true });
  });
});

describe('asked wrong', () => {
  test.each([
    ['nothing to rebuild', {}, 'bad-option', /Nothing says which/],
    ['no budget', { index: ORDERS, apply: true, maxBytes: undefined }, 'bad-option', /--max-bytes/],
    ['an index that is not there', { index: ['churned.nothing'] }, 'unknown-index', /churned\.nothing/],
    ['a table', { index: ['churned.orders'] }, 'unknown-index', /churned\.orders/],
    ['no schema', { index: ['orders_note'] }, 'bad-option', /orders_note/],
    ['a state that is none', { index: ORDERS, state: '/dev/null/state' }, 'bad-option', /--state/],
    ['the latest report of no store', { fromReport: 'latest' }, 'bad-option', /--storage|store/],
  ])('%s is told', async (_, given, code, message) => {
    const target = await churned();
    expect(await rejectionOf(runReindex(target, given))).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

/** Within 5 %, or by a page where that is less. */
function isPredicted({ predictedBytes, bytesAfter }: IndexOutcome): boolean {
  return Math.abs((predictedBytes ?? 0) - (bytesAfter ?? 0)) <= Math.max(8192, 0.05 * (bytesAfter ?? 0));
}
