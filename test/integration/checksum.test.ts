import { beforeAll, describe, expect, test } from 'vitest';
import { withSession } from '../../src/postgres/connect.ts';
import { countRows, readColumns } from '../../src/postgres/rows.ts';
import { pinSettings } from '../../src/postgres/snapshot.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { clusterOf, freshDatabase, majors } from '../harness/postgres.ts';

const { major } = clusterOf();
let database: ConnectionTarget;
beforeAll(async () => {
  database = await freshDatabase(major);
});

/** The checksum of a table that a statement makes, as the engine takes it; nothing stays. */
async function checksumOf(columns: string, insert: string, on: ConnectionTarget = database): Promise<string> {
  return withSession(on, {}, async (session) => {
    await session.query(`BEGIN; CREATE TABLE public.t (${columns}); INSERT INTO public.t ${insert}`);
    await pinSettings(session);
    const [row] = await session.query<{ oid: number }>("SELECT 'public.t'::regclass::oid::int8::float8 AS oid");
    const { oid } = row as { oid: number };
    const found = (await readColumns(session, [oid])).get(oid) ?? [];
    const { checksum } = await countRows(session, { oid, schema: 'public', name: 't', extensionCondition: null }, found);
    await session.query('ROLLBACK');
    return checksum as string;
  });
}

describe('these rows do not have the same checksum', () => {
  test.each([
    ['values swapped between columns', 'a int, b int', 'VALUES (1, 2)', 'VALUES (2, 1)'],
    ['values swapped between rows', 'a int, b int', 'VALUES (1, 10), (2, 20)', 'VALUES (1, 20), (2, 10)'],
    ['texts swapped between rows', 'a text, b text', "VALUES ('a', 'x'), ('b', 'y')", "VALUES ('a', 'y'), ('b', 'x')"],
    ['values moved to the neighbour', 'a text, b text', "VALUES ('ab', 'c')", "VALUES ('a', 'bc')"],
    ['a row twice', 'a int', 'VALUES (1), (2)', 'VALUES (1), (2), (2)'],
    ['two rows twice each, and other two', 'a int', 'VALUES (1), (1)', 'VALUES (2), (2)'],
    ['one row thrice, another one once', 'a int', 'VALUES (1), (1), (1), (2)', 'VALUES (1), (2), (2), (2)'],
    ['a row missing', 'a int', 'VALUES (1), (2)', 'VALUES (1)'],
    ['NULL and an empty string', 'a text', "VALUES ('')", 'VALUES (NULL)'],
    ['NULL in another column', 'a int, b int', 'VALUES (1, NULL)', 'VALUES (NULL, 1)'],
    ['NULL and zero', 'a int', 'VALUES (0)', 'VALUES (NULL)'],
    ['no row and a row of NULL', 'a int', 'SELECT 1 WHERE false', 'VALUES (NULL)'],
    ['1.0 and 1.00', 'a numeric', 'VALUES (1.0)', 'VALUES (1.00)'],
    ['numbers of a declared scale', 'a numeric(10,2)', 'VALUES (1.01)', 'VALUES (1.02)'],
    ['bigints that differ beyond 32 bits', 'a bigint', 'VALUES (1)', 'VALUES (4294967297)'],
    ['a bigint and its halves swapped', 'a bigint', 'VALUES (4294967298)', 'VALUES (8589934593)'],
    ['bigints of opposite sign', 'a bigint', 'VALUES (4294967295)', 'VALUES (-4294967296)'],
    ['timestamps a microsecond apart', 'a timestamptz', "VALUES ('2026-01-01 00:00:00.000001Z')", "VALUES ('2026-01-01 00:00:00Z')"],
    ['timestamps 2^32 microseconds apart', 'a timestamp', "VALUES ('2000-01-01')", "VALUES (timestamp '2000-01-01' + interval '4294967296 us')"],
    ['times of day', 'a time', "VALUES ('01:11:34.967296')", "VALUES ('00:00:00')"],
    ['infinite dates', 'a date', "VALUES ('infinity')", "VALUES ('-infinity')"],
    ['0 and -0', 'a float8', "VALUES ('0')", "VALUES ('-0')"],
    ['0 and -0 in single precision', 'a real', "VALUES ('0')", "VALUES ('-0')"],
    ['the last digit of a float', 'a float8', 'VALUES (0.1)', 'VALUES (0.1::float8 + 1.4e-17)'],
    ['trailing blanks of a text', 'a text', "VALUES ('a')", "VALUES ('a ')"],
    ['trailing blanks of a varchar', 'a varchar(5)', "VALUES ('a')", "VALUES ('a  ')"],
    ['case', 'a text', "VALUES ('A')", "VALUES ('a')"],
    ['composed and decomposed letters', 'a text', "VALUES (U&'\\00e9')", "VALUES (U&'e\\0301')"],
    ['white space in json', 'a json', `VALUES ('{"a":1}')`, `VALUES ('{"a": 1}')`],
    ['keys of json in another order', 'a json', `VALUES ('{"a":1,"b":2}')`, `VALUES ('{"b":2,"a":1}')`],
    ['digits in jsonb', 'a jsonb', `VALUES ('{"a":1.0}')`, `VALUES ('{"a":1.00}')`],
    ['bytes', 'a bytea', "VALUES ('\\x00')", "VALUES ('\\x0000')"],
    ['elements of an array', 'a int[]', "VALUES ('{1,2}')", "VALUES ('{2,1}')"],
    ['the bounds of an array', 'a int[]', "VALUES ('{1,2}')", "VALUES ('[0:1]={1,2}')"],
    ['an array of NULL and of a text', 'a text[]', "VALUES ('{NULL}')", `VALUES ('{"NULL"}')`],
    ['intervals of equal length', 'a interval', "VALUES ('1 month')", "VALUES ('30 days')"],
    ['fields of a composite', 'a point', "VALUES ('(1,2)')", "VALUES ('(2,1)')"],
    ['a uuid', 'a uuid', "VALUES ('00000000-0000-0000-0000-000000000001')", "VALUES ('00000000-0000-0000-0000-000000000010')"],
    ['true and false', 'a bool', 'VALUES (true)', 'VALUES (false)'],
    ['equal ranges with other bounds', 'a numrange', "VALUES ('[1,2]')", "VALUES ('[1,2)')"],
    [
      'one of a thousand rows',
      'a int, b text',
      'SELECT i, i::text FROM generate_series(1, 1000) i',
      "SELECT i, CASE i WHEN 500 THEN '5000' ELSE i::text END FROM generate_series(1, 1000) i",
    ],
  ])('%s', async (_, columns, one, other) => {
    expect(await checksumOf(columns, one)).not.toBe(await checksumOf(columns, other));
    expect(await checksumOf(columns, one)).toBe(await checksumOf(columns, one));
  });
});

