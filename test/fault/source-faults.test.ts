import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { backup } from '../../src/backup/backup.ts';
import type { LifeboatError } from '../../src/errors.ts';
import { backupOptions } from '../../src/options/backup.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';
import { roleIn } from '../harness/roles.ts';
import { shopDatabase } from '../harness/shop.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { wrappedClient } from '../harness/wrapped-client.ts';

const { major, target: superuser } = clusterOf();
let temporaries: string;
let server: Awaited<ReturnType<typeof drillServer>>;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  server = await drillServer();
});

/** The failure of a backup that must not get as far as a pg_dump, and must leave nothing. */
async function refusal(target: ConnectionTarget, given: Record<string, unknown> = {}): Promise<LifeboatError> {
  const store = await temporaryStore();
  const client = await wrappedClient(major, 'pg_dump', ': > "$HERE/started"; exec "$REAL" "$@"');
  const error = await rejectionOf(runBackup(target, store.url, given, client.context()));
  expect(await readdir(client.bindir)).not.toContain('started');
  expect(await filesIn(store.folder)).toEqual([]);
  return error;
}

describe('a database URL', () => {
  const address = () => `${superuser.host}:${superuser.port}`;
  const password = () => encodeURIComponent(superuser.password ?? '');

  test.each([
    ['is no URL', () => 'shop', 'bad-database-url', /URL/, /postgres/],
    ['is of another database', () => 'mysql://root:secret@db/shop', 'bad-database-url', /mysql|URL/, /postgres/],
    ['has a wrong port', () => 'postgres://root:secret@db:port/shop', 'bad-database-url', /port/, /1|5432/],
    ['has a parameter that nobody knows', () => 'postgres://root:secret@db/shop?sslmod=require', 'bad-database-url', /sslmod/, /sslmode/],
    ['goes where nothing listens', () => 'postgres://root:secret@127.0.0.1:1/shop', 'host-unreachable', /127\.0\.0\.1:1/, /host and port/],
    ['names a host that is not there', () => 'postgres://root:secret@db.invalid/shop', 'host-unreachable', /db\.invalid/, /host and port/],
    ['has the wrong password', () => `postgres://postgres:secret@${address()}/postgres`, 'authentication-failed', /postgres/, /password/],
    ['names a database that is not there', () => `postgres://postgres:${password()}@${address()}/shhop`, 'database-missing', /shhop/, /psql -l/],
    [
      'is Supabase in transaction mode',
      () => 'postgres://u:secret@aws-0-eu-west-1.pooler.supabase.com:6543/postgres',
      'pooler-url',
      /Supabase/,
      /:5432\/postgres/,
    ],
    ['is a pooled Neon host', () => 'postgres://u:secret@ep-cool-1-pooler.eu-west-1.aws.neon.tech/db', 'pooler-url', /Neon/, /ep-cool-1\.eu-west-1/],
    ['says pgbouncer=true', () => 'postgres://u:secret@db/shop?pgbouncer=true', 'pooler-url', /PgBouncer/, /direct/],
  ])('that %s is refused', async (_, url, code, sentence, remedy) => {
    const store = await temporaryStore();
    const error = await rejectionOf(backup(backupOptions.parse({ databaseUrl: url(), storage: store.url }), recordingContext()));
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence), remedy: expect.stringMatching(remedy) });
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toMatch(/secret/);
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([superuser], temporaries);
  });
});

