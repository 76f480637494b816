import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listBackupIds, listDatabases } from '../../src/catalog/backups.ts';
import { reportsFolder } from '../../src/format/layout.ts';
import { type IndexesResult, indexes } from '../../src/indexes/indexes.ts';
import { parseReport } from '../../src/indexes/stored-reports.ts';
import { indexesOptions } from '../../src/options/indexes.ts';
import { pruneOptions } from '../../src/options/prune.ts';
import { openSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { coverageLines } from '../../src/report/indexes/coverage.ts';
import { pruneStore } from '../../src/retention/prune.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { recordingContext, temporaryStore, urlOf } from '../harness/engine.ts';
import { writeBackup } from '../harness/history.ts';
import { CLEAN, INDEX_FAULTS, INVALID_INDEXES } from '../harness/index-faults.sql.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { roleIn } from '../harness/roles.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';

const signal = new AbortController().signal;
const run = (target: ConnectionTarget, given: Record<string, unknown> = {}, context = recordingContext()) =>
  indexes(indexesOptions.parse({ databaseUrl: urlOf(target), ...given }), context);
const namesOf = ({ report }: IndexesResult) => report.findings.map(({ kind, object }) => `${kind} ${object}`).sort();

let faulty: ConnectionTarget;
let clean: ConnectionTarget;
beforeAll(async () => {
  const major = Math.max(...majors());
  [faulty, clean] = [await freshDatabase(major), await freshDatabase(major)];
  for (const sql of INDEX_FAULTS) await runSql(faulty, sql);
  for (const sql of INVALID_INDEXES) await rejectionOf(runSql(faulty, sql));
  for (const sql of CLEAN) await runSql(clean, sql);
});

describe('a report on the indexes of a database', () => {
  test('has every fault once, each with what would mend it', async () => {
    const result = await run(faulty, { unusedAfter: '0s', minTable: '100kB' });
    expect(namesOf(result)).toEqual([
      'duplicate faults.twin_b',
      'foreign-key faults.rows rows_target_fkey',
      'invalid faults.halted',
      'leftover faults.halted_ccnew1',
      'redundant faults.short',
      'sequence faults.counters_id_seq',
      'sequential-scans faults.rows',
      'statistics faults.stale',
      'unused faults.idle',
    ]);
    const { findings } = result.report;
    expect(findings[0]).toMatchObject({ kind: 'sequence', level: 'act' });
    for (const { kind, evidence, remedySql } of findings) {
      expect(evidence.join(' ')).not.toBe('');
      if (kind !== 'sequential-scans') expect(remedySql).toMatch(/;$/);
    }
    expect(result).toMatchObject({ ok: true, reportKey: null, measuredBy: null, report: { previous: null, gone: null } });
  });

  test('has no finding where there is no fault', async () => {
    const result = await run(clean, { failOn: 'warn' });
    expect(namesOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
  });

  test('tells apart what only looks alike, and a foreign key from an index that cannot serve it', async () => {
    const major = Math.max(...majors());
    const target = await freshDatabase(major);
    await runSql(target, ALIKE);
    if (major >= 18) await runSql(target, PERIODS);
    const result = await run(target);
    expect(namesOf(result)).toEqual([
      'foreign-key public.notes notes_other_fkey',
      'foreign-key public.years years_key_fkey',
      'redundant public.notes_middle',
      'redundant public.notes_short',
    ]);
    for (const { kind, evidence } of result.report.findings) if (kind === 'redundant') expect(evidence[0]).toMatch(/^public\.notes_long begins/);
  });

  test('does not call statistics stale that were gathered in the session that had changed the rows', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    await runSql(target, 'CREATE TABLE t WITH (autovacuum_enabled = off) AS SELECT n FROM generate_series(1, 10000) n');
    const session = await openSession(target, { signal });
    try {
      for (const sql of ['DELETE FROM t WHERE n > 4000', 'VACUUM ANALYZE t', 'SELECT pg_stat_force_next_flush()']) await session.query(sql);
    } finally {
      await session.close();
    }
    const [counters] = await runSql<{ changed: number }>(target, 'SELECT n_mod_since_analyze::int AS changed FROM pg_stat_user_tables');
    expect(counters?.changed).toBe(6000);
    expect(namesOf(await run(target))).toEqual([]);
    await runSql(target, 'DELETE FROM t WHERE n > 1000; SELECT pg_stat_force_next_flush()');
    expect(namesOf(await run(target))).toEqual(['statistics public.t']);
  });

  test('says of every index how it was examined, or why it was not', async () => {
    const { report } = await run(faulty);
    const { indexes: all, methods, notExamined } = report.coverage;
    const examined = Object.values(methods).reduce((sum, n) => sum + n, 0);
    expect(examined + notExamined.reduce((sum, group) => sum + group.indexes, 0)).toBe(all);
    expect(all).toBe(report.indexes.length);
    expect(coverageLines(report)[0]).toMatch(new RegExp(`^Bloat of ${all} indexes: `));
  });

  test('says what a role with nothing but pg_monitor cannot see, and which grant would show it', async () => {
    const role = await roleIn(faulty, 'GRANT pg_monitor TO $role; GRANT USAGE ON SCHEMA faults TO $role');
    const result = await run(role, { unusedAfter: '0s' });
    expect(namesOf(result)).toContain('duplicate faults.twin_b');
    expect(namesOf(result)).not.toContain('sequence faults.counters_id_seq');
    expect(coverageLines(result.report).join('\n')).toMatch(/Not examined: 2 sequences .*GRANT pg_read_all_data TO "r_/);
  });

  test('finds what is left of a rebuild of a TOAST table, and leaves alone what is being dropped', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    await runSql(target, 'CREATE TABLE t (a text, b int); CREATE INDEX t_b ON t (b); INSERT INTO t VALUES (1, 1)');
    const reader = await openSession(target, { signal });
    const worker = await openSession(target, { signal });
    const invalid = async () => namesOf(await run(target)).filter((name) => /^(?:leftover|invalid)/.test(name));
    try {
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t');
      await worker.query("SET lock_timeout = '200ms'");
      await rejectionOf(worker.query('REINDEX TABLE CONCURRENTLY t'));
      expect(await invalid()).toEqual([expect.stringMatching(/^leftover pg_toast\.pg_toast_\d+_index_ccnew$/), 'leftover public.t_b_ccnew']);
      await reader.query('COMMIT');
      await runSql(target, 'REINDEX TABLE t; DROP INDEX t_b_ccnew');
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM t');
      await worker.query('SET lock_timeout = 0');
      const dropped = worker.query('DROP INDEX CONCURRENTLY t_b');
      await eventually(async () => (await runSql(target, "SELECT FROM pg_index WHERE indexrelid = 't_b'::regclass AND NOT indisvalid")).length === 1);
      expect((await invalid()).filter((name) => name.includes('t_b'))).toEqual([]);
      await reader.query('COMMIT');
      await dropped;
    } finally {
      await reader.close();
      await worker.close();
    }
  });

  test('says once which grant shows the statistics of many tables, and which those behind row security', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    const tables = ['a', 'b', 'c'].map((name) => `CREATE TABLE ${name} (id int PRIMARY KEY); INSERT INTO ${name} VALUES (1); ANALYZE ${name}`);
    await runSql(target, tables.join(';'));
    const lines = async (grants: string) => coverageLines((await run(await roleIn(target, grants))).report);
    expect(await lines('GRANT pg_monitor TO $role')).toContainEqual(
      expect.stringMatching(
        /^Not examined: 3 indexes of 48\.0 KiB \(.*\)\. The role may not see the statistics .* GRANT pg_read_all_data TO the role/,
      ),
    );
    await runSql(target, 'ALTER TABLE a ENABLE ROW LEVEL SECURITY');
    expect(await lines('GRANT pg_read_all_data TO $role')).toContainEqual(
      expect.stringMatching(/^Not examined: 1 index .*Row security hides the statistics .*BYPASSRLS/),
    );
  });

  test('says how many indexes --exact did not count, and why', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    await runSql(target, 'CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1); ANALYZE t');
    const line = async (role: ConnectionTarget) =>
      coverageLines((await run(role, { exact: true })).report).find((one) => one.startsWith('Not examined: the pages'));
    expect(await line(target)).toBe(
      'Not examined: the pages of 1 index (--exact). The extension pgstattuple is not installed. CREATE EXTENSION pgstattuple;',
    );
    await runSql(target, 'CREATE SCHEMA kept; CREATE EXTENSION pgstattuple SCHEMA kept');
    expect(await line(target)).toBeUndefined();
    expect(await line(await roleIn(target, 'GRANT pg_read_all_data TO $role'))).toMatch(
      /The role may not use pgstattuple\. GRANT pg_stat_scan_tables/,
    );
    await runSql(target, 'REVOKE USAGE ON SCHEMA kept FROM PUBLIC');
    expect(await line(await roleIn(target, 'GRANT pg_stat_scan_tables TO $role'))).toMatch(/GRANT USAGE ON SCHEMA "kept"/);
  });

  test('can be made by a role with no grant at all, which sees what everybody may', async () => {
    const result = await run(await roleIn(faulty, ''));
    expect(namesOf(result)).toEqual(expect.arrayContaining(['duplicate faults.twin_b', 'invalid faults.halted', 'redundant faults.short']));
    expect(coverageLines(result.report).join('\n')).toMatch(/Not examined: 2 sequences/);
  });

  test('names what somebody has locked, and does not wait for it', async () => {
    const holder = await openSession(faulty, { signal });
    try {
      await holder.query(
        'BEGIN; LOCK TABLE faults.target IN ACCESS EXCLUSIVE MODE; REINDEX INDEX faults.twin_a; ALTER SEQUENCE faults.counters_id_seq CACHE 2',
      );
      const result = await run(faulty);
      const lines = coverageLines(result.report).join('\n');
      expect(lines).toMatch(/faults\.target_(?:pkey|alternative_key)/);
      expect(lines).toMatch(/faults\.twin_a/);
      expect(lines).toMatch(/Not examined: 1 sequence \(faults\.counters_id_seq\)\. It was locked/);
      expect(namesOf(result)).toContain('statistics faults.stale');
    } finally {
      await holder.close();
    }
  });
});

