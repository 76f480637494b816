import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { compareDatabases, type Difference, restoreByHand } from '../harness/compare.ts';
import { clientBindir, corpusDatabase, databaseIn, emptyDatabaseIn } from '../harness/corpus-database.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { connectionEnvironment } from '../harness/stock-client.ts';

/** Each touches an object of its own, so that one comparison can show that every one of them is seen, and nothing else is. */
const MUTATIONS: readonly { readonly what: string; readonly sql: string; readonly object: string }[] = [
  { what: 'a value changed', sql: `UPDATE columns.altered SET c = 'changed' WHERE a = 7`, object: 'columns.altered' },
  {
    what: 'two values swapped between rows',
    sql: `UPDATE names.orders AS o SET note = (SELECT note FROM names.orders AS p WHERE p.id = 3 - o.id) WHERE id IN (1, 2)`,
    object: 'names.orders',
  },
  { what: 'a row duplicated', sql: `INSERT INTO "values".duplicates SELECT * FROM "values".duplicates LIMIT 1`, object: '"values".duplicates' },
  { what: 'a row deleted', sql: 'DELETE FROM types.things WHERE id = 5', object: 'types.things' },
  { what: 'an empty string made NULL', sql: `UPDATE "values".texts SET t = NULL WHERE label = 'empty'`, object: '"values".texts' },
  { what: '1.0 made 1.00', sql: `UPDATE "values".numbers SET n = 1.00 WHERE n = 1 AND n::text = '1.0'`, object: '"values".numbers' },
  {
    what: 'a row without columns deleted',
    sql: 'DELETE FROM columns.nothing WHERE ctid = (SELECT min(ctid) FROM columns.nothing)',
    object: 'columns.nothing',
  },
  {
    what: 'a byte of 50 MB changed',
    sql: `UPDATE large.huge SET b = set_byte(b, 4000000, 255 - get_byte(b, 4000000)) WHERE id = 2`,
    object: 'large.huge',
  },
  { what: 'a row of an enum-hashed table deleted', sql: 'DELETE FROM partitions.survey WHERE id = 9', object: 'partitions.survey' },
  { what: 'an index dropped', sql: 'DROP INDEX indexes.indexed_hash', object: 'indexes.indexed_hash' },
  {
    what: 'an index invalid',
    sql: `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'indexes.indexed_brin'::regclass`,
    object: 'indexes.indexed_brin',
  },
  { what: 'a constraint dropped', sql: 'ALTER TABLE constraints.legacy DROP CONSTRAINT sane', object: 'constraints.legacy' },
  { what: 'a trigger disabled', sql: 'ALTER TABLE triggers.account DISABLE TRIGGER stamped', object: 'triggers.account' },
  { what: 'a sequence moved', sql: `SELECT setval('sequences.tiny', 15)`, object: 'sequences.tiny' },
  { what: 'a sequence not called', sql: `SELECT setval('sequences.set_called', 500, false)`, object: 'sequences.set_called' },
  { what: 'a byte of a large object changed', sql: `SELECT lo_put(4200001, 12345, '\\x00')`, object: '4200001' },
  { what: 'a comment changed', sql: `COMMENT ON COLUMN inheritance.cat.lives IS 'seven'`, object: 'inheritance.COLUMN cat.lives' },
  { what: 'a grant removed', sql: 'REVOKE UPDATE (b) ON security.granted FROM corpus_reader', object: 'security.COLUMN granted.b' },
];

describe.each(majors())('Postgres %i', (major) => {
  let bindir: string;
  let source: ConnectionTarget;
  let restored: ConnectionTarget;
  let folder: string;

  beforeAll(async () => {
    bindir = await clientBindir(major);
    source = await corpusDatabase(major);
    restored = await freshDatabase(major);
    folder = await mkdtemp(join(tmpdir(), 'compare-'));
    await dumpByHand(bindir, source, folder);
    await restoreByHand(folder, restored, bindir);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('the corpus survives stock pg_dump and pg_restore', async () => {
    expect(await compareDatabases(bindir, source, restored)).toEqual([]);
  });

  describe('a copy that was changed', () => {
    let differences: Difference[];

    beforeAll(async () => {
      for (const { sql } of MUTATIONS) await runSql(restored, sql);
      differences = await compareDatabases(bindir, source, restored);
    });

    test.each(MUTATIONS)('$what', ({ object }) => {
      expect(differences.filter((difference) => isAbout(difference, object))).not.toEqual([]);
    });

    test('nothing else is reported', () => {
      expect(differences.filter((difference) => !MUTATIONS.some(({ object }) => isAbout(difference, object)))).toEqual([]);
    });
  });

  test('a part that was cut short is not restored in silence', async () => {
    const target = await freshDatabase(major);
    await truncate(join(folder, 'data-00.dump.zst'), 100_000);
    await expect(restoreByHand(folder, target, bindir)).rejects.toThrow(/data-00/);
  });
});

describe.each(['SQL_ASCII', 'LATIN1'] as const)('a database in %s', (encoding) => {
  const major = Math.max(...majors());

  test('survives too, and one byte of difference is seen', async () => {
    const bindir = await clientBindir(major);
    const source = await databaseIn(major, encoding);
    const restored = await emptyDatabaseIn(major, encoding);
    const folder = await mkdtemp(join(tmpdir(), 'compare-'));
    try {
      await dumpByHand(bindir, source, folder, []);
      await restoreByHand(folder, restored, bindir);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    expect(await compareDatabases(bindir, source, restored)).toEqual([]);

    const { table, column } =
      encoding === 'LATIN1' ? { table: '"Übersicht"."Käufer"', column: '"Straße"' } : { table: 'public.bytes_as_text', column: 't' };
    await runSql(restored, `UPDATE ${table} SET ${column} = convert_from('\\xfe', '${encoding}') WHERE ctid = (SELECT min(ctid) FROM ${table})`);
    expect(await compareDatabases(bindir, source, restored)).toMatchObject([{ kind: 'rows', object: table }]);
  });
});

function isAbout(difference: Difference, object: string): boolean {
  return difference.object.includes(object);
}

/** The layout of a backup's folder, made without the engine. */
async function dumpByHand(bindir: string, source: ConnectionTarget, folder: string, apart = ['large.huge']): Promise<void> {
  const parts = {
    schema: ['--section=pre-data', '--section=post-data'],
    'data-00': ['--section=data', ...apart.map((table) => `--exclude-table-data=${table}`)],
    ...(apart.length > 0 ? { 'data-01': ['--section=data', ...apart.map((table) => `--table=${table}`)] } : {}),
  };
  for (const [name, args] of Object.entries(parts)) {
    const script = 'set -o pipefail; "$BINDIR/pg_dump" -Fc -Z0 "$@" | zstd -q -1 -o "$PART"';
    await execa('bash', ['-c', script, 'dump', ...args], {
      env: { ...connectionEnvironment(source), BINDIR: bindir, PART: join(folder, `${name}.dump.zst`) },
    });
  }
}
