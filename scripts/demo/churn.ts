import type { Context } from '../../src/context.ts';
import { withSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';

/** The index that is left with more air than rows. */
export const CHURNED = 'public.customers_email';

/** Every customer gets a new address, twice: the old entries leave their room behind in the index, and no VACUUM gives it back. */
export async function churnAddresses(target: ConnectionTarget, { signal }: Context): Promise<void> {
  await withSession(target, { signal }, async (session) => {
    for (const move of ['first', 'second']) {
      await session.query(`UPDATE customers SET email = md5('${move}' || id) || '@shop.example'`);
      await session.query('VACUUM ANALYZE customers');
    }
  });
}