describe('reports in a store', () => {
  test('say what has changed since the last one, and are no backups', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    await runSql(target, 'CREATE TABLE t (a int, b int); CREATE INDEX one ON t (a); CREATE INDEX two ON t (a)');
    const { url, folder } = await temporaryStore();
    const given = { storage: url, database: 'shop', keepReports: '2' };
    const first = await run(target, given);
    expect(first.report.findings).toMatchObject([{ kind: 'duplicate', object: 'public.two', change: null }]);
    expect(first.reportKey).toMatch(/^shop\/reports\/\d{8}T\d{6}Z\.json$/);

    await rewriteTime(folder, first, '2026-01-01T00:00:00.000Z');
    await runSql(target, 'DROP INDEX two; CREATE INDEX three ON t (b, a); CREATE INDEX four ON t (b)');
    const second = await run(target, given);
    expect(second.report).toMatchObject({
      previous: '2026-01-01T00:00:00.000Z',
      findings: [{ kind: 'redundant', object: 'public.four', change: 'new' }],
      gone: [{ kind: 'duplicate', object: 'public.two' }],
    });
    const seen = new Map(second.report.indexes.map(({ name, seenSince }) => [name, seenSince]));
    expect(seen.get('one')).toBe('2026-01-01T00:00:00.000Z');
    expect(seen.get('four')).toBe(second.report.at);

    await rewriteTime(folder, second, '2026-02-01T00:00:00.000Z');
    const third = await run(target, given);
    expect(third.report).toMatchObject({ previous: '2026-02-01T00:00:00.000Z', findings: [{ change: 'same' }], gone: [] });
    expect((await readdir(join(folder, 'shop', 'reports'))).sort()).toEqual(['20260201T000000Z.json', third.reportKey?.split('/').at(-1)]);

    const store = openFileStore(url);
    expect(await listDatabases(store, signal)).toEqual(['shop']);
    expect(await listBackupIds(store, 'shop', signal)).toEqual([]);
    await writeBackup(store, 'shop', { at: '2026-01-02T00:00:00.000Z', drills: ['proven'] });
    const pruned = await pruneStore(store, pruneOptions.parse({ storage: url, database: 'shop', keepLast: '1', apply: true }), recordingContext());
    expect(pruned).toMatchObject({ decisions: [{ action: 'keep' }], unreadable: [], orphans: [] });
    expect(await readdir(join(folder, reportsFolder('shop')))).toHaveLength(2);
  });

  test('forget nothing of what was locked, and call nothing gone that nobody could look at', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    await runSql(
      target,
      `CREATE TABLE t (id smallserial, a int); SELECT setval('t_id_seq', 32000);
       CREATE INDEX one ON t (a); CREATE INDEX two ON t (a); INSERT INTO t (a) SELECT n FROM generate_series(1, 100) n; ANALYZE t`,
    );
    const { url, folder } = await temporaryStore();
    const given = { storage: url, database: 'shop', unusedAfter: '7d' };
    const first = await run(target, given);
    expect(namesOf(first)).toEqual(['duplicate public.two', 'sequence public.t_id_seq']);
    await rewriteTime(folder, first, '2026-01-01T00:00:00.000Z');
    const holder = await openSession(target, { signal });
    try {
      await holder.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; ALTER SEQUENCE t_id_seq CACHE 2');
      const locked = await run(target, given);
      expect(namesOf(locked)).toEqual([]);
      expect(locked.report).toMatchObject({ gone: [], unseen: [{ object: 'public.t_id_seq' }, { object: 'public.two' }] });
      expect(locked.report.indexes).toMatchObject([
        { name: 'one', seenSince: '2026-01-01T00:00:00.000Z', definition: first.report.indexes[0]?.definition },
        { name: 'two', seenSince: '2026-01-01T00:00:00.000Z' },
      ]);
      await rewriteTime(folder, locked, '2026-01-02T00:00:00.000Z', {});
    } finally {
      await holder.close();
    }
    const again = await run(target, given);
    expect(again.report).toMatchObject({ findings: [{ change: 'same' }, { change: 'same' }], gone: [], unseen: [] });
    await rewriteTime(folder, again, '2026-01-03T00:00:00.000Z', {});
    await runSql(target, 'DROP INDEX two');
    expect((await run(target, given)).report).toMatchObject({ gone: [{ kind: 'duplicate', object: 'public.two' }], unseen: [] });
  });

  test('of another server, and of a time to come, are no report before this one', async () => {
    const { url, folder } = await temporaryStore();
    const given = { storage: url, database: 'shop' };
    const first = await run(clean, given);
    await rewriteTime(folder, first, '2026-01-01T00:00:00.000Z', {});
    const { report } = first;
    const write = async (name: string, changed: object) =>
      openFileStore(url).put(`shop/reports/${name}.json`, Buffer.from(JSON.stringify({ ...report, ...changed })));
    await write('20260102T000000Z', { at: '2026-01-02T00:00:00.000Z', server: { ...report.server, systemIdentifier: '1' } });
    await write('20990101T000000Z', { at: '2099-01-01T00:00:00.000Z' });
    expect((await run(clean, given)).report.previous).toBe('2026-01-01T00:00:00.000Z');
  });

  test('that cannot be read are passed over', async () => {
    const { url } = await temporaryStore();
    const store = openFileStore(url);
    const { report } = await run(clean, { storage: url, database: 'shop' });
    for (const text of ['', '{}', JSON.stringify({ ...report, format: 99 }), JSON.stringify({ ...report, indexes: [{}] })]) {
      expect(parseReport(text)).toBeNull();
      await store.put('shop/reports/20990101T000000Z.json', Buffer.from(text));
      expect((await run(clean, { storage: url, database: 'shop' })).report.previous).toBe(report.at);
      await store.delete('shop/reports/20990101T000000Z.json');
      await rm(join(new URL(url).pathname, 'shop', 'reports'), { recursive: true });
      await store.put(`shop/reports/20260101T000000Z.json`, Buffer.from(JSON.stringify(report)));
    }
  });
});

