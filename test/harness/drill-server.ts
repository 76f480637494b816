import { randomBytes } from 'node:crypto';
import { afterAll } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { urlOf } from './engine.ts';
import { clusterOf, runSql } from './postgres.ts';

/** A server to drill on with `into`, under a name of the calling file's own: so its databases can be told from everybody else's. */
export async function drillServer(major?: number): Promise<{ url: string; databases(): Promise<string[]> }> {
  const { target } = clusterOf(major);
  const user = `drill_${randomBytes(4).toString('hex')}`;
  await runSql(target, `CREATE ROLE ${user} SUPERUSER LOGIN PASSWORD 'drill'`);
  made.push({ target, user });
  return {
    url: urlOf({ ...target, user, password: 'drill' }),
    async databases() {
      const sql = 'SELECT datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = $1';
      return (await runSql<{ datname: string }>(target, sql, [user])).map((row) => row.datname);
    },
  };
}

const made: { target: ConnectionTarget; user: string }[] = [];

afterAll(async () => {
  for (const { target, user } of made.splice(0)) await runSql(target, `DROP ROLE ${user}`);
});
