import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { runBackup, runDrill, temporaryStore, urlOf } from '../harness/engine.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { roleIn } from '../harness/roles.ts';
import { rejectionOf } from '../harness/thrown.ts';

/** A server where nobody is superuser, as a managed one is. */
const { major } = clusterOf();
const owner = `owner_${randomBytes(4).toString('hex')}`;
let store: { url: string; folder: string };
let source: ConnectionTarget;
let manager: ConnectionTarget;
beforeAll(async () => {
  store = await temporaryStore();
  source = await freshDatabase(major);
  manager = await roleIn(source, '', 'CREATEDB CREATEROLE');
  await runSql(
    source,
    `CREATE ROLE ${owner}; CREATE SCHEMA s AUTHORIZATION ${owner}; CREATE TABLE s.t (id int PRIMARY KEY); ALTER TABLE s.t OWNER TO ${owner}`,
  );
  await runBackup(source, store.url, { database: 'managed' });
  await runSql(source, `DROP OWNED BY ${owner} CASCADE; DROP ROLE ${owner}`);
});

const rolesLike = (name: string) => runSql(source, 'SELECT rolname FROM pg_roles WHERE rolname = $1', [name]);

test('roles made for the drill can be made owners by the role that made them, and go with it', async () => {
  const { proof } = await runDrill('managed', store.url, { into: urlOf({ ...manager, database: 'postgres' }) });
  expect(proof.checks.flatMap(({ findings }) => findings)).toEqual([]);
  expect(proof.verdict).toBe('proven');
  expect(await rolesLike(owner)).toEqual([]);
});

test('a role that cannot be made leaves none of the others behind', async () => {
  const taken = await runBackup(source, store.url, { database: 'refused' });
  const path = join(store.folder, 'refused', taken.id, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  // a name that Postgres keeps for itself
  await writeFile(path, JSON.stringify({ ...manifest, roles: [owner, 'pg_reserved_name'] }));
  const error = await rejectionOf(runDrill('refused', store.url, { into: urlOf({ ...manager, database: 'postgres' }) }));
  expect(error).toMatchObject({ code: 'query-failed', message: expect.stringContaining('reserved') });
  expect(await rolesLike(owner)).toEqual([]);
});