describe('a report', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-report-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('is written as four files, and fails only on what it was told to fail on', async () => {
    const out = join(folder, 'new', 'report');
    const result = await run(faulty, { out, failOn: 'act' });
    expect(result).toMatchObject({ ok: false, folder: out });
    expect((await readdir(out)).sort()).toEqual(['report.json', 'report.md', 'report.sql', 'report.svg']);
    expect(parseReport(await readFile(join(out, 'report.json'), 'utf8'))).toEqual(result.report);
    // psql runs it as it stands, and nothing is gone afterwards
    const sql = await readFile(join(out, 'report.sql'), 'utf8');
    const live = sql.split('\n').filter((line) => line !== '' && !line.startsWith('--') && !line.startsWith('\\'));
    expect(live).toContain('ANALYZE "faults"."stale";');
    for (const statement of live) await runSql(faulty, statement);
    expect(namesOf(await run(faulty))).not.toContain('statistics faults.stale');
    expect(namesOf(await run(faulty))).toContain('duplicate faults.twin_b');
  });

  test('leaves out what a rule says to live with, and lists it with the reason', async () => {
    const context = recordingContext();
    const ignore = ['faults.twin_* duplicate: the planner of 1998 needs both', 'short until 2020-01-01: for a while'];
    const result = await run(faulty, { ignore }, context);
    expect(namesOf(result)).not.toContain('duplicate faults.twin_b');
    expect(namesOf(result)).toContain('redundant faults.short');
    expect(result.report.ignored).toEqual([{ kind: 'duplicate', object: 'faults.twin_b', reason: 'the planner of 1998 needs both', until: null }]);
    expect(context.lines).toContain('warning: The rule to ignore short ended on 2020-01-01.');
  });

  test('calls nothing unused when a replica could not be asked', async () => {
    const nobody = 'postgres://nobody@127.0.0.1:1/shop';
    for (const replicaUrl of [[nobody], [urlOf(clean)]]) {
      const result = await run(faulty, { unusedAfter: '0s', replicaUrl });
      expect(namesOf(result)).not.toContain('unused faults.idle');
      expect(coverageLines(result.report).join('\n')).toMatch(/Not examined: unused indexes\. .*(?:could not be asked|is no replica)/);
    }
  });
});

