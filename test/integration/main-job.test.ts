import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { databaseFolder } from '../../src/format/layout.ts';
import { compareDatabases, restoreByHand } from '../harness/compare.ts';
import { clientBindir, corpusDatabase, databaseIn, emptyDatabaseIn } from '../harness/corpus-database.ts';
import { runBackup, runDrill, runRestore, temporaryStore } from '../harness/engine.ts';
import { freshDatabase, majors } from '../harness/postgres.ts';

describe.each(majors())('the corpus on Postgres %i', (major) => {
  test('is backed up, proven by a drill, and comes back by stock tools and by restore', async () => {
    const source = await corpusDatabase(major);
    const store = await temporaryStore();
    const backup = await runBackup(source, store.url, { database: 'corpus' });
    expect(backup.checksums).toBe(true);

    const drill = await runDrill('corpus', store.url);
    expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
    expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven', rows: backup.rows } });

    const bindir = await clientBindir(major);
    const byHand = await freshDatabase(major);
    await restoreByHand(join(store.folder, databaseFolder('corpus'), backup.id), byHand, bindir);
    expect(await compareDatabases(bindir, source, byHand)).toEqual([]);

    const restored = await freshDatabase(major);
    const result = await runRestore('corpus', store.url, restored);
    expect(result.rows).toBe(backup.rows);
    expect(await compareDatabases(bindir, source, restored)).toEqual([]);
  });

  test.each(['SQL_ASCII', 'LATIN1'] as const)('a database in %s is proven and comes back', async (encoding) => {
    const source = await databaseIn(major, encoding);
    const store = await temporaryStore();
    await runBackup(source, store.url, { database: 'bytes' });
    expect(await runDrill('bytes', store.url)).toMatchObject({ ok: true, proof: { verdict: 'proven' } });
    const restored = await emptyDatabaseIn(major, encoding);
    await runRestore('bytes', store.url, restored);
    expect(await compareDatabases(await clientBindir(major), source, restored)).toEqual([]);
  });
});
