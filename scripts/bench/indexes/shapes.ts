/** One table with one index worth judging: what its rows are, and what has happened to them. `i` is a row's number, `n` how many there are. */
export interface Shape {
  readonly name: string;
  readonly columns: string;
  /** What a row is made of, in the order of the columns. */
  readonly row: string;
  /** `ON t (…)` with the table's name for `t`; `UNIQUE` before it where it is. */
  readonly index: string;
  readonly unique?: boolean;
  /** The index is built over the rows that are there, and nothing happens to it afterwards: a report that finds it bloated raises a false alarm. */
  readonly fresh?: boolean;
  /** Statements after the rows are in; each is followed by VACUUM. */
  readonly churn?: readonly string[];
  /** `SET …` of an update that moves a row in the index. */
  readonly update: string;
  /** Rows for each row of a plain shape; 1 unless given. */
  readonly scale?: number;
}

const WORDS = "(ARRAY['new', 'paid', 'packed', 'shipped', 'returned', 'cancelled', 'lost'])";

/** The shapes that every release is measured on. */
export const SHAPES: readonly Shape[] = [
  { name: 'unique_key', columns: 'a int', row: 'i', index: 'ON t (a)', unique: true, update: 'a = a + 100000000' },
  { name: 'uuid_fresh', columns: 'a uuid', row: 'gen_random_uuid()', index: 'ON t (a)', fresh: true, update: 'a = gen_random_uuid()' },
  { name: 'uuid_grown', columns: 'a uuid', row: 'gen_random_uuid()', index: 'ON t (a)', unique: true, update: 'a = gen_random_uuid()' },
  { name: 'status_fresh', columns: 'a text', row: `${WORDS}[1 + i % 7]`, index: 'ON t (a)', fresh: true, update: "a = 'paid'" },
  { name: 'status_grown', columns: 'a text', row: `${WORDS}[1 + (random() * 6)::int]`, index: 'ON t (a)', update: "a = 'paid'" },
  {
    name: 'multi_column',
    columns: 'a int, b text, c date',
    row: `(random() * n / 20)::int, ${WORDS}[1 + i % 7], date '2026-01-01' + i % 365`,
    index: 'ON t (a, b, c)',
    update: "c = c + 1, b = 'paid'",
  },
  {
    name: 'mostly_null',
    columns: 'a timestamptz',
    row: "CASE WHEN i % 50 = 0 THEN timestamptz '2026-01-01' + i * interval '1 s' END",
    index: 'ON t (a)',
    update: 'a = now()',
  },
  {
    name: 'partial',
    columns: 'a bigint, b text',
    row: `i, ${WORDS}[1 + (random() * 6)::int]`,
    index: "ON t (a) WHERE b = 'new'",
    churn: ["UPDATE t SET b = 'paid' WHERE b = 'new' AND random() < 0.6", "UPDATE t SET b = 'new' WHERE b = 'lost' AND random() < 0.3"],
    update: "b = 'new'",
  },
  { name: 'expression', columns: 'a text', row: "'User' || i || '@Example.com'", index: 'ON t (lower(a))', fresh: true, update: "a = 'New' || a" },
  {
    name: 'fillfactor',
    columns: 'a int',
    row: '(random() * n)::int',
    index: 'ON t (a) WITH (fillfactor = 70)',
    fresh: true,
    update: 'a = (random() * 1000000)::int',
  },
  {
    name: 'include',
    columns: 'a int, b text',
    row: "(random() * n / 10)::int, 'value ' || i % 1000",
    index: 'ON t (a) INCLUDE (b)',
    update: 'a = a + 1',
  },
  {
    name: 'append_only',
    columns: 'a timestamptz',
    row: "timestamptz '2026-01-01' + i * interval '1 s'",
    index: 'ON t (a)',
    update: "a = a + interval '1 year'",
  },
  {
    name: 'half_deleted',
    columns: 'a bigint',
    row: 'i',
    index: 'ON t (a)',
    unique: true,
    churn: ['DELETE FROM t WHERE a % 2 = 0'],
    update: 'a = a + 100000000',
  },
  {
    name: 'updated_integer',
    columns: 'a int',
    row: 'i',
    index: 'ON t (a)',
    churn: ['UPDATE t SET a = a + 100000000 WHERE random() < 0.9'],
    update: 'a = a + 100000000',
  },
  {
    name: 'updated_foreign_key',
    columns: 'a int',
    row: '(random() * n / 40)::int',
    index: 'ON t (a)',
    churn: ['UPDATE t SET a = (random() * 5000)::int WHERE random() < 0.9'],
    update: 'a = (random() * 5000)::int',
  },
  {
    name: 'foreign_key_fresh',
    columns: 'a int',
    row: '(random() * n / 40)::int',
    index: 'ON t (a)',
    fresh: true,
    update: 'a = (random() * 5000)::int',
  },
  {
    name: 'updated_text',
    columns: 'a text',
    row: 'md5(i::text)',
    index: 'ON t (a)',
    churn: ['UPDATE t SET a = md5(a) WHERE random() < 0.9'],
    update: 'a = md5(a)',
  },
  {
    name: 'queue',
    columns: 'a bigint',
    row: 'i',
    index: 'ON t (a)',
    unique: true,
    churn: ['DELETE FROM t WHERE a < (SELECT max(a) * 0.9 FROM t)'],
    update: 'a = a + 100000000',
    scale: 2,
  },
  {
    name: 'boolean',
    columns: 'a bool',
    row: 'random() < 0.1',
    index: 'ON t (a)',
    churn: ['UPDATE t SET a = NOT a WHERE random() < 0.5'],
    update: 'a = NOT a',
  },
  {
    name: 'wide_text',
    columns: 'a text',
    row: 'repeat(md5(i::text), 6) || i',
    index: 'ON t (a)',
    fresh: true,
    update: 'a = reverse(a)',
    scale: 0.25,
  },
  { name: 'numeric', columns: 'a numeric', row: 'round((random() * 100000)::numeric, 2)', index: 'ON t (a)', update: 'a = a + 1.5' },
  {
    name: 'gin',
    columns: 'a int[]',
    row: 'ARRAY[(random() * 5000)::int, (random() * 5000)::int, (random() * 100)::int]',
    index: 'ON t USING gin (a) WITH (fastupdate = off)',
    churn: ['UPDATE t SET a = a || (random() * 5000)::int WHERE random() < 0.4'],
    update: 'a = a || (random() * 5000)::int',
    scale: 0.5,
  },
  {
    name: 'gist',
    columns: 'a point',
    row: 'point(random() * 1000, random() * 1000)',
    index: 'ON t USING gist (a)',
    churn: ['UPDATE t SET a = point(random() * 1000, random() * 1000) WHERE random() < 0.4'],
    update: 'a = point(random() * 1000, random() * 1000)',
    scale: 0.5,
  },
  {
    name: 'brin',
    columns: 'a timestamptz',
    row: "timestamptz '2026-01-01' + i * interval '1 s'",
    index: 'ON t USING brin (a)',
    update: "a = a + interval '1 s'",
  },
];

