import { judgeBloat } from '../../../src/indexes/bloat/judge.ts';
import { NEVER_DRILLED } from '../../../src/indexes/bloat/measured.ts';
import { readIndexes } from '../../../src/indexes/catalogue/indexes.ts';
import { withCarefulSession } from '../../../src/indexes/catalogue/session.ts';
import { type Session, withSession } from '../../../src/postgres/connect.ts';
import { type ConnectionTarget, withDatabase } from '../../../src/postgres/url.ts';
import type { BenchServer } from '../backups.ts';
import { median } from '../measure.ts';
import type { Row } from '../rows.ts';

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

const MANY = 10_000;
const RUNS = 3;

/** What reading and judging ten thousand indexes takes: the catalogue's queries, and the process's memory. */
export async function benchManyIndexes(bench: BenchServer): Promise<Row[]> {
  const target = await makeManyIndexes(bench.server, 'many_indexes', MANY);
  const queries: number[] = [];
  const whole: number[] = [];
  const { signal } = new AbortController();
  for (let run = 0; run < RUNS; run += 1) {
    let spent = 0;
    const started = performance.now();
    await withCarefulSession(target, signal, async (session) => {
      const timed: Session = {
        ...session,
        query: async <Row>(sql: string, values?: readonly unknown[]) => {
          const asked = performance.now();
          const rows = await session.query<Row>(sql, values);
          spent += performance.now() - asked;
          return rows;
        },
      };
      const report = await judgeBloat(timed, await readIndexes(timed), { drilled: NEVER_DRILLED, exact: false }, signal);
      if (report.judged.length !== MANY) throw new Error(`${report.judged.length} indexes of ${MANY} were judged`);
    });
    queries.push(spent);
    whole.push(performance.now() - started);
  }
  return [
    { what: `catalogue queries, ${MANY} indexes`, measured: median(queries), unit: 'ms', target: { atMost: 2000 }, how: `median of ${RUNS}` },
    { what: `reading and judging, ${MANY} indexes`, measured: median(whole), unit: 'ms', target: { atMost: 5000 }, how: `median of ${RUNS}` },
  ];
}
