import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type IndexesResult, indexes } from '../../src/indexes/indexes.ts';
import { indexesOptions } from '../../src/options/indexes.ts';
import { withSession } from '../../src/postgres/connect.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';
import { coverageLines } from '../../src/report/indexes/coverage.ts';
import { recordingContext, temporaryStore, urlOf } from '../harness/engine.ts';
import { ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf, runSql } from '../harness/postgres.ts';
import { replicatingServer, standbyOf } from '../harness/replicating-server.ts';
import { roleIn } from '../harness/roles.ts';
import { eventually } from '../harness/wait.ts';

let primary: ConnectionTarget;
let standby: ConnectionTarget;
beforeAll(async () => {
  await ownTemporaryFolder();
  const server = await replicatingServer();
  await runSql(server.target, 'CREATE DATABASE shop');
  primary = withDatabase(server.target, 'shop');
  await runSql(primary, 'CREATE TABLE t AS SELECT n, n AS read_there FROM generate_series(1, 100) n');
  await runSql(primary, 'CREATE INDEX idle ON t (n); CREATE INDEX read_there ON t (read_there); ANALYZE t');
  standby = withDatabase(await standbyOf(server), 'shop');
  await eventually(async () => (await runSql(primary, "SELECT FROM pg_stat_replication WHERE state = 'streaming'")).length === 1);
  await runSql(primary, 'SELECT pg_stat_reset()');
  await runSql(standby, 'SELECT pg_stat_reset()');
});

const run = async (given: Record<string, unknown>, context = recordingContext()) =>
  indexes(indexesOptions.parse({ databaseUrl: urlOf(primary), unusedAfter: '0s', ...given }), context);
const unused = ({ report }: IndexesResult) =>
  report.findings.filter(({ kind }) => kind === 'unused').map(({ object, confidence }) => `${object} ${confidence}`);
/** An index is read on the standby, which tells of it at once. */
const readThere = () =>
  withSession(standby, {}, async (session) => {
    await session.query('SET enable_seqscan = off');
    await session.query('SELECT FROM t WHERE read_there = 5');
    await session.query('SELECT pg_stat_force_next_flush()');
  });

test('what only a replica scans is used, and a replica that was not asked is told of', async () => {
  await readThere();
  expect(unused(await run({ unusedAfter: '1s' }))).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(unused(await run({ unusedAfter: '1s' }))).toEqual(['public.idle low', 'public.read_there low']);
  await readThere();
  expect(unused(await run({ unusedAfter: '1s', replicaUrl: [urlOf(standby)] }))).toEqual(['public.idle medium']);
});

test('a replica that was not asked is told of to every role', async () => {
  for (const grants of ['', 'GRANT pg_monitor TO $role', 'GRANT pg_read_all_data TO $role']) {
    const role = await roleIn(primary, grants);
    expect(unused(await run({ databaseUrl: urlOf(role) }))).toContain('public.idle low');
  }
});

test('a server under two names is counted once, and stands in for no other', async () => {
  const context = recordingContext();
  const result = await run({ replicaUrl: [`${urlOf(primary)} ${urlOf(primary)}`] }, context);
  expect(result.report.server.resets).toHaveLength(1);
  expect(unused(result)).toEqual(['public.idle low', 'public.read_there low']);
  expect(context.lines.filter((line) => line.includes('asked already'))).toHaveLength(2);
});

test("a replica's counters that were reset begin anew, whatever the others know", async () => {
  const { url } = await temporaryStore();
  const given = { storage: url, database: 'shop', replicaUrl: [urlOf(standby)] };
  const idleSince = ({ report }: IndexesResult) => report.indexes.find(({ name }) => name === 'idle')?.idleSince ?? '';
  const [first, second] = [await run(given), await run(given)];
  expect(idleSince(second)).toBe(idleSince(first));
  await runSql(standby, 'SELECT pg_stat_reset()');
  expect(idleSince(await run(given)) > idleSince(second)).toBe(true);
});

test('without counters nothing is called unused', async () => {
  await runSql(primary, 'ALTER DATABASE shop SET track_counts = off');
  const result = await run({});
  await runSql(primary, 'ALTER DATABASE shop RESET track_counts');
  expect(unused(result)).toEqual([]);
  expect(coverageLines(result.report).join('\n')).toMatch(/Not examined: unused indexes\. This server counts no scans: track_counts is off/);
});

test('a receiver of WAL alone is no standby', async () => {
  const { bindir } = clusterOf().installation;
  const folder = await mkdtemp(join(tmpdir(), 'lb-wal-'));
  const before = (await run({})).report;
  const receiver = spawn(join(bindir, 'pg_receivewal'), ['-D', folder, '-d', urlOf(primary), '--no-password'], { stdio: 'ignore' });
  try {
    const senders = "SELECT FROM pg_stat_replication WHERE state = 'streaming'";
    await eventually(async () => (await runSql(primary, senders)).length === 2);
    const now = (await run({})).report;
    const evidence = ({ findings }: typeof now) => findings.flatMap((finding) => finding.evidence.filter((sentence) => sentence.includes('standby')));
    expect(evidence(before)).toContain('1 standby of this server was not asked: --replica-url adds their scans up.');
    expect(evidence(now)).toEqual(evidence(before));
  } finally {
    receiver.kill();
    await once(receiver, 'close');
    await rm(folder, { recursive: true, force: true });
  }
});