/** Further shapes that the model was not made with. */
export const OTHER_SHAPES: readonly Shape[] = [
  {
    name: 'uuid7_text',
    columns: 'a text',
    row: "to_hex(1760000000000 + i) || '-7' || substr(md5(i::text), 1, 20)",
    index: 'ON t (a)',
    unique: true,
    update: "a = a || 'x'",
  },
  { name: 'enum', columns: 'a mood', row: "(ARRAY['sad', 'ok', 'happy'])[1 + (random() * 2)::int]::mood", index: 'ON t (a)', update: "a = 'ok'" },
  { name: 'low_then_high', columns: 'a int, b bigint', row: '(random() * 20)::int, i', index: 'ON t (a, b)', update: 'a = a + 1' },
  { name: 'citext', columns: 'a citext', row: "('Name' || (random() * n / 5)::int)::citext", index: 'ON t (a)', fresh: true, update: "a = 'x' || a" },
  {
    name: 'array',
    columns: 'a int[]',
    row: 'ARRAY[(random() * 50)::int, (random() * 50)::int]',
    index: 'ON t (a)',
    fresh: true,
    update: 'a = a || 1',
  },
  {
    name: 'inet',
    columns: 'a inet',
    row: "('10.' || (random() * 20)::int || '.' || (random() * 255)::int || '.' || (random() * 255)::int)::inet",
    index: 'ON t (a)',
    update: 'a = a + 1',
  },
  {
    name: 'money',
    columns: 'a money',
    row: '((random() * 10000)::int / 100.0)::numeric::money',
    index: 'ON t (a)',
    fresh: true,
    update: "a = a + '1'::money",
  },
  {
    name: 'varchar_c',
    columns: 'a varchar(40) COLLATE "C"',
    row: "'sku-' || (random() * n / 8)::int",
    index: 'ON t (a)',
    fresh: true,
    update: "a = 'n' || a",
  },
  {
    name: 'varchar_icu',
    columns: 'a varchar(40) COLLATE "en-x-icu"',
    row: "'sku-' || (random() * n / 8)::int",
    index: 'ON t (a)',
    update: "a = 'n' || a",
  },
  {
    name: 'icu_folding',
    columns: 'a text COLLATE folding',
    row: "'Sku-' || (random() * n / 8)::int",
    index: 'ON t (a)',
    fresh: true,
    update: "a = 'n' || a",
  },
  {
    name: 'tenant_time',
    columns: 'a int, b timestamptz',
    row: "(random() * 200)::int, timestamptz '2026-01-01' + i * interval '1 s'",
    index: 'ON t (a, b)',
    update: "b = b + interval '1 s'",
  },
  {
    name: 'correlated',
    columns: 'a int, b int, c text',
    row: "i % 3000, (i % 3000) / 10, 'region ' || (i % 3000) / 100",
    index: 'ON t (a, b, c)',
    fresh: true,
    update: 'a = a + 1',
  },
  { name: 'zipf', columns: 'a int', row: '(n * power(random(), 4))::int', index: 'ON t (a)', fresh: true, update: 'a = a + 1' },
  {
    name: 'bimodal',
    columns: 'a int',
    row: 'CASE WHEN i % 2 = 0 THEN i ELSE (random() * 500)::int END',
    index: 'ON t (a)',
    fresh: true,
    update: 'a = a + 1',
  },
  {
    name: 'zipf_churned',
    columns: 'a int',
    row: '(n * power(random(), 6))::int',
    index: 'ON t (a)',
    churn: ['UPDATE t SET a = (200000 * power(random(), 6))::int WHERE random() < 0.9'],
    update: 'a = a + 1',
  },
  { name: 'pairs', columns: 'a bigint', row: 'i / 2', index: 'ON t (a)', fresh: true, update: 'a = a + 1' },
  { name: 'sixes_deleted', columns: 'a bigint', row: 'i / 6', index: 'ON t (a)', churn: ['DELETE FROM t WHERE random() < 0.6'], update: 'a = a + 1' },
  {
    name: 'nulls_and_key',
    columns: 'a int, b int',
    row: 'CASE WHEN i % 3 = 0 THEN (random() * 1000)::int END, (random() * n)::int',
    index: 'ON t (a, b)',
    fresh: true,
    update: 'a = 1',
  },
  {
    name: 'unique_nulls',
    columns: 'a int',
    row: 'CASE WHEN i % 4 = 0 THEN i END',
    index: 'ON t (a)',
    unique: true,
    fresh: true,
    update: 'a = a + 100000000',
  },
  {
    name: 'json_text',
    columns: 'a jsonb',
    row: "jsonb_build_object('k', (random() * 100)::int)",
    index: "ON t ((a ->> 'k'))",
    fresh: true,
    update: 'a = \'{"k": 1}\'',
  },
  {
    name: 'jsonb',
    columns: 'a jsonb',
    row: "jsonb_build_object('k', (random() * 100)::int)",
    index: 'ON t (a)',
    fresh: true,
    update: 'a = \'{"k": 1}\'',
  },
  { name: 'float', columns: 'a float8', row: 'round(random() * 100)', index: 'ON t (a)', fresh: true, update: 'a = a + 1' },
  {
    name: 'interval',
    columns: 'a interval',
    row: "(random() * 100)::int * interval '1 min'",
    index: 'ON t (a)',
    fresh: true,
    update: "a = a + interval '1 s'",
  },
  {
    name: 'no_dedup',
    columns: 'a int',
    row: '(random() * 100)::int',
    index: 'ON t (a) WITH (deduplicate_items = off)',
    fresh: true,
    update: 'a = a + 1',
  },
  {
    name: 'partial_skewed',
    columns: 'a int, b bool',
    row: 'CASE WHEN i % 10 = 0 THEN 7 ELSE (random() * n)::int END, i % 10 = 0',
    index: 'ON t (a) WHERE b',
    fresh: true,
    update: 'a = a + 1',
  },
  {
    name: 'partial_not_null',
    columns: 'a bigint',
    row: 'CASE WHEN i % 9 = 0 THEN i / 50 END',
    index: 'ON t (a) WHERE a IS NOT NULL',
    fresh: true,
    update: 'a = 1',
  },
  { name: 'names', columns: 'a name', row: "('relation_' || (random() * n / 10)::int)::name", index: 'ON t (a)', fresh: true, update: "a = 'x'" },
  { name: 'mixed_width', columns: 'a text', row: "repeat('x', (random() * 60)::int) || i", index: 'ON t (a)', fresh: true, update: "a = 'y' || a" },
  { name: 'compressible', columns: 'a text', row: "repeat('abc', 400) || i", index: 'ON t (a)', fresh: true, update: "a = a || 'x'", scale: 0.25 },
  {
    name: 'small_alignment',
    columns: 'a smallint, b bool, c int',
    row: 'i % 100, i % 2 = 0, (random() * 300)::int',
    index: 'ON t (a, b, c)',
    fresh: true,
    update: 'c = c + 1',
  },
  { name: 'duplicates_grown', columns: 'a int', row: '(random() * n / 3)::int', index: 'ON t (a)', update: 'a = a + 1' },
  { name: 'small', columns: 'a int', row: 'i % 10', index: 'ON t (a)', fresh: true, update: 'a = 1', scale: 0.005 },
  { name: 'descending', columns: 'a bigint', row: '-i', index: 'ON t (a)', update: 'a = a - 1' },
  {
    name: 'char_code',
    columns: 'a char(3), b "char"',
    row: "substr(md5((i % 500)::text), 1, 3), 'x'",
    index: 'ON t (a, b)',
    fresh: true,
    update: "a = 'abc'",
  },
  {
    name: 'spgist',
    columns: 'a text',
    row: 'md5(i::text)',
    index: 'ON t USING spgist (a)',
    churn: ['UPDATE t SET a = md5(a) WHERE random() < 0.4'],
    update: 'a = md5(a)',
    scale: 0.3,
  },
];

/** What some of them need beforehand. */
export const SHAPES_PRELUDE = `
  CREATE EXTENSION IF NOT EXISTS citext;
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
`;
