import { describe, expect, it } from 'vitest';
import { LifeboatError } from '../../src/errors.ts';
import type { HeldTable } from '../../src/postgres/preflight/activity.ts';
import type { Relation } from '../../src/postgres/relations.ts';
import { judgeLocks, judgeReplication, judgeTimeouts } from '../../src/preflight/checks/activity.ts';
import { judgeConnections, judgeDisk, judgeDuration, judgeLockTable } from '../../src/preflight/checks/capacity.ts';
import { judgeClock } from '../../src/preflight/checks/clock.ts';
import { judgeExtensions } from '../../src/preflight/checks/extensions.ts';
import { judgeLargeObjects } from '../../src/preflight/checks/large-objects.ts';
import { judgePooler } from '../../src/preflight/checks/pooler.ts';
import { judgePrivileges, judgeRowSecurity } from '../../src/preflight/checks/privileges.ts';
import { judgeRoles } from '../../src/preflight/checks/roles.ts';
import { judgeSearchPath, unqualifiedNames } from '../../src/preflight/checks/search-path.ts';
import { judgeTls } from '../../src/preflight/checks/tls.ts';
import { judgeUnlogged } from '../../src/preflight/checks/unlogged.ts';
import { judgeVersions } from '../../src/preflight/checks/versions.ts';
import { type Judgement, verdictOf } from '../../src/preflight/judgement.ts';
import { predict } from '../../src/preflight/predict.ts';
import { PROFILES } from '../../src/providers/profiles.ts';

const GiB = 1024 ** 3;

/** The verdict, with all that is said: a remedy too, wherever something is wrong. */
function said(judgement: Judgement): string {
  for (const { level, remedy } of judgement.remarks) if (level !== 'not-run') expect(remedy).not.toBe('');
  expect(judgement.says).toMatch(/\.$/);
  return [verdictOf(judgement), judgement.says, ...judgement.remarks.flatMap(({ message, remedy, objects }) => [message, remedy, ...objects])].join(
    ' | ',
  );
}

describe('tls', () => {
  const remote = { host: 'db.example.com', sslmode: undefined, sslrootcert: undefined, encrypted: true };
  it.each([
    [{ ...remote, host: '/var/run/postgresql', encrypted: false }, /^pass/],
    [{ ...remote, host: '127.0.0.1', encrypted: false }, /^pass/],
    [{ ...remote, sslmode: 'verify-full' }, /^pass .*verify-full/],
    [{ ...remote, sslrootcert: 'system' }, /^pass .*verify-full/],
    [{ ...remote, sslmode: 'verify-ca' }, /^warn .*certificate of that authority.*sslmode=verify-full/],
    [{ ...remote, sslmode: 'require' }, /^warn .*anybody in between/],
    [remote, /^warn .*sslmode prefer/],
    [{ ...remote, encrypted: null }, /^warn .*unknown encryption/],
    [{ ...remote, sslmode: 'disable', encrypted: false }, /^warn .*plain text/],
  ])('judges %j', (facts, expected) => {
    expect(said(judgeTls(facts))).toMatch(expected);
  });
});

describe('pooler', () => {
  it.each([
    [{ announced: 7, first: 7, other: 8, again: 7 }, /^pass .*direct/],
    [{ announced: 99, first: 7, other: 8, again: 7 }, /^pass .*proxy or pooler/],
    [{ announced: 99, first: 7, other: 7, again: 9 }, /^fail .*transaction mode/],
    [{ announced: 99, first: 7, other: 8, again: 9 }, /^fail .*session mode/],
  ])('judges %j', (facts, expected) => {
    expect(said(judgePooler(facts))).toMatch(expected);
  });
});

