import { setTimeout as sleep } from 'node:timers/promises';
import { type Session, withSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { CUSTOMERS, EVENTS, ORDERS } from './shop.sql.ts';

/** Rows that were written, all committed. */
export interface Writes {
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
}

export interface Writer {
  /** So far. */
  writes(): Writes;
  /** Ends it after its transaction. Throws what it failed with, if it did. */
  stop(): Promise<void>;
}

const PAUSE_MS = 2;

/** Customers who do not wait for a backup: orders, payments and clicks from a connection of its own, until told to stop. Answers once they have begun. */
export async function startWriter(target: ConnectionTarget, signal: AbortSignal): Promise<Writer> {
  let total: Writes = { inserts: 0, updates: 0, deletes: 0 };
  let stopping = false;
  const begun = Promise.withResolvers<void>();
  const working = withSession(target, { signal, applicationName: 'shop' }, async (session) => {
    for (let n = 1; !stopping; n += 1) {
      total = add(total, await doBusiness(session, n));
      begun.resolve();
      await sleep(PAUSE_MS, undefined, { signal });
    }
  });
  working.catch(begun.reject);
  await begun.promise;
  return {
    writes: () => total,
    async stop() {
      stopping = true;
      await working;
    },
  };
}

/** One transaction: an order with its items, another order's progress, a click that comes and an old one that goes. */
async function doBusiness(session: Session, n: number): Promise<Writes> {
  await session.query('BEGIN');
  const items = await session.query(PLACE_ORDER, [n % CUSTOMERS]);
  const moved = await session.query(MOVE_ORDER, [(n * 7919) % ORDERS]);
  const clicked = await session.query(RECORD_EVENT, [n % CUSTOMERS]);
  const forgotten = await session.query('DELETE FROM analytics.events WHERE id = $1 RETURNING id', [(n * 104_729) % EVENTS]);
  await session.query('COMMIT');
  return { inserts: 1 + items.length + clicked.length, updates: moved.length, deletes: forgotten.length };
}

const PLACE_ORDER = `
  WITH placed AS (
    INSERT INTO orders (placed_at, customer_id, total)
    VALUES (clock_timestamp(), $1::bigint + 1, 3 * 9.99 + 1 * 24.50)
    RETURNING id, placed_at
  )
  INSERT INTO order_items (order_id, placed_at, line, sku, quantity, price)
  SELECT id, placed_at, line, 'SKU-' || line, quantity, price
    FROM placed, (VALUES (1, 3, 9.99), (2, 1, 24.50)) AS basket (line, quantity, price)
  RETURNING line
`;

const MOVE_ORDER = `
  UPDATE orders SET status = CASE status WHEN 'placed' THEN 'paid' WHEN 'paid' THEN 'shipped' ELSE 'returned' END::order_status
   WHERE id = $1 + 1
  RETURNING id
`;

const RECORD_EVENT = `
  INSERT INTO analytics.events (at, customer_id, payload)
  VALUES (clock_timestamp(), $1::bigint + 1, '{"kind": "checkout", "page": "/basket"}')
  RETURNING id
`;

function add(a: Writes, b: Writes): Writes {
  return { inserts: a.inserts + b.inserts, updates: a.updates + b.updates, deletes: a.deletes + b.deletes };
}
