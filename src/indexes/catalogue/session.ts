import { openSession, type Session } from '../../postgres/connect.ts';
import { pinSettings } from '../../postgres/snapshot.ts';
import type { ConnectionTarget } from '../../postgres/url.ts';

/** How long one query of a report may take, and how long it may wait for a lock. */
const STATEMENT_TIMEOUT_MS = 30_000;
const LOCK_TIMEOUT_MS = 250;

/** A session that only reads, and that nobody has to wait for: every statement is a transaction of its own, and gives up soon. */
export async function withCarefulSession<T>(target: ConnectionTarget, signal: AbortSignal, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(target, { signal });
  try {
    await beCareful(session);
    return await use(session);
  } finally {
    await session.close();
  }
}

/** The same for a session that is open already. */
export async function beCareful(session: Session): Promise<void> {
  await pinSettings(session);
  await session.query(`
    SET default_transaction_read_only = on;
    SET statement_timeout = ${STATEMENT_TIMEOUT_MS};
    SET lock_timeout = ${LOCK_TIMEOUT_MS};
    SET jit = off;
  `);
}