describe('versions', () => {
  const fine = {
    serverVersion: '17.4',
    serverMajor: 17,
    client: { version: '17.5', bindir: '/bin' },
    scratchMajors: [16, 17],
    today: new Date('2026-11-20'),
  };
  it.each([
    [fine, /^pass .*17\.4; pg_dump is 17\.5/],
    [{ ...fine, scratchMajors: [16] }, /^warn .*no server of major 17.*postgresql-17/],
    [
      { ...fine, serverVersion: '14.20', serverMajor: 14, scratchMajors: [14] },
      /^warn .*2026-11-12 \(https:\/\/www\.postgresql\.org\/support\/versioning/,
    ],
    [{ ...fine, serverVersion: '9.6.24', serverMajor: 9, scratchMajors: [9] }, /^warn .*last release/],
    [{ ...fine, serverVersion: '14.20', serverMajor: 14, scratchMajors: [14], today: new Date('2026-11-12') }, /^pass/],
    [{ ...fine, client: new LifeboatError('client-too-old', 'They are older.', 'Install newer.') }, /^fail .*They are older\. \| Install newer\./],
  ])('judges %j', (facts, expected) => {
    expect(said(judgeVersions(facts))).toMatch(expected);
  });
});

const relation = (name: string, over: Partial<Relation> = {}): Relation => ({
  oid: 1,
  schema: 'shop',
  name,
  kind: 'r',
  extension: null,
  extensionCondition: null,
  leftOut: null,
  ancestors: null,
  movesWithin: null,
  readable: true,
  rowSecurity: false,
  ...over,
});

describe('privileges and row-level security', () => {
  const facts = {
    role: 'backup',
    serverMajor: 17,
    relations: [relation('a'), relation('b', { readable: false })],
    closedSchemas: ['shop'],
    profile: null,
  };
  it('names every table that may not be read, and the statements that help', () => {
    const text = said(judgePrivileges(facts));
    expect(text).toMatch(/^fail .*shop\.b$/);
    expect(text).toContain(
      'GRANT pg_read_all_data TO "backup"; or, of these alone: GRANT USAGE ON SCHEMA "shop" TO "backup"; GRANT SELECT ON ALL TABLES IN SCHEMA "shop"',
    );
    expect(said(judgePrivileges({ ...facts, serverMajor: 13 }))).not.toContain('pg_read_all_data');
  });
  it('does not mind views, and what an extension brings', () => {
    const relations = [relation('v', { kind: 'v', readable: false }), relation('e', { readable: false, extension: 'postgis' })];
    expect(said(judgePrivileges({ ...facts, relations, closedSchemas: [] }))).toMatch(/^pass/);
  });
  it('says how to leave out what a provider manages', () => {
    const relations = [relation('secrets', { schema: 'vault', readable: false })];
    expect(said(judgePrivileges({ ...facts, relations, profile: PROFILES.supabase }))).toContain('what Supabase manages: --exclude-schema vault');
  });
  it('fails for tables whose policies concern the role', () => {
    const relations = [relation('a', { rowSecurity: true }), relation('b', { rowSecurity: true, leftOut: 'excluded' })];
    expect(said(judgeRowSecurity({ role: 'backup', bypass: false, relations }))).toMatch(
      /^fail .*1 table.*ALTER ROLE "backup" BYPASSRLS;.*\| shop\.a$/,
    );
    expect(said(judgeRowSecurity({ role: 'backup', bypass: true, relations }))).toMatch(/^pass/);
  });
  it.each([
    [{ count: 0, unreadable: 0 }, false, /^pass/],
    [{ count: 3, unreadable: 0 }, false, /^pass/],
    [{ count: 3, unreadable: 2 }, false, /^fail .*2 of 3 large objects.*GRANT SELECT ON LARGE OBJECT/],
    [{ count: 3, unreadable: 2 }, true, /^warn .*holds none of them/],
    [{ count: 1_000_001, unreadable: 0 }, false, /^warn .*memory/],
  ])('judges large objects %j', (large, leftOut, expected) => {
    expect(said(judgeLargeObjects(large, 'backup', leftOut))).toMatch(expected);
  });
});

describe('extensions and roles', () => {
  const installed = ['citext', 'postgis', 'pg_graphql'].map((name) => ({ name, dependents: ['x'] }));
  const facts = { serverMajor: 17, installed, offered: ['citext', 'postgis', 'pg_graphql'], profile: null, allowed: [] };
  it.each([
    [facts, /^pass/],
    [{ ...facts, installed: [], offered: null }, /^pass/],
    [{ ...facts, offered: null }, /^not-run .*cannot be told/],
    [{ ...facts, offered: ['citext'] }, /^warn .*postgis, pg_graphql, which 2 objects.*postgresql-17-postgis-3 .*--allow-missing-extension postgis/],
    [{ ...facts, offered: ['citext'], profile: PROFILES.supabase }, /^warn .*lists pg_graphql as not proven: only Supabase.*cannot offer postgis,/],
    [{ ...facts, offered: ['citext'], profile: PROFILES.supabase, allowed: ['postgis'] }, /^pass .*lists postgis, pg_graphql as not proven/],
  ])('judges %j', (given, expected) => {
    expect(said(judgeExtensions(given))).toMatch(expected);
  });
  it.each([
    ['readable' as const, /^pass .*2 roles \(a, b\), and 1 role of Supabase\. On the target b must be a superuser/],
    ['not-tried' as const, /^not-run/],
    [{ unreadable: 'permission denied.' }, /^warn .*permission denied/],
  ])('judges roles that are %j', (globals, expected) => {
    expect(said(judgeRoles({ referredTo: ['a', 'anon', 'b'], superusers: ['b'], globals, profile: PROFILES.supabase }))).toMatch(expected);
  });
});

describe('search path', () => {
  const known = new Set(['orders', 'total', 'Odd "Name', 'status']);
  it.each([
    ['SELECT count(*) FROM orders', ['orders']],
    ['select 1 from shop.orders', []],
    ['SELECT * FROM only_here JOIN orders o ON true', ['orders']],
    ['SELECT total(1)', ['total']],
    ['SELECT shop.total(1), shop . total(2), subtotal(3)', []],
    ["SELECT 'placed'::status", ['status']],
    ["SELECT 'placed'::shop.status", []],
    ['SELECT * FROM "Odd ""Name"', ['Odd "Name']],
    ["-- FROM orders\n/* total(1) */ SELECT 'from orders'", []],
    ['SELECT orders, total FROM shop.t', []],
    ['INSERT INTO orders VALUES (total(1)); UPDATE orders SET a = 1', ['orders', 'total']],
  ])('finds in %j the names %j', (body, names) => {
    expect(unqualifiedNames(body, known)).toEqual(names);
  });
  it('names the function, what it names, and what uses it; never its text', () => {
    const fn = { name: 'shop.f', body: 'SELECT 42 FROM orders', usedBy: ['index shop.by_f'] };
    const text = said(judgeSearchPath([fn], known));
    expect(text).toMatch(/^warn .*ALTER FUNCTION shop\.f SET search_path = .*shop\.f \(names orders; used by index shop\.by_f\)$/);
    expect(text).not.toContain('42');
    expect(said(judgeSearchPath([{ ...fn, body: 'SELECT 1' }], known))).toMatch(/^pass/);
    expect(said(judgeSearchPath([], known))).toMatch(/^pass/);
  });
});

describe('prediction', () => {
  const past = { databaseBytes: GiB, storedBytes: GiB / 4, backupSeconds: 60, drillSeconds: 90 };
  it('goes by the slowest of the last backups and drills', () => {
    const slower = { ...past, backupSeconds: 120, drillSeconds: null };
    expect(predict(2 * GiB, [past, slower])).toMatchObject({ backupSeconds: 240, drillSeconds: 180, storedBytes: GiB / 2, measured: true });
    expect(predict(2 * GiB, [slower])).toMatchObject({ drillSeconds: 480, standsOn: expect.stringContaining('assumed') });
  });
  it('says that it assumes, where there is nothing to go by, or only what is too small', () => {
    expect(predict(25 * 1024 ** 2 * 100, [])).toMatchObject({
      backupSeconds: 100,
      drillSeconds: 200,
      measured: false,
      standsOn: expect.stringMatching(/^assumed/),
    });
    expect(predict(100 * GiB, [{ ...past, databaseBytes: 1024 ** 2 }])).toMatchObject({ measured: false });
  });
  it.each([
    [predict(GiB, [past]), 3600, /^pass .*60 s|1 min/],
    [predict(GiB, [past]), 120, /^warn .*drill would take/],
    [predict(GiB, [past]), 80, /^fail .*drill.*--time-limit/],
    [predict(100 * GiB, []), 3600, /^warn .*--jobs/],
  ])('judges %j against a limit of %d s', (prediction, limit, expected) => {
    expect(said(judgeDuration(prediction, limit, GiB))).toMatch(expected);
  });
});

describe('capacity', () => {
  it.each([
    [{ neededBytes: GiB, folder: '/tmp', freeBytes: 2 * GiB }, /^pass/],
    [{ neededBytes: GiB, folder: '/tmp', freeBytes: GiB / 2 }, /^warn .*--scratch-folder/],
    [{ neededBytes: GiB, folder: '/nowhere', freeBytes: null }, /^not-run/],
  ])('judges the disk %j', (facts, expected) => {
    expect(said(judgeDisk(facts))).toMatch(expected);
  });

  const connections = {
    jobs: 2,
    max: 100,
    reserved: 3,
    inUse: 10,
    roleLimit: -1,
    roleInUse: 0,
    databaseLimit: -1,
    databaseInUse: 0,
    superuser: false,
  };
  it.each([
    [connections, /^pass .*up to 8 connections; the server has 87 free/],
    [{ ...connections, inUse: 88 }, /^warn .*9 free.*--jobs 1/],
    [{ ...connections, inUse: 92 }, /^fail .*5 free.*max_connections/],
    [{ ...connections, roleLimit: 5 }, /^fail .*the role has 5 free.*CONNECTION LIMIT/],
    [{ ...connections, roleLimit: 5, superuser: true }, /^pass/],
    [{ ...connections, databaseLimit: 4, databaseInUse: 9 }, /^fail .*the database has 0 free/],
  ])('judges the connections %j', (facts, expected) => {
    expect(said(judgeConnections(facts))).toMatch(expected);
  });

  const locks = { tables: 100, jobs: 2, locksPerTransaction: 64, maxConnections: 100, maxPrepared: 0 };
  it.each([
    [locks, /^pass .*400 places of the lock table's 6400/],
    [{ ...locks, tables: 1000 }, /^warn .*max_locks_per_transaction = 128/],
    [{ ...locks, tables: 10_000 }, /^fail .*40000 .*max_locks_per_transaction = 832/],
  ])('judges the lock table %j', (facts, expected) => {
    expect(said(judgeLockTable(facts))).toMatch(expected);
  });
});

describe('what goes on in the database', () => {
  const held: HeldTable = { table: 'shop.orders', pid: 42, prepared: null, user: 'ann', state: 'active', granted: true, seconds: 5 };
  it.each([
    [[], [], /^pass/],
    [[held], [], /^warn .*shop\.orders is locked by process 42 \(ann, active\), in a transaction of 5 s.*pg_terminate_backend\(42\)/],
    [[{ ...held, seconds: 61 }], [], /^fail/],
    [[{ ...held, state: 'idle in transaction' }], [], /^fail/],
    [[{ ...held, granted: false, seconds: 100 }], [], /^warn .*waited for/],
    [[{ ...held, seconds: null, user: null, state: null }], [], /^warn .*process 42\./],
    [[{ ...held, pid: null, prepared: 'tx1' }], [{ gid: 'tx1', seconds: 9999 }], /^fail .*prepared transaction tx1.*ROLLBACK PREPARED 'tx1';/],
    [[], [{ gid: 'tx1', seconds: 9999 }], /^warn .*tx1 is 2 h/],
    [[], [{ gid: 'tx1', seconds: 10 }], /^pass/],
  ])('judges locks %j and prepared transactions %j', (tables, prepared, expected) => {
    expect(said(judgeLocks(tables, prepared, 60))).toMatch(expected);
  });

  const primary = { standby: false, slots: [], conflicts: 0, settings: {}, backupSeconds: 600 };
  it.each([
    [primary, /^pass .*primary/],
    [{ ...primary, slots: [{ name: 's', active: true, bytes: GiB }] }, /^pass/],
    [
      { ...primary, slots: [{ name: "s'x", active: false, bytes: GiB }], settings: { max_slot_wal_keep_size: '-1' } },
      /^warn .*1\.00 GiB.*without a limit.*drop_replication_slot\('s''x'\)/,
    ],
    [{ ...primary, settings: { old_snapshot_threshold: '5' } }, /^fail .*snapshot too old/],
    [{ ...primary, settings: { old_snapshot_threshold: '-1' } }, /^pass/],
    [
      { ...primary, standby: true, settings: { max_standby_streaming_delay: '30000', hot_standby_feedback: 'off' } },
      /^warn .*30 s and hot_standby_feedback is off.*= -1;/,
    ],
    [{ ...primary, standby: true, settings: { max_standby_streaming_delay: '-1' } }, /^pass .*standby/],
    [{ ...primary, standby: true, conflicts: 3, settings: { max_standby_streaming_delay: '-1' } }, /^warn .*3 queries/],
  ])('judges replication %j', (facts, expected) => {
    expect(said(judgeReplication(facts))).toMatch(expected);
  });

  it('names the timeouts of the role, which a backup lifts', () => {
    expect(said(judgeTimeouts({ statement_timeout: '8000', lock_timeout: '0' }))).toMatch(/^pass .*statement_timeout 8 s; a backup lifts/);
    expect(said(judgeTimeouts({}))).toMatch(/^pass .*no timeouts/);
  });
  it.each([
    [[], false, /^pass/],
    [['shop.cache'], false, /^warn .*emptied by a crash.*shop\.cache$/],
    [['shop.cache'], true, /^warn .*standby cannot read/],
  ])('judges unlogged tables %j', (tables, standby, expected) => {
    expect(said(judgeUnlogged(tables, standby))).toMatch(expected);
  });
  it.each([
    [0.2, 0.1, true, /^pass .*agree/],
    [59, 0, true, /^pass .*59 s ahead/],
    [-61, 0, false, /^warn .*behind/],
    [901, 0, false, /^warn/],
    [901, 0, true, /^fail .*ahead of this machine/],
    [901, 5, true, /^warn/],
  ])('judges a clock that is %d s off', (skew, error, signed, expected) => {
    expect(said(judgeClock('the store', skew, error, signed))).toMatch(expected);
  });
});
