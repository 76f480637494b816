import { beforeAll, describe, expect, test } from 'vitest';
import { readIndexes } from '../../src/indexes/catalogue/indexes.ts';
import { withCarefulSession } from '../../src/indexes/catalogue/session.ts';
import type { IndexFacts } from '../../src/indexes/facts.ts';
import { openSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
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