describe('these rows have the same checksum', () => {
  const ROWS = 'SELECT i, i::text, i * 1.5 FROM generate_series(1, 500) i';
  const SHUFFLED = `${ROWS} ORDER BY i * 7919 % 503`;

  test('in another order', async () => {
    const columns = 'a int, b text, c numeric';
    expect(await checksumOf(columns, SHUFFLED)).toBe(await checksumOf(columns, ROWS));
  });

  test('in columns of another order', async () => {
    expect(await checksumOf('c numeric, a int, b text', `SELECT c, a, b FROM (${ROWS}) r (a, b, c)`)).toBe(
      await checksumOf('a int, b text, c numeric', ROWS),
    );
  });

  test('beside a column that was dropped', async () => {
    const dropped = withSession(database, {}, async (session) => {
      await session.query(
        `CREATE TABLE public.d (a int, x text, b text); INSERT INTO public.d SELECT i, 'x', i::text FROM generate_series(1, 9) i; ALTER TABLE public.d DROP COLUMN x`,
      );
      await pinSettings(session);
      const [row] = await session.query<{ oid: number }>("SELECT 'public.d'::regclass::oid::int8::float8 AS oid");
      const { oid } = row as { oid: number };
      const columns = (await readColumns(session, [oid])).get(oid) ?? [];
      return countRows(session, { oid, schema: 'public', name: 'd', extensionCondition: null }, columns);
    });
    expect((await dropped).checksum).toBe(await checksumOf('a int, b text', 'SELECT i, i::text FROM generate_series(1, 9) i'));
  });

  test('on every major version', async () => {
    const columns =
      'a int, b bigint, c text, d numeric, e numeric(8,2), f float8, g real, h timestamptz, i jsonb, j json, k uuid, l bytea, m int[], n date, o interval, p char(4), q bool, r time, s inet, t numrange';
    const rows =
      `SELECT i, i * 10000000000, 'täxt ' || i, i / 7.0, i / 3.0, i / 3.0::float8, i / 3.0::real, '2026-01-01Z'::timestamptz + i * interval '1 hour',
      jsonb_build_object('a', i, 'b', 'ü'), '{"a" : ' || i || '}', md5(i::text)::uuid, sha256(i::text::bytea), ARRAY[i, NULL], '2026-01-01'::date + i,
      i * interval '1 day 2 hours', 'x', i % 2 = 0, '00:00'::time + i * interval '1 second', '10.0.0.1'::inet + i, numrange(i, i + 1)
      FROM generate_series(1, 50) i`.replace("'{\"a\" : ' || i || '}'", "('{\"a\" : ' || i || '}')::json");
    const sums = await Promise.all(majors().map(async (one) => checksumOf(columns, rows, await freshDatabase(one))));
    expect(new Set(sums).size).toBe(1);
  });
});
