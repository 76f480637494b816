import { describe, expect, test } from 'vitest';
import { runBackup, runRestore, temporaryStore } from '../harness/engine.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { rejectionOf } from '../harness/thrown.ts';

const SHOP = `
  CREATE SCHEMA shop;
  CREATE TYPE shop.mood AS ENUM ('good', 'bad');
  CREATE DOMAIN shop.quantity AS int CHECK (VALUE > 0);
  CREATE FUNCTION shop.next_number() RETURNS int LANGUAGE sql AS 'SELECT 7';
  CREATE TABLE shop.customers (id serial PRIMARY KEY, mood shop.mood DEFAULT 'good', "Odd name" text UNIQUE);
  INSERT INTO shop.customers (mood, "Odd name") SELECT 'bad', 'c' || i FROM generate_series(1, 30) i;
  CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY, customer_id int REFERENCES shop.customers, quantity shop.quantity,
                            number int DEFAULT shop.next_number(), at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE shop.orders_2025 PARTITION OF shop.orders FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY RANGE (at);
  CREATE TABLE shop.orders_2025_h1 PARTITION OF shop.orders_2025 FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
  CREATE TABLE shop.orders_2025_h2 PARTITION OF shop.orders_2025 FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
  CREATE TABLE shop.orders_later PARTITION OF shop.orders DEFAULT;
  INSERT INTO shop.orders (customer_id, quantity, at) SELECT 1 + i % 30, 1 + i % 5, date '2025-01-01' + i FROM generate_series(1, 500) i;
  CREATE INDEX orders_by_number ON shop.orders (number);
  CREATE TABLE public.orders (note text);
`;

const RELATIONS = `
  SELECT n.nspname || '.' || c.relname || ' ' || c.relkind::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname IN ('shop', 'public') ORDER BY 1`;

describe.each(majors())('restore --table on Postgres %i', (major) => {
  test('brings a partitioned table back whole, with what it needs, into an empty database', async () => {
    const { source, store } = await backedUpShop(major);
    const target = await freshDatabase(major);
    const result = await runRestore('shop', store.url, target, { table: ['shop.orders'] });
    expect(result.rows).toBe(500);
    const names = (await runSql(target, RELATIONS)).map((row) => row['name']);
    const expected = (await runSql(source, RELATIONS)).map((row) => String(row['name'])).filter((name) => name.startsWith('shop.orders'));
    expect(names).toEqual(expected);
    const sums = `SELECT count(*)::int AS rows, sum(number)::int AS numbers, max(id)::int AS last FROM shop.orders`;
    expect(await runSql(target, sums)).toEqual(await runSql(source, sums));
    // attached again, and the identity goes on where it was
    await runSql(target, "INSERT INTO shop.orders (quantity, at) VALUES (1, '2025-03-01')");
    expect(await runSql(target, 'SELECT max(id)::int AS last FROM ONLY shop.orders_2025_h1')).toEqual([{ last: 501 }]);
  });

  test('brings one partition back by itself, beside what is there already', async () => {
    const { store } = await backedUpShop(major);
    const target = await freshDatabase(major);
    await runSql(
      target,
      `CREATE SCHEMA shop; CREATE DOMAIN shop.quantity AS int; CREATE FUNCTION shop.next_number() RETURNS int LANGUAGE sql AS 'SELECT 7'`,
    );
    const result = await runRestore('shop', store.url, target, { table: ['orders_2025_h2'] });
    expect(result.problems.filter((problem) => problem.harmless === null)).toEqual([]);
    const names = (await runSql(target, RELATIONS)).map((row) => row['name']);
    expect(names).toEqual(['shop.orders_2025_h2 r', 'shop.orders_2025_h2_number_idx i', 'shop.orders_2025_h2_pkey i']);
  });

  test('brings keys and owned sequences back, and refuses what is ambiguous or in the way', async () => {
    const { store } = await backedUpShop(major);
    const target = await freshDatabase(major);
    await runRestore('shop', store.url, target, { table: ['customers'] });
    expect(await runSql(target, 'INSERT INTO shop.customers DEFAULT VALUES RETURNING id, mood::text')).toEqual([{ id: 31, mood: 'good' }]);
    expect(await rejectionOf(runRestore('shop', store.url, target, { table: ['customers'] }))).toMatchObject({ code: 'target-not-empty' });
    const ambiguous = await rejectionOf(runRestore('shop', store.url, target, { table: ['orders'] }));
    expect(ambiguous).toMatchObject({ code: 'unknown-table', remedy: expect.stringContaining('shop.orders') });
  });
});

async function backedUpShop(major: number) {
  const source = await freshDatabase(major);
  await runSql(source, SHOP);
  const store = await temporaryStore();
  await runBackup(source, store.url, { database: 'shop' });
  return { source, store };
}