describe('before a byte is dumped', () => {
  test('tables, sequences and partitions that the role may not read are listed', async () => {
    const source = await shopDatabase();
    await runSql(source, 'CREATE TABLE shop."Odd ""Name" (id int PRIMARY KEY); CREATE TABLE public.open (id int)');
    const role = await roleIn(source, 'GRANT USAGE ON SCHEMA shop TO $role; GRANT SELECT ON shop.orders, public.open TO $role');
    const error = await refusal(role);
    expect(error).toMatchObject({
      code: 'table-not-readable',
      message: expect.stringContaining(role.user),
      remedy: expect.stringContaining('pg_read_all_data'),
      details: { tables: ['shop."Odd ""Name"', 'shop.audit', 'shop.customers', 'shop.customers_id_seq', 'shop.orders_id_seq', 'shop.tickets'] },
    });
    for (const name of ['shop.audit', 'shop."Odd ""Name"']) expect(error.message).toContain(name);
    await expectNothingLeft([source], temporaries);
  });

  test('a schema that the role may not use is told by its tables', async () => {
    const source = await shopDatabase();
    const error = await refusal(await roleIn(source, 'GRANT SELECT ON ALL TABLES IN SCHEMA shop TO $role'));
    expect(error).toMatchObject({
      code: 'table-not-readable',
      message: expect.stringContaining('shop.orders'),
      remedy: expect.stringContaining('pg_read_all_data'),
    });
    await expectNothingLeft([source], temporaries);
  });

  test('large objects that the role may not read are told, and --schema leaves them out', async () => {
    const source = await shopDatabase();
    const role = await roleIn(source, 'GRANT pg_read_all_data TO $role');
    expect(await refusal(role)).toMatchObject({
      code: 'table-not-readable',
      message: expect.stringMatching(/may not read 2 large objects: \d+, \d+\./),
      remedy: expect.stringContaining('LARGE OBJECT'),
    });
    const store = await temporaryStore();
    await runBackup(role, store.url, { schema: ['shop'] });
    await expectNothingLeft([source], temporaries);
  });

  test.each([
    ['of another owner', ''],
    ['of its own, where it is forced', 'ALTER TABLE shop.orders OWNER TO $role; ALTER TABLE shop.orders FORCE ROW LEVEL SECURITY;'],
  ])('tables %s that row-level security would cut short are listed', async (_, more) => {
    const source = await shopDatabase();
    await runSql(
      source,
      'ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON shop.orders USING (id < 10); SELECT lo_unlink(oid) FROM pg_largeobject_metadata',
    );
    const role = await roleIn(source, `GRANT pg_read_all_data TO $role; ${more}`);
    expect(await refusal(role)).toMatchObject({
      code: 'row-security-active',
      message: expect.stringMatching(new RegExp(`shop\\.orders from the role ${role.user}`)),
      remedy: expect.stringContaining('BYPASSRLS'),
      details: { tables: ['shop.orders'] },
    });
    const store = await temporaryStore();
    const result = await runBackup(role, store.url, { database: 'shop', excludeTableData: ['shop.orders'] });
    expect(result.leftOut).toEqual(['shop.orders']);
    await expectNothingLeft([source], temporaries);
  });

  test('a schema pattern that matches nothing is told', async () => {
    const source = await shopDatabase();
    expect(await refusal(source, { schema: ['shopp*'] })).toMatchObject({
      code: 'nothing-selected',
      message: expect.stringContaining('shopp*'),
      remedy: expect.stringContaining('double quotes'),
    });
    await expectNothingLeft([source], temporaries);
  });

  test.each([
    ['schema', 'a.b', 'Name the schema alone'],
    ['excludeTable', 'a.b.c', 'double quotes'],
    ['excludeTableData', 'x.y.z', 'double quotes'],
  ])('the %s pattern %s is told', async (option, pattern, remedy) => {
    expect(await refusal(await shopDatabase(), { [option]: [pattern] })).toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining(pattern),
      remedy: expect.stringContaining(remedy),
    });
  });
});

describe('a role', () => {
  test('that may only read everything backs everything up', async () => {
    const source = await shopDatabase();
    await runSql(source, 'SELECT lo_unlink(oid) FROM pg_largeobject_metadata');
    const role = await roleIn(source, 'GRANT pg_read_all_data TO $role');
    const store = await temporaryStore();
    const result = await runBackup(role, store.url, { database: 'shop' });
    expect(result.rows).toBe(3800);
    expect(await runDrill('shop', store.url, { into: server.url })).toMatchObject({ ok: true, proof: { verdict: 'proven', rows: 3800 } });
  });

  test('that may not read memberships leaves the globals out, and the backup says so', async () => {
    const source = await shopDatabase();
    await runSql(source, 'SELECT lo_unlink(oid) FROM pg_largeobject_metadata; REVOKE SELECT ON pg_catalog.pg_auth_members FROM PUBLIC');
    const role = await roleIn(
      source,
      'GRANT SELECT ON ALL TABLES IN SCHEMA shop TO $role; GRANT SELECT ON ALL SEQUENCES IN SCHEMA shop TO $role; GRANT USAGE ON SCHEMA shop TO $role',
    );
    const store = await temporaryStore();
    const result = await runBackup(role, store.url, { database: 'shop' });
    expect(result.notes).toEqual([expect.stringMatching(/^Roles are not in this backup: .*pg_auth_members/)]);
    expect(result.parts.map((part) => part.kind)).toEqual(['schema', 'data']);
    expect(await runDrill('shop', store.url, { into: server.url })).toMatchObject({ ok: true, proof: { verdict: 'proven' } });
  });

  test.each([1, 2, 3, 5])('with %i connections and no more fails the backup, which leaves nothing', async (limit) => {
    const source = await shopDatabase();
    await runSql(source, 'SELECT lo_unlink(oid) FROM pg_largeobject_metadata');
    const role = await roleIn(source, 'GRANT pg_read_all_data TO $role', `CONNECTION LIMIT ${limit}`);
    const store = await temporaryStore();
    expect(await rejectionOf(runBackup(role, store.url, { database: 'shop', jobs: '4' }))).toMatchObject({
      code: 'too-many-connections',
      message: expect.stringContaining(source.database),
      remedy: expect.stringContaining('fewer jobs'),
    });
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });
});

test('an empty database is backed up and proven', async () => {
  const source = await freshDatabase(major);
  const store = await temporaryStore();
  expect(await runBackup(source, store.url, { database: 'empty' })).toMatchObject({ rows: 0, tables: 0 });
  const drill = await runDrill('empty', store.url);
  expect(drill.proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
  expect(drill).toMatchObject({ ok: true, proof: { verdict: 'proven', rows: 0 } });
  await expectNothingLeft([source], temporaries);
});
