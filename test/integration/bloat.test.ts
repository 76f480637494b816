import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HARD_SHAPES } from '../../scripts/bench/indexes/hard-shapes.ts';
import { fillShapes } from '../../scripts/bench/indexes/make.ts';
import { OTHER_SHAPES } from '../../scripts/bench/indexes/other-shapes.ts';
import { SHAPES } from '../../scripts/bench/indexes/shapes.ts';
import { readModelled } from '../../src/drill/fresh-indexes.ts';
import { parseManifest } from '../../src/format/manifest.ts';
import { type Bloat, type BloatReport, bloatRatio } from '../../src/indexes/bloat/bloat.ts';
import { type BloatSources, judgeBloat } from '../../src/indexes/bloat/judge.ts';
import { measureIndexes, NEVER_DRILLED } from '../../src/indexes/bloat/measured.ts';
import { readIndexes } from '../../src/indexes/catalogue/indexes.ts';
import { withCarefulSession } from '../../src/indexes/catalogue/session.ts';
import { openSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { recordingContext, runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { roleIn } from '../harness/roles.ts';

const signal = new AbortController().signal;
const newest = Math.max(...majors());
const NOTHING: BloatSources = { drilled: NEVER_DRILLED, exact: false };

/** A report with the names of its indexes. */
async function judge(target: ConnectionTarget, sources: BloatSources = NOTHING) {
  return withCarefulSession(target, signal, async (session) => {
    const indexes = await readIndexes(session);
    const names = new Map(indexes.map(({ oid, name }) => [oid, name]));
    const report: BloatReport = await judgeBloat(session, indexes, sources, signal);
    return {
      judged: new Map(report.judged.map((bloat) => [names.get(bloat.oid) ?? '', bloat])),
      notExamined: new Map(report.notExamined.map((one) => [names.get(one.oid) ?? '', one])),
    };
  });
}

async function sizes(target: ConnectionTarget): Promise<Map<string, number>> {
  const rows = await runSql<{ name: string; bytes: number }>(
    target,
    "SELECT relname AS name, pg_relation_size(oid)::float8 AS bytes FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace",
  );
  return new Map(rows.map(({ name, bytes }) => [name, bytes]));
}

const CHURNED = `
  CREATE TABLE jobs (id bigint PRIMARY KEY, customer_id int, state text);
  CREATE INDEX jobs_by_customer ON jobs (customer_id);
  CREATE INDEX jobs_waiting ON jobs (id) WHERE state = 'waiting';
  CREATE INDEX jobs_by_words ON jobs USING gin (string_to_array(state, ' '));
  CREATE INDEX jobs_hashed ON jobs USING hash (id);
  INSERT INTO jobs SELECT i, i % 500, CASE WHEN i % 20 = 0 THEN 'waiting' ELSE 'done' END FROM generate_series(1, 20000) i;
  UPDATE jobs SET customer_id = (customer_id * 7) % 500;
  DELETE FROM jobs WHERE id < 12000;
`;

describe.each(majors())('bloat on Postgres %i', (major) => {
  test('is measured by a drill as a REINDEX shows it, and scaled between drills', async () => {
    const source = await freshDatabase(major);
    await runSql(source, CHURNED);
    await runSql(source, 'VACUUM ANALYZE');
    const store = await temporaryStore();
    const { id } = await runBackup(source, store.url, { database: 'jobs' });
    const { proof } = await runDrill('jobs', store.url);
    const [waiting] = await runSql<{ n: number }>(source, "SELECT count(*)::int AS n FROM jobs WHERE state = 'waiting'");
    expect(proof.indexes.find(({ name }) => name === 'jobs_waiting')).toMatchObject({ tuples: waiting?.n, counted: true });
    const manifest = parseManifest(await readFile(join(store.folder, 'jobs', id, 'manifest.json'), 'utf8'), 'the manifest');

    const drilled = measureIndexes(manifest, proof);
    const measured = await judge(source, { drilled, exact: false });
    const bloated = await judge(source, { drilled, exact: false, explainFrom: 1.5 });
    for (const [name, { evidence, ...bloat }] of bloated.judged) {
      expect(measured.judged.get(name)).toMatchObject(bloat);
      expect(evidence).toEqual(bloatRatio({ ...bloat }) >= 1.5 ? measured.judged.get(name)?.evidence : []);
    }
    const live = await sizes(source);
    await runSql(source, "INSERT INTO jobs SELECT i, i % 500, 'done' FROM generate_series(20001, 21000) i");
    await runSql(source, 'ANALYZE jobs');
    const scaled = await judge(source, { drilled, exact: false });
    await runSql(source, 'DELETE FROM jobs WHERE id > 20000');
    await runSql(source, 'VACUUM jobs');
    await runSql(source, 'REINDEX TABLE jobs');
    const rebuilt = await sizes(source);

    for (const name of ['jobs_pkey', 'jobs_by_customer', 'jobs_waiting', 'jobs_by_words']) {
      expect(measured.judged.get(name)).toMatchObject({ method: 'measured', bytes: live.get(name), rebuiltBytes: rebuilt.get(name) });
      expect(drilled.indexes.get(`public.${name}`)).toMatchObject({ bytes: live.get(name), rebuiltBytes: rebuilt.get(name) });
    }
    expect(bloatRatio(measured.judged.get('jobs_pkey') as Bloat)).toBeGreaterThan(2);
    expect(scaled.judged.get('jobs_by_customer')).toMatchObject({ method: 'scaled', confidence: 'high' });
    expect(measured.notExamined.get('jobs_hashed')).toMatchObject({ why: expect.stringMatching(/hash/), remedy: null });
  });
});

describe('bloat between drills', () => {
  test('is known of an index whose keys became others, by what the statistics of the drill said and say now', async () => {
    const source = await freshDatabase(newest);
    await runSql(
      source,
      `CREATE TABLE people (id int, nickname text, seen timestamptz, gone timestamptz);
       CREATE INDEX people_by_nickname ON people (nickname);
       CREATE INDEX people_by_seen ON people (seen);
       CREATE INDEX people_by_gone ON people (gone);
       INSERT INTO people SELECT i, 'n' || i, NULL, CASE WHEN i % 400 = 0 THEN timestamptz '2025-01-01' + i * interval '1 s' END FROM generate_series(1, 100000) i`,
    );
    await runSql(source, 'VACUUM ANALYZE');
    const store = await temporaryStore();
    const { id } = await runBackup(source, store.url, { database: 'people' });
    const { proof } = await runDrill('people', store.url);
    const manifest = parseManifest(await readFile(join(store.folder, 'people', id, 'manifest.json'), 'utf8'), 'the manifest');
    await runSql(
      source,
      "UPDATE people SET nickname = repeat('long ', 8) || nickname, seen = timestamptz '2026-01-01' + id * interval '1 s', gone = timestamptz '2026-01-01' + id * interval '1 s' WHERE id % 10 = 0",
    );
    await runSql(source, 'VACUUM ANALYZE');
    const byTuples = { ...proof, indexes: proof.indexes.map(({ modelled, ...index }) => index) };
    const scaled = await judge(source, { drilled: measureIndexes(manifest, proof), exact: false });
    const blindly = await judge(source, { drilled: measureIndexes(manifest, byTuples), exact: false });
    await runSql(source, 'REINDEX TABLE people');
    for (const [name, bytes] of await sizes(source)) {
      const off = ({ judged }: typeof scaled) => Math.abs((judged.get(name) as Bloat).rebuiltBytes / bytes - 1);
      expect(off(scaled), name).toBeLessThan(0.04);
      expect(off(blindly), name).toBeGreaterThan(0.08);
      expect(scaled.judged.get(name)).toMatchObject({ method: 'scaled', confidence: 'high' });
      expect(blindly.judged.get(name)).toMatchObject({ method: 'scaled', confidence: 'medium' });
    }
  });
});

test('A drill goes on when nobody can read what the statistics say of its indexes', async () => {
  const context = recordingContext();
  const nowhere = { host: '/nonexistent', port: 5432, user: 'nobody', password: null, database: 'nothing', parameters: {} };
  expect(await readModelled(nowhere, context)).toEqual(new Map());
  expect(context.lines).toEqual([expect.stringMatching(/^warning: .* by their tuples alone: .*nonexistent/)]);
});

describe('bloat by the statistics', () => {
  test('is what a REINDEX shows wherever it is said with high confidence, and a fresh index is never bloated', async () => {
    const target = await freshDatabase(newest);
    await fillShapes(target, [...SHAPES, ...OTHER_SHAPES, ...HARD_SHAPES], 6000);
    await runSql(target, 'CREATE EXTENSION pgstattuple');
    const { judged } = await judge(target);
    const counted = await judge(target, { ...NOTHING, exact: true });
    await runSql(target, 'REINDEX SCHEMA public');
    const rebuilt = await sizes(target);
    const wrong: unknown[] = [];
    for (const [report, most] of [
      [judged, 0.06],
      [counted.judged, 0.2],
    ] as const) {
      for (const [name, bloat] of report) {
        const truth = bloat.bytes / (rebuilt.get(name) ?? 0);
        const off = Math.abs(bloatRatio(bloat) - truth);
        if (bloat.confidence === 'high' && off > most * truth) wrong.push({ name, truth, ...bloat });
        if (truth < 1.01 && bloatRatio(bloat) >= 1.5) wrong.push({ name, falseAlarm: true, ...bloat });
      }
    }
    expect(wrong).toEqual([]);
    expect([...judged.values()].filter(({ confidence }) => confidence === 'high').length).toBeGreaterThan(judged.size * 0.45);
    expect([...counted.judged.values()].every(({ method }) => method === 'exact')).toBe(true);
    expect(counted.judged.get('shape_queue_index')?.evidence[0]).toMatch(/and 0 empty and [1-9]\d* deleted pages/);
  });

  test('is had of a column that is not analyzed any more, by what was gathered before', async () => {
    const target = await freshDatabase(newest);
    await runSql(
      target,
      'CREATE TABLE t (id int PRIMARY KEY, a int); CREATE INDEX t_a ON t (a); INSERT INTO t SELECT i, i % 4000 FROM generate_series(1, 50000) i; ANALYZE t',
    );
    await runSql(target, 'ALTER TABLE t ALTER a SET STATISTICS 0; ANALYZE t');
    expect((await judge(target)).judged.get('t_a')).toMatchObject({ method: 'estimated' });
  });

  test('is not known to a role that may not see them, which is told what would let it', async () => {
    const target = await freshDatabase(newest);
    await runSql(target, 'CREATE TABLE secrets (id bigint PRIMARY KEY, word text); CREATE INDEX by_word ON secrets (lower(word));');
    await runSql(target, "INSERT INTO secrets SELECT i, 'w' || i FROM generate_series(1, 1000) i; ANALYZE secrets");
    const monitor = await roleIn(target, 'GRANT pg_monitor TO $role');
    const blind = await judge(monitor);
    expect(blind.judged.size).toBe(0);
    expect(blind.notExamined.get('secrets_pkey')).toMatchObject({ remedy: expect.stringMatching(/^GRANT pg_read_all_data/) });
    expect(blind.notExamined.get('by_word')).toMatchObject({ remedy: expect.stringMatching(/pg_read_all_data/) });

    await runSql(target, `GRANT SELECT ON secrets TO ${monitor.user}`);
    const granted = await judge(monitor);
    expect([...granted.judged.keys()]).toEqual(['secrets_pkey']);
    await runSql(target, `GRANT pg_read_all_data TO ${monitor.user}`);
    expect((await judge(monitor)).judged.size).toBe(2);
  });

  test('is not known of a table that nobody analyzed, nor of an index that somebody has locked', async () => {
    const target = await freshDatabase(newest);
    await runSql(
      target,
      'CREATE TABLE young (id int) WITH (autovacuum_enabled = off); INSERT INTO young SELECT generate_series(1, 1000); CREATE INDEX by_id ON young (id)',
    );
    await runSql(target, 'CREATE TABLE held (id int); CREATE INDEX held_by_id ON held (id); ANALYZE held');
    const holder = await openSession(target);
    try {
      await holder.query('BEGIN');
      await holder.query('LOCK TABLE held; REINDEX INDEX held_by_id');
      const { judged, notExamined } = await judge(target);
      expect(judged.size).toBe(0);
      expect(notExamined.get('by_id')).toMatchObject({
        why: expect.stringMatching(/never analyzed|no statistics/),
        remedy: 'ANALYZE "public"."young";',
      });
      expect(notExamined.get('held_by_id')).toMatchObject({ why: expect.stringMatching(/locked/) });
    } finally {
      await holder.close();
    }
  });
});

describe('bloat by pgstattuple', () => {
  test('is left to the statistics, and says so, where the extension is not to be had or a role may not use it', async () => {
    const target = await freshDatabase(newest);
    await runSql(target, 'CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things SELECT generate_series(1, 1000); ANALYZE things');
    const exact = { ...NOTHING, exact: true };
    const said = async (as: ConnectionTarget) => (await judge(as, exact)).judged.get('things_pkey');
    expect(await said(target)).toMatchObject({ method: 'estimated', evidence: expect.arrayContaining([expect.stringMatching(/not installed/)]) });
    await runSql(target, 'CREATE EXTENSION pgstattuple');
    const reader = await roleIn(target, 'GRANT pg_read_all_data TO $role');
    expect(await said(reader)).toMatchObject({ method: 'estimated', evidence: expect.arrayContaining([expect.stringMatching(/may not use/)]) });
    await runSql(target, `GRANT pg_stat_scan_tables TO ${reader.user}`);
    expect(await said(reader)).toMatchObject({ method: 'exact', confidence: 'high' });
  });
});
