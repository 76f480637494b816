import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareDatabases, restoreByHand } from '../harness/compare.ts';
import { clientBindir } from '../harness/corpus-database.ts';
import { drillServer } from '../harness/drill-server.ts';
import { runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';

const { major } = clusterOf();

test('a database of 300 MB goes into as many parts as there are jobs, each of use, and comes back by every way', async () => {
  const source = await shopDatabase();
  const wide = (rows: number) => `AS SELECT i AS id, repeat(md5(i::text), 30) AS line FROM generate_series(1, ${rows}) i`;
  await runSql(
    source,
    `CREATE SCHEMA "Data.1"; CREATE TABLE shop.one ${wide(95_000)}; CREATE TABLE "Data.1"."T ""wo" ${wide(90_000)}; CREATE TABLE shop.three ${wide(85_000)};
     CREATE TABLE shop.four ${wide(30_000)}; CREATE INDEX ON shop.one (id); ALTER TABLE "Data.1"."T ""wo" ADD PRIMARY KEY (id); CREATE INDEX ON shop.four (md5(line))`,
  );
  const store = await temporaryStore();
  const backup = await runBackup(source, store.url, { database: 'large', jobs: '3' });
  expect(backup.parts.map((part) => part.name)).toEqual([
    'schema.dump.zst',
    'data-00.dump.zst',
    'data-01.dump.zst',
    'data-02.dump.zst',
    'globals.sql.zst',
  ]);
  for (const part of backup.parts.filter(({ kind }) => kind === 'data')) expect(part.plain.bytes, part.name).toBeGreaterThan(50_000_000);

  const server = await drillServer();
  const drill = await runDrill('large', store.url, { into: server.url, jobs: '3' });
  expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
  expect(drill).toMatchObject({ ok: true, proof: { rows: backup.rows } });

  const bindir = await clientBindir(major);
  const byHand = await freshDatabase(major);
  await restoreByHand(join(store.folder, 'large', backup.id), byHand, bindir);
  expect(await compareDatabases(bindir, source, byHand)).toEqual([]);
  await runSql(byHand, 'DROP TABLE shop.one, "Data.1"."T ""wo", shop.three');

  const restored = await freshDatabase(major);
  expect(await runRestore('large', store.url, restored, { jobs: '2' })).toMatchObject({ rows: backup.rows });
  expect(await compareDatabases(bindir, source, restored)).toEqual([]);

  const some = await freshDatabase(major);
  expect(await runRestore('large', store.url, some, { table: ['"Data.1"."T ""wo"', 'shop.four'] })).toMatchObject({ tables: 2, rows: 120_000 });
});
