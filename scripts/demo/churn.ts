import type { Context } from '../../src/context.ts';
import { withSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';

/** The index that is left with more air than rows. */
export const CHURNED = 'public.customers_email';

/** Every customer gets a new address, twice: the old entries leave their room behind in the index, and no VACUUM gives it back. */
export async function churnAddresses(target: ConnectionTarget, { signal }: Context): Promise<void> {
  const statements = ['first', 'second'].flatMap((move) => [
    `UPDATE customers SET email = md5('${move}' || id) || '@shop.example'`,
    'VACUUM ANALYZE customers',
  ]);
  // each in a session of its own, which tells of its changes when it ends: else Postgres counts them after ANALYZE
  for (const sql of statements) await withSession(target, { signal }, (session) => session.query(sql));
}
