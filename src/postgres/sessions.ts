import { allOrNothing } from '../concurrency.ts';
import { openSession, type Session } from './connect.ts';
import type { ConnectionTarget } from './url.ts';

export interface SessionsOptions {
  /** How many sessions work side by side. */
  readonly sessions: number;
  readonly signal: AbortSignal;
  /** Run once in each session before its first item. */
  readonly prepare?: (session: Session) => Promise<unknown>;
}

/** Works items off in several sessions, each taking the next one when it is free. The first failure ends all of them. */
export async function eachInSessions<T>(
  target: ConnectionTarget,
  options: SessionsOptions,
  items: readonly T[],
  work: (session: Session, item: T) => Promise<unknown>,
): Promise<void> {
  const queue = [...items];
  const workers = Array.from({ length: Math.min(options.sessions, items.length) }, () => async (signal: AbortSignal) => {
    const session = await openSession(target, { signal });
    try {
      await options.prepare?.(session);
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(session, item);
    } finally {
      await session.close();
    }
  });
  await allOrNothing(options.signal, workers);
}