/** The server itself looks referencing rows up in the collation of their own column, with the equality of both columns' types. */
const ALIKE = `
  CREATE EXTENSION pg_trgm;
  CREATE TABLE keys (wide bigint PRIMARY KEY, name text UNIQUE, other text UNIQUE);
  CREATE TABLE notes (narrow int REFERENCES keys, name text REFERENCES keys (name), other text REFERENCES keys (other), at timestamptz, body text);
  CREATE INDEX ON notes (narrow, at);
  CREATE INDEX ON notes (name text_pattern_ops);
  CREATE INDEX ON notes (other COLLATE "C");
  CREATE INDEX ON notes USING brin (at) WITH (pages_per_range = 16);
  CREATE INDEX ON notes USING brin (at) WITH (pages_per_range = 128);
  CREATE INDEX ON notes USING gist (body gist_trgm_ops (siglen = 32));
  CREATE INDEX ON notes USING gist (body gist_trgm_ops (siglen = 256));
  CREATE TABLE gone ("user" bigint REFERENCES keys, x int, y int, UNIQUE (x, y), FOREIGN KEY (x, y) REFERENCES gone (x, y));
  CREATE INDEX ON gone ("user") WHERE "user" IS NOT NULL;
  CREATE TABLE years (key bigint REFERENCES keys, at date) PARTITION BY RANGE (at);
  CREATE TABLE year PARTITION OF years FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY RANGE (at);
  CREATE TABLE month PARTITION OF year FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE later PARTITION OF years FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
  CREATE INDEX notes_short ON notes (at);
  CREATE INDEX notes_middle ON notes (at, body);
  CREATE INDEX notes_long ON notes (at, body, narrow);
`;

const PERIODS = `
  CREATE EXTENSION btree_gist;
  CREATE TABLE promised (wide bigint REFERENCES keys NOT ENFORCED);
  CREATE TABLE rooms (id int, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS));
  CREATE TABLE stays (room int, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD during));
  CREATE INDEX ON stays (room);
  CREATE TABLE visits (room int, during daterange, FOREIGN KEY (room, PERIOD during) REFERENCES rooms (id, PERIOD during));
  CREATE INDEX ON visits USING gist (room, during);
`;

/** As if a report had been made at another time. */
async function rewriteTime(
  folder: string,
  { report, reportKey }: IndexesResult,
  at: string,
  entries: Partial<IndexesResult['report']['indexes'][number]> = { seenSince: at },
): Promise<void> {
  const store = openFileStore(new URL(`file://${folder}`).href);
  await store.delete(reportKey ?? '');
  const indexes = report.indexes.map((entry) => ({ ...entry, ...entries }));
  const name = `${at.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  await store.put(`shop/reports/${name}.json`, Buffer.from(JSON.stringify({ ...report, at, indexes })));
}
