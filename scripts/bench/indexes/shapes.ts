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
