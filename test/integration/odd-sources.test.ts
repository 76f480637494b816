import { beforeAll, describe, expect, test } from 'vitest';
import type { Proof } from '../../src/format/proof.ts';
import { startScratch } from '../../src/postgres/scratch.ts';
import { withDatabase } from '../../src/postgres/url.ts';
import { recordingContext, runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { clusterOf, freshDatabase, majors, runSql } from '../harness/postgres.ts';

/** Sources that are set up in ways of their own, and must be proven all the same. */
let store: { url: string };
beforeAll(async () => {
  store = await temporaryStore();
});

const found = ({ checks }: Proof) => checks.flatMap(({ findings }) => findings);

describe.each(majors().map((major) => ({ major })))('Postgres $major', ({ major }) => {
  test('sequences whose values are left out, before any other', async () => {
    const source = await freshDatabase(major);
    await runSql(source, 'CREATE SEQUENCE a START 7; CREATE SEQUENCE b; CREATE TABLE t (id serial); SELECT setval($$a$$, 12), setval($$b$$, 3)');
    await runBackup(source, store.url, { database: `left-out-${major}`, excludeTableData: ['a'] });
    const { proof } = await runDrill(`left-out-${major}`, store.url);
    expect(found(proof)).toEqual([]);
    expect(proof.checks.find(({ name }) => name === 'sequences')).toMatchObject({
      examined: 3,
      skipped: [{ object: 'public.a', reason: expect.stringContaining('left out') }],
    });
  });

  test('standard_conforming_strings turned off', async () => {
    const source = await freshDatabase(major);
    await runSql(
      source,
      String.raw`CREATE TABLE t (path text DEFAULT 'c:\dir' CHECK (path <> '\')); CREATE VIEW v AS SELECT 'a\b' AS x, path FROM t`,
    );
    await runSql(source, `ALTER DATABASE ${source.database} SET standard_conforming_strings = off`);
    await runBackup(source, store.url, { database: `strings-${major}` });
    const { proof } = await runDrill(`strings-${major}`, store.url);
    expect(found(proof)).toEqual([]);
  });

  test('a schema public that belongs to a superuser whom scratch does not have', async () => {
    const scratch = await startScratch({ installation: clusterOf(major).installation, context: recordingContext() });
    try {
      await runSql(scratch.target, `CREATE ROLE other SUPERUSER LOGIN PASSWORD 'other'`);
      const other = { ...scratch.target, user: 'other', password: 'other' };
      await runSql(other, 'ALTER ROLE postgres RENAME TO boss');
      await runSql(other, 'CREATE DATABASE shop');
      const source = withDatabase(other, 'shop');
      await runSql(
        source,
        'ALTER SCHEMA public OWNER TO boss; GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE TABLE t (id int); ALTER TABLE t OWNER TO boss',
      );
      await runBackup(source, store.url, { database: `boss-${major}` });
    } finally {
      await scratch.stop();
    }
    const { proof } = await runDrill(`boss-${major}`, store.url);
    expect(found(proof)).toEqual([]);
  });
});
