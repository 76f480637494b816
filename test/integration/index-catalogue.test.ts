import { beforeAll, describe, expect, test } from 'vitest';
import { readIndexes } from '../../src/indexes/catalogue/indexes.ts';
import { readUnlocked } from '../../src/indexes/catalogue/locks.ts';
import { readSequences } from '../../src/indexes/catalogue/sequences.ts';
import { withCarefulSession } from '../../src/indexes/catalogue/session.ts';
import type { IndexFacts } from '../../src/indexes/facts.ts';
import { findAll } from '../../src/indexes/findings/find.ts';
import { openSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { factsOf } from '../harness/index-facts.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';

const signal = new AbortController().signal;

describe.each(majors())('the indexes of Postgres %i', (major) => {
  let target: ConnectionTarget;
  beforeAll(async () => {
    target = await freshDatabase(major);
    await runSql(target, SHAPES);
  });
  const read = async (): Promise<Map<string, IndexFacts>> => {
    const indexes = await withCarefulSession(target, signal, readIndexes);
    return new Map(indexes.map((index) => [index.name, index]));
  };

  test('are read with everything that tells one from another', async () => {
    const indexes = await read();
    expect([...indexes.keys()]).toEqual([...indexes.keys()].toSorted());
    expect(indexes.get('orders_pkey')).toMatchObject({
      schema: 'Shop',
      table: 'orders',
      method: 'btree',
      unique: true,
      primary: true,
      constraint: { name: 'orders_pkey', type: 'primary key' },
      definition: 'CREATE UNIQUE INDEX orders_pkey ON "Shop".orders USING btree (id)',
      unread: null,
      columns: [{ attnum: 1, position: 1, text: 'id', key: true, type: 'integer', length: 4, align: 'i', equalimage: true, descending: false }],
    });
    expect(indexes.get('orders_pkey')?.bytes).toBeGreaterThan(0);
    expect(indexes.get('shapes')).toMatchObject({
      fillfactor: 70,
      deduplicateItems: false,
      predicate: '(total > (0)::numeric)',
      columns: [
        { text: 'lower(note)', attnum: 0, key: true, equalimage: true },
        { text: 'total', descending: true, nullsFirst: true, equalimage: false },
        { text: 'odd "name', key: false, collationOid: 0 },
      ],
    });
    expect(indexes.get('blurred')?.columns).toMatchObject([{ collationDeterministic: false, equalimage: false }]);
    expect(indexes.get('orders_note_excl')).toMatchObject({ exclusion: true, constraint: { type: 'exclusion' } });
    expect(indexes.get('identity')).toMatchObject({ replicaIdentity: true, unique: true, constraint: null });
    const parent = indexes.get('days_at_idx');
    expect(parent).toMatchObject({ partitioned: true, scans: null, bytes: 0 });
    expect(indexes.get('day_1_at_idx')).toMatchObject({ partitioned: false, parentOid: parent?.oid, scans: 0 });
  });

  test('that somebody has locked are named, and not waited for', async () => {
    const holder = await openSession(target, { signal });
    try {
      await holder.query('BEGIN; LOCK TABLE "Shop".orders IN ACCESS EXCLUSIVE MODE; REINDEX INDEX "Shop".day_1_at_idx');
      const indexes = await read();
      expect(indexes.get('shapes')).toMatchObject({ definition: null, predicate: '?', unread: expect.stringMatching(/^The table was locked/) });
      expect(indexes.get('shapes')?.bytes).toBeGreaterThan(0);
      expect(indexes.get('day_1_at_idx')).toMatchObject({ bytes: null, unread: expect.stringMatching(/^The index was locked/) });
      expect(indexes.get('free_pkey')).toMatchObject({ unread: null, bytes: expect.any(Number) });
    } finally {
      await holder.close();
    }
  });
});

test('what is dropped while a query waits for it is left out, and everything else is read', async () => {
  const target = await freshDatabase(Math.max(...majors()));
  await runSql(target, 'CREATE TABLE going (id int PRIMARY KEY); CREATE TABLE staying (id int PRIMARY KEY)');
  const rows = await runSql<{ oid: number }>(
    target,
    "SELECT indexrelid::int8::float8 AS oid FROM pg_index WHERE indrelid IN ('going'::regclass, 'staying'::regclass)",
  );
  const holder = await openSession(target, { signal });
  try {
    let attempts = 0;
    const found = await withCarefulSession(target, signal, async (session) => {
      await session.query('SET lock_timeout = 0');
      return readUnlocked(
        session,
        rows.map(({ oid }) => oid),
        (oid) => oid,
        async (oids) => {
          attempts += 1;
          // as it may happen at any moment between a look at the locks and the query
          if (attempts === 1) {
            await holder.query('BEGIN; DROP TABLE going');
            setTimeout(() => void holder.query('COMMIT'), 100);
          }
          return session.query<{ oid: number }>('SELECT oid::int8::float8 AS oid, pg_get_indexdef(oid) FROM unnest($1::oid[]) oid', [oids]);
        },
      );
    });
    expect(attempts).toBe(2);
    expect(found.size).toBe(2);
    expect((await withCarefulSession(target, signal, readIndexes)).map(({ name }) => name)).toEqual(['staying_pkey']);
  } finally {
    await holder.close();
  }
});

describe.each(majors())('the sequences of Postgres %i', (major) => {
  let target: ConnectionTarget;
  beforeAll(async () => {
    target = await freshDatabase(major);
    await runSql(target, SEQUENCES);
  });
  const read = async () => {
    const sequences = await withCarefulSession(target, signal, readSequences);
    return new Map(sequences.map((sequence) => [sequence.name, sequence]));
  };
  const columnsOf = async (name: string) => (await read()).get(name)?.columns.map(({ table, name: column, baseType }) => [table, column, baseType]);

  test('are read with every column that they fill, whether they belong to it or not', async () => {
    expect(await columnsOf('owned_id_seq')).toEqual([['owned', 'id', 'integer']]);
    expect(await columnsOf('identity_id_seq')).toEqual([['identity', 'id', 'bigint']]);
    expect(await columnsOf('shared "odd')).toEqual([
      ['many', 'as_integer', 'integer'],
      ['many', 'as_domain', 'smallint'],
      ['many', 'as_numeric', 'numeric(5,0)'],
      ['many', 'plain', 'integer'],
      ['one', 'id', 'bigint'],
    ]);
    expect(await columnsOf('of_parts')).toEqual([['parts', 'id', 'integer']]);
    expect(await columnsOf('free')).toEqual([]);
    const { type, max, lastValue } = (await read()).get('owned_id_seq') ?? {};
    expect({ type, max, lastValue }).toEqual({ type: 'integer', max: '2147483647', lastValue: null });
  });

  test('that are used up have numbers again after what mends them', async () => {
    const full = "SELECT setval('owned_id_seq', 2147483647), setval('identity_id_seq', 100), setval('of_parts', 2147483647), setval('small', 32767)";
    await runSql(target, `ALTER SEQUENCE identity_id_seq MAXVALUE 100; ${full}`);
    const sequences = [...(await read()).values()];
    const findings = findAll(factsOf({ sequences }));
    expect(findings.map(({ object }) => object).sort()).toEqual(['public.identity_id_seq', 'public.of_parts', 'public.owned_id_seq', 'public.small']);
    const inserts = ['owned', 'identity', 'parts'].map((table) => `INSERT INTO ${table} DEFAULT VALUES`);
    for (const insert of inserts) await expect(runSql(target, insert)).rejects.toThrow();
    for (const { remedySql } of findings) await runSql(target, remedySql ?? '');
    for (const insert of inserts) await runSql(target, insert);
    await runSql(target, "SELECT nextval('small')");
  });
});

const SEQUENCES = `
  CREATE TABLE owned (id serial);
  CREATE TABLE identity (id bigint GENERATED ALWAYS AS IDENTITY);
  CREATE SEQUENCE "shared ""odd";
  CREATE DOMAIN short AS smallint;
  CREATE DOMAIN shorter AS short CHECK (VALUE > 0);
  CREATE TABLE one (id bigint DEFAULT nextval('"shared ""odd"'));
  CREATE TABLE many (
    as_integer int DEFAULT nextval('"shared ""odd"'),
    as_domain shorter DEFAULT nextval('"shared ""odd"'),
    as_numeric numeric(5) DEFAULT nextval('"shared ""odd"'),
    plain int DEFAULT nextval('"shared ""odd"')::int,
    remainder int DEFAULT nextval('"shared ""odd"') % 100,
    code text DEFAULT 'A' || nextval('"shared ""odd"'),
    twice int GENERATED ALWAYS AS (as_integer * 2) STORED
  );
  CREATE SEQUENCE of_parts;
  CREATE TABLE parts (id int DEFAULT nextval('of_parts'), at date DEFAULT '2026-01-01') PARTITION BY RANGE (at);
  CREATE TABLE part_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
  CREATE TABLE part_2 PARTITION OF parts FOR VALUES FROM ('2026-01-02') TO ('2026-01-03');
  CREATE SEQUENCE free;
  CREATE SEQUENCE small AS smallint;
`;

const SHAPES = `
  CREATE SCHEMA "Shop";
  SET search_path = "Shop";
  CREATE COLLATION blurry (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE TABLE orders (id int PRIMARY KEY, note text, total numeric, "odd ""name" int, key uuid NOT NULL, EXCLUDE USING hash (note WITH =));
  INSERT INTO orders SELECT n, n, n, n, gen_random_uuid() FROM generate_series(1, 100) n;
  CREATE INDEX shapes ON orders (lower(note), total DESC) INCLUDE ("odd ""name") WITH (fillfactor = 70, deduplicate_items = off) WHERE total > 0;
  CREATE INDEX blurred ON orders (note COLLATE blurry);
  CREATE UNIQUE INDEX identity ON orders (key);
  ALTER TABLE orders REPLICA IDENTITY USING INDEX identity;
  CREATE TABLE days (at date) PARTITION BY RANGE (at);
  CREATE TABLE day_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
  CREATE INDEX ON days (at);
  CREATE TABLE free (id int PRIMARY KEY);
`;
