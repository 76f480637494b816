import { allOrNothing } from '../../src/concurrency.ts';
import type { Context } from '../../src/context.ts';
import { type Session, withSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { CUSTOMERS, EVENTS, INDEXES_AND_KEYS, LOAD_CUSTOMERS, LOAD_EVENTS, LOAD_ORDERS, ORDERS, TABLES } from './shop.sql.ts';

const AT_ONCE = 8_000;

/** Fills an empty database with the shop, with the same rows every time. Answers with its size in bytes. */
export async function loadShop(target: ConnectionTarget, { log, signal }: Context): Promise<number> {
  await withSession(target, { signal }, (session) => session.query(TABLES));
  const total = CUSTOMERS + ORDERS + EVENTS;
  let done = 0;
  const onRows = (rows: number) => {
    done += rows;
    log.progress({ phase: 'load the shop', done, total, unit: 'rows' });
  };
  const load = (...tables: (readonly [sql: string, rows: number])[]) => {
    return (shared: AbortSignal) =>
      withSession(target, { signal: shared }, async (session) => {
        for (const [sql, rows] of tables) await insertInSteps(session, sql, rows, onRows);
      });
  };
  await allOrNothing(signal, [load([LOAD_ORDERS, ORDERS]), load([LOAD_CUSTOMERS, CUSTOMERS], [LOAD_EVENTS, EVENTS])]);
  return withSession(target, { signal }, async (session) => {
    for (const [i, sql] of INDEXES_AND_KEYS.entries()) {
      await session.query(sql);
      log.progress({ phase: 'indexes and keys', done: i + 1, total: INDEXES_AND_KEYS.length, unit: 'indexes' });
    }
    const [size] = await session.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes');
    return Number(size?.bytes);
  });
}

/** Each step has its own seed, so that its rows do not depend on who runs before it. */
async function insertInSteps(session: Session, sql: string, rows: number, onRows: (rows: number) => void): Promise<void> {
  for (let first = 1; first <= rows; first += AT_ONCE) {
    const last = Math.min(first + AT_ONCE - 1, rows);
    await session.query('SELECT setseed($1)', [first / (rows + 1)]);
    await session.query(sql, [first, last]);
    onRows(last - first + 1);
  }
}
