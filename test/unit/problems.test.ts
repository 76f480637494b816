import { expect, test } from 'vitest';
import { readProblems } from '../../src/restore/problems.ts';

const read = (text: string, ...more: Parameters<typeof readProblems> extends [unknown, ...infer More] ? More : never) =>
  readProblems(text.trim().split('\n'), ...more);

test('each error is told with its entry and all of its lines', () => {
  const problems = read(`
pg_restore: connecting to database for restore
pg_restore: creating TABLE "shop.prices"
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 229; 1259 16517 TABLE prices postgres
pg_restore: error: could not execute query: ERROR:  type "absent.euro" does not exist
LINE 3:     price absent.euro
                  ^
Command was: CREATE TABLE shop.prices (
    id integer NOT NULL
);


pg_restore: error: could not execute query: ERROR:  relation "shop.prices" does not exist
Command was: ALTER TABLE shop.prices OWNER TO postgres;


pg_restore: creating VIEW "shop.list"
pg_restore: from TOC entry 230; 1259 16520 VIEW list postgres
pg_restore: error: could not execute query: ERROR:  no
pg_restore: warning: errors ignored on restore: 3
`);
  expect(problems.map(({ entry, harmless }) => [entry, harmless])).toEqual([
    ['TABLE prices postgres', null],
    ['TABLE prices postgres', null],
    ['VIEW list postgres', null],
  ]);
  expect(problems[0]?.message).toBe(
    'type "absent.euro" does not exist\nLINE 3:     price absent.euro\n                  ^\nCommand was: CREATE TABLE shop.prices (\n    id integer NOT NULL\n);',
  );
});

test('entries get the names that the archive has for them', () => {
  const lines = 'pg_restore: from TOC entry 229; 1259 16517 TABLE prices postgres\npg_restore: error: no';
  const nameOf = ({ id, oid, text }: { id: number; oid: number; text: string }) => `${id} ${oid} ${text}`;
  expect(read(lines, nameOf)[0]?.entry).toBe('229 16517 TABLE prices postgres');
});

test("a sequence's value is told with the schema that its statement names", () => {
  const of = (statement: string) =>
    read(
      `pg_restore: from TOC entry 9; 0 0 SEQUENCE SET ids me\npg_restore: error: could not execute query: ERROR:  no\nCommand was: ${statement}`,
    )[0]?.entry;
  expect(of(`SELECT pg_catalog.setval('shop.ids', 3, true);`)).toBe('SEQUENCE SET shop ids me');
  expect(of(`SELECT pg_catalog.setval('"S.1"."Ids"', 3, true);`)).toBe('SEQUENCE SET "S.1" ids me');
});

test('an error before the first entry has none, nor has one at the end', () => {
  const problems = read(`
pg_restore: while INITIALIZING:
pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"
Command was: SET transaction_timeout = 0;
pg_restore: while PROCESSING TOC:
pg_restore: from TOC entry 1; 1 1 TABLE a b
pg_restore: error: x
pg_restore: while FINALIZING TOC:
pg_restore: error: y
`);
  expect(problems.map(({ entry }) => entry)).toEqual([null, 'TABLE a b', null]);
});

test.each([
  ['a setting of newer clients', 'could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"', true],
  ['another setting', 'could not execute query: ERROR:  unrecognized configuration parameter "work_memory"', false],
  ['the schema of every database', 'could not execute query: ERROR:  schema "public" already exists', true],
  ['any other schema', 'could not execute query: ERROR:  schema "shop" already exists', false],
  [
    'the comment of an extension',
    "could not execute query: ERROR:  must be owner of extension citext\nCommand was: COMMENT ON EXTENSION citext IS 'x';",
    true,
  ],
  [
    'an extension itself',
    'could not execute query: ERROR:  must be owner of extension citext\nCommand was: ALTER EXTENSION citext SET SCHEMA x;',
    false,
  ],
  ['a constraint', 'COPY failed for table "t": ERROR:  duplicate key value violates unique constraint "t_pkey"', false],
])('%s is harmless: %#', (_, text, harmless) => {
  expect(readProblems(`pg_restore: error: ${text}`.split('\n'))[0]?.harmless !== null).toBe(harmless);
});

test('nothing but commentary is no problem', () => {
  expect(readProblems(['pg_restore: creating TABLE "a.b"', 'pg_restore: warning: errors ignored on restore: 0', ''])).toEqual([]);
});
