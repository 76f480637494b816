import { randomBytes } from 'node:crypto';
import { afterAll } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { runSql } from './postgres.ts';

/** A login role of the calling file's own; `sql` grants it things, with `$role` for its name. Answers with the database as that role sees it. */
export async function roleIn(database: ConnectionTarget, sql: string, attributes = ''): Promise<ConnectionTarget> {
  const role = `r_${randomBytes(4).toString('hex')}`;
  await runSql(database, `CREATE ROLE ${role} LOGIN PASSWORD 'pass word' ${attributes}`);
  made.push({ database, role });
  if (sql !== '') await runSql(database, sql.replaceAll('$role', role));
  return { ...database, user: role, password: 'pass word' };
}

const made: { database: ConnectionTarget; role: string }[] = [];

afterAll(async () => {
  for (const { database, role } of made.splice(0)) await runSql(database, `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
});
