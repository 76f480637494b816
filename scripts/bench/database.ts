import { withSession } from '../../src/postgres/connect.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';

/** Makes a database with the shapes that backups meet: many narrow rows, wide text, jsonb, a dominating table, the usual indexes. Scale 1 is about 1.8 GB. */
export async function makeDatabase(server: ConnectionTarget, name: string, scale: number): Promise<ConnectionTarget> {
  await withSession(server, {}, (session) => session.query(`CREATE DATABASE ${name}`));
  const target = withDatabase(server, name);
  const rows = (atScaleOne: number) => Math.round(atScaleOne * scale);
  await withSession(target, {}, async (session) => {
    await session.query('SELECT setseed(0.42)');
    for (const statement of statements(rows)) await session.query(statement);
    await session.query('ANALYZE');
  });
  return target;
}

function statements(rows: (atScaleOne: number) => number): string[] {
  return [
    `CREATE TABLE customers AS
       SELECT i AS id, 'Customer ' || i AS name, 'c' || i || '@example.com' AS email, timestamptz '2023-01-01' + i * interval '1 minute' AS since
         FROM generate_series(1, ${rows(300_000)}) i`,
    'ALTER TABLE customers ADD PRIMARY KEY (id)',
    'CREATE UNIQUE INDEX ON customers (email)',
    `CREATE TABLE orders AS
       SELECT i::bigint AS id, 1 + i % ${rows(300_000)} AS customer_id, (ARRAY['new', 'paid', 'shipped', 'returned'])[1 + i % 4] AS status,
              round((random() * 1000)::numeric, 2)::numeric(12, 2) AS total, timestamptz '2024-01-01' + i * interval '9 seconds' AS placed_at,
              'order note ' || md5(i::text) AS note
         FROM generate_series(1, ${rows(3_000_000)}) i`,
    'ALTER TABLE orders ADD PRIMARY KEY (id)',
    'CREATE INDEX ON orders (customer_id)',
    'CREATE INDEX ON orders (placed_at)',
    `CREATE TABLE order_items AS
       SELECT i::bigint AS id, (1 + i / 2)::bigint AS order_id, 'SKU-' || i % 5000 AS sku, 1 + i % 9 AS quantity, ((i % 10000) / 100.0)::numeric(10, 2) AS price
         FROM generate_series(1, ${rows(5_000_000)}) i`,
    'ALTER TABLE order_items ADD PRIMARY KEY (id)',
    'CREATE INDEX ON order_items (order_id)',
    `CREATE TABLE payments AS
       SELECT i::bigint AS id, i::bigint AS order_id, gen_random_uuid() AS reference, (i % 7) = 0 AS refunded
         FROM generate_series(1, ${rows(2_000_000)}) i`,
    'ALTER TABLE payments ADD PRIMARY KEY (id)',
    'CREATE UNIQUE INDEX ON payments (reference)',
    `CREATE TABLE events AS
       SELECT i::bigint AS id, (ARRAY['view', 'click', 'buy'])[1 + i % 3] AS kind, timestamptz '2024-01-01' + i * interval '3 seconds' AS at,
              jsonb_build_object('session', md5((i / 10)::text), 'page', '/product/' || i % 5000, 'ms', i % 977, 'agent', 'Mozilla/5.0 (X11; Linux x86_64)') AS payload
         FROM generate_series(1, ${rows(2_000_000)}) i`,
    'ALTER TABLE events ADD PRIMARY KEY (id)',
    'CREATE INDEX ON events (at)',
    'ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers',
  ];
}
