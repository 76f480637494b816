import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { freshDatabase, majors, runSql, templateDatabase } from './postgres.ts';

/** A small database with one of everything that a manifest counts; the calling file's own copy. */
export async function shopDatabase(major: number = Math.max(...majors())): Promise<ConnectionTarget> {
  const template = await templateDatabase(major, 'shop', async (target) => {
    await runSql(target, SHOP_SQL);
  });
  return freshDatabase(major, template);
}

const SHOP_SQL = `
  CREATE EXTENSION citext;
  CREATE SCHEMA shop;
  CREATE TYPE shop.status AS ENUM ('placed', 'sent');

  CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email public.citext NOT NULL UNIQUE,
    joined date NOT NULL
  );
  INSERT INTO shop.customers (email, joined) SELECT 'c' || i || '@example.com', '2026-01-01'::date + i % 90 FROM generate_series(1, 300) i;

  CREATE TABLE shop.orders (
    id serial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES shop.customers,
    status shop.status NOT NULL DEFAULT 'placed',
    placed_at timestamptz NOT NULL,
    note text,
    CONSTRAINT note_is_short CHECK (length(note) < 1000)
  );
  CREATE INDEX orders_by_time ON shop.orders (placed_at);
  INSERT INTO shop.orders (customer_id, placed_at, note)
  SELECT 1 + i % 300, '2026-01-01'::timestamptz + i * interval '1 hour', encode(sha256(i::text::bytea), 'hex') FROM generate_series(1, 3000) i;

  CREATE TABLE shop.audit (at timestamptz, line text);
  INSERT INTO shop.audit SELECT '2026-01-01'::timestamptz + i * interval '1 minute', md5(i::text) FROM generate_series(1, 500) i;

  CREATE VIEW shop.totals AS SELECT customer_id, count(*) AS orders FROM shop.orders GROUP BY customer_id;
  CREATE FUNCTION shop.double(n int) RETURNS int LANGUAGE sql IMMUTABLE RETURN n * 2;
  CREATE SEQUENCE shop.tickets;
  SELECT nextval('shop.tickets') FROM generate_series(1, 7);
  SELECT lo_from_bytea(0, decode(repeat('5a', 3000), 'hex')), lo_from_bytea(0, '\\x0102');
`;
