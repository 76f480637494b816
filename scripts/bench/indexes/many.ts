import { withSession } from '../../../src/postgres/connect.ts';
import { type ConnectionTarget, withDatabase } from '../../../src/postgres/url.ts';

const INDEXES_PER_TABLE = 5;

/** Makes a database of very many indexes of all kinds, five to a table of a few hundred rows, analyzed. */
export async function makeManyIndexes(server: ConnectionTarget, name: string, indexes: number): Promise<ConnectionTarget> {
  await withSession(server, {}, (session) => session.query(`CREATE DATABASE ${name} TEMPLATE template0`));
  const target = withDatabase(server, name);
  await withSession(target, {}, async (session) => {
    // a commit now and then: a transaction that makes them all runs out of locks
    await session.query(`
      DO $$
      BEGIN
        FOR i IN 1..${Math.ceil(indexes / INDEXES_PER_TABLE)} LOOP
          EXECUTE format('CREATE TABLE many_%s (id bigint PRIMARY KEY, customer_id int, status text, email text, at timestamptz, total numeric)', i);
          EXECUTE format('INSERT INTO many_%s SELECT n, n %% 40, (ARRAY[''new'', ''paid'', ''sent''])[1 + n %% 3], ''c'' || n || ''@example.com'','
            ' timestamptz ''2026-01-01'' + n * interval ''1 minute'', n * 1.5 FROM generate_series(1, 300) n', i);
          EXECUTE format('CREATE INDEX ON many_%s (customer_id, at)', i);
          EXECUTE format('CREATE INDEX ON many_%s (status)', i);
          EXECUTE format('CREATE INDEX ON many_%s (lower(email))', i);
          EXECUTE format('CREATE INDEX ON many_%s (total) WHERE status = ''new''', i);
          EXECUTE format('ANALYZE many_%s', i);
          IF i % 50 = 0 THEN COMMIT; END IF;
        END LOOP;
      END $$
    `);
  });
  return target;
}
