import type { Shape } from './shapes.ts';

const HEX = (copies: number) => `(SELECT string_agg(md5((i * 31 + k)::text), '') FROM generate_series(1, ${copies}) k)`;
const NORMAL = '(sqrt(-2 * ln(1 - random())) * cos(6.2831853 * random()))';

/** Half of the rows gone at random from an index that was as good as new. */
function halved(shape: Shape): Shape[] {
  const { fresh: _, ...grown } = shape;
  const churn = [`REINDEX INDEX shape_${shape.name}_halved_index`, 'DELETE FROM t WHERE random() < 0.5'];
  return [shape, { ...grown, name: `${shape.name}_halved`, churn }];
}

/** Shapes of which statistics say little, or something else than it seems: NULLs that meet or do not, few frequent values among many rare ones. */
export const HARD_SHAPES: readonly Shape[] = [
  ...halved({
    name: 'include_null',
    columns: 'a int, b text',
    row: "i, CASE WHEN random() < 0.1 THEN 'a somewhat longer remark that few rows have ' || i END",
    index: 'ON t (a) INCLUDE (b)',
    fresh: true,
    update: 'a = a + 1',
  }),
  ...halved({
    name: 'nulls_by_chance',
    columns: 'a int, b int',
    row: 'CASE WHEN random() > 0.6 THEN i END, CASE WHEN random() > 0.6 THEN i END',
    index: 'ON t (a, b)',
    fresh: true,
    update: 'b = b + 1',
  }),
  {
    name: 'nulls_together',
    columns: 'a int, b bigint',
    row: 'CASE WHEN i % 2 = 0 THEN i END, CASE WHEN i % 2 = 0 THEN i END',
    index: 'ON t (a, b)',
    fresh: true,
    update: 'b = b + 1',
  },
  {
    name: 'nulls_apart',
    columns: 'a int, b int, c int',
    row: 'CASE WHEN i % 3 = 0 THEN i END, CASE WHEN i % 3 = 1 THEN i END, CASE WHEN i % 3 = 2 THEN i END',
    index: 'ON t (a, b, c)',
    fresh: true,
    update: 'b = b + 1',
  },
  ...halved({
    name: 'six_columns_null',
    columns: 'a int, b int, c int, d int, e int, f text',
    row: 'i, nullif(i % 5, 0), nullif(i % 7, 0), nullif(i % 3, 0), nullif(i % 11, 0), CASE WHEN i % 50 = 0 THEN md5(i::text) END',
    index: 'ON t (a, b, c, d, e, f)',
    fresh: true,
    update: 'a = a + 1',
  }),
  {
    name: 'short_hot_include',
    columns: 'a text, b int',
    row: "CASE WHEN random() < 0.7 THEN '-' ELSE 'ref-' || lpad(i::text, 9, '0') END, i",
    index: 'ON t (a) INCLUDE (b)',
    fresh: true,
    update: 'b = b + 1',
  },
  {
    name: 'long_hot',
    columns: 'a text, b int',
    row: "CASE WHEN random() < 0.9 THEN 'the usual value' ELSE 'v' || (random() * 60)::int END, i",
    index: 'ON t (a, b)',
    fresh: true,
    update: 'b = b + 1',
  },
  {
    name: 'lengths_apart',
    columns: 'a text',
    row: "CASE WHEN random() < 0.9 THEN 'x' ELSE repeat('y', 12) || (random() * 80)::int END",
    index: 'ON t (a) WITH (deduplicate_items = off)',
    fresh: true,
    update: "a = 'x'",
  },
  {
    name: 'bytea_23',
    columns: 'a bytea',
    row: 'substr(sha256(i::text::bytea), 1, 23)',
    index: 'ON t (a)',
    fresh: true,
    update: 'a = substr(sha256(a), 1, 23)',
  },
  {
    name: 'addresses',
    columns: 'a inet',
    row: "('10.' || (i / 65536) || '.' || (i / 256 % 256) || '.' || i % 256)::inet",
    index: 'ON t (a)',
    fresh: true,
    update: 'a = a + 1',
  },
  {
    name: 'once_and_ten_times',
    columns: 'a int',
    row: 'CASE WHEN i % 2 = 0 THEN i ELSE 10000000 + i / 20 END',
    index: 'ON t (a)',
    fresh: true,
    update: 'a = a + 1',
  },
  { name: 'normal', columns: 'a int', row: `floor(30000 * ${NORMAL})::int`, index: 'ON t (a)', fresh: true, update: 'a = a + 1' },
  { name: 'exponential', columns: 'a int', row: 'floor(-ln(1 - random()) * 60000)::int', index: 'ON t (a)', fresh: true, update: 'a = a + 1' },
  {
    name: 'zipf_small',
    columns: 'a int',
    row: 'floor(exp(random() * ln(n)))::int',
    index: 'ON t (a)',
    fresh: true,
    update: 'a = a + 1',
    scale: 0.15,
  },
  {
    name: 'hot_pairs',
    columns: 'a int, b int',
    row: 'CASE WHEN i % 2 = 0 THEN 0 ELSE i END, 1',
    index: 'ON t (a, b)',
    fresh: true,
    update: 'a = a + 1',
    scale: 0.15,
  },
  {
    name: 'partial_half_percent',
    columns: 'a bigint, b int',
    row: 'i, (random() * 200)::int',
    index: 'ON t (a) WHERE b = 7',
    fresh: true,
    update: 'a = a + 1',
  },
  { name: 'foreign_key_140', columns: 'a int', row: 'i / 140', index: 'ON t (a)', fresh: true, update: 'a = a + 1' },
  { name: 'foreign_key_1000', columns: 'a int', row: 'i / 1000', index: 'ON t (a)', fresh: true, update: 'a = a + 1' },
  {
    name: 'include_wide',
    columns: 'a uuid, b text',
    row: `gen_random_uuid(), ${HEX(14)}`,
    index: 'ON t (a) INCLUDE (b)',
    fresh: true,
    update: 'a = gen_random_uuid()',
    scale: 0.25,
  },
  { name: 'toasted', columns: 'a text', row: HEX(70), index: 'ON t (a)', fresh: true, update: "a = a || 'x'", scale: 0.05 },
];
