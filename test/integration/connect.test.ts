import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../../src/context.ts';
import { LifeboatError } from '../../src/errors.ts';
import { openSession, withSession } from '../../src/postgres/connect.ts';
import { type Scratch, startScratch } from '../../src/postgres/scratch.ts';
import { serviceUser } from '../../src/postgres/service-user.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { clusterOf, freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'lifeboat-connect-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

function having(target: ConnectionTarget, changes: Partial<ConnectionTarget>): ConnectionTarget {
  return { ...target, ...changes };
}

describe.each(majors())('a session with Postgres %i', (major) => {
  it('tells who it is, and gives values as Postgres wrote them', async () => {
    const session = await openSession(clusterOf(major).target, {});
    expect(Math.floor(session.versionNumber / 10_000)).toBe(major);
    const rows = await session.query(
      `SELECT pg_backend_pid() AS pid, 9007199254740993::int8 AS big, 1.10::numeric AS exact, '0044-03-15 BC'::date AS day,
              'infinity'::timestamptz AS never, '\\xff00'::bytea AS bytes, ARRAY['a', 'b']::name[] AS names, NULL AS nothing,
              current_setting('application_name') AS application`,
    );
    expect(rows).toEqual([
      {
        pid: session.processId,
        big: '9007199254740993',
        exact: '1.10',
        day: '0044-03-15 BC',
        never: 'infinity',
        bytes: Buffer.from([0xff, 0]),
        names: ['a', 'b'],
        nothing: null,
        application: 'pg-lifeboat',
      },
    ]);
    expect(await session.query('SELECT $1::text AS a, $2::int AS b', ['x; y', 2])).toEqual([{ a: 'x; y', b: 2 }]);
    expect(await session.query('SELECT 1 AS a; SELECT 2 AS b')).toEqual([{ b: 2 }]);
    await session.close();
    await session.close();
    expect((await rejectionOf(session.query('SELECT 1'))).code).toBe('connection-lost');
  });
});

describe('what cannot be reached', () => {
  it.each<[string, Partial<ConnectionTarget>, string]>([
    ['wrong password', { password: 'hunter2' }, 'authentication-failed'],
    ['no password', { password: null, parameters: { passfile: '/nonexistent' } }, 'authentication-failed'],
    ['unknown role', { user: 'nobody here' }, 'authentication-failed'],
    ['missing database', { database: 'not "there"' }, 'database-missing'],
    ['closed port', { port: 1 }, 'host-unreachable'],
    ['unknown host', { host: 'nope.invalid' }, 'host-unreachable'],
    ['missing socket', { host: '/nonexistent' }, 'host-unreachable'],
  ])('%s', async (_, changes, code) => {
    const error = await rejectionOf(openSession(having(clusterOf().target, changes), {}));
    expect(error.code).toBe(code);
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('hunter2');
    expect(error.cause).toBeDefined();
  });

  describe('a server that says nothing', () => {
    let silent: Server;
    let target: ConnectionTarget;
    beforeAll(async () => {
      silent = createServer(() => {});
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      const address = silent.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      target = having(clusterOf().target, { port, parameters: { sslmode: 'disable', connect_timeout: '1' } });
    });
    afterAll(() => silent.close());

    it('is given up after connect_timeout', async () => {
      const error = await rejectionOf(openSession(target, {}));
      expect(error.code).toBe('host-unreachable');
      expect(error.message).toContain('timeout');
    });

    it('is given up at an abort', async () => {
      const stopping = new AbortController();
      const reason = new LifeboatError('cancelled', 'a', 'b');
      const opening = openSession(having(target, { parameters: { sslmode: 'disable', connect_timeout: '0' } }), { signal: stopping.signal });
      setTimeout(() => stopping.abort(reason), 50);
      expect(await rejectionOf(opening)).toBe(reason);
      expect(await rejectionOf(openSession(target, { signal: stopping.signal }))).toBe(reason);
    });
  });
});

describe('only the target decides', () => {
  it('and no PG* variable of the caller', async () => {
    const before = { ...process.env };
    Object.assign(process.env, {
      PGOPTIONS: '-c work_mem=12345kB',
      PGDATABASE: 'elsewhere',
      PGAPPNAME: 'someone',
      PGPASSWORD: 'wrong',
      PGSSLMODE: 'verify-full',
    });
    try {
      const [row] = await runSql(
        clusterOf().target,
        `SELECT current_database() AS db, current_setting('work_mem') AS mem, current_setting('application_name') AS app`,
      );
      expect(row).toMatchObject({ db: 'postgres', app: 'pg-lifeboat' });
      expect(row?.['mem']).not.toBe('12345kB');
    } finally {
      process.env = before;
    }
  });

  it('its options reach the server', async () => {
    const target = having(clusterOf().target, { parameters: { options: '-c work_mem=12345kB -c DateStyle=ISO,\\ DMY', application_name: 'x' } });
    const shown = ['work_mem', 'DateStyle', 'application_name'].map((name) => `current_setting('${name}') AS "${name}"`);
    expect(await runSql(target, `SELECT ${shown.join(', ')}`)).toEqual([{ work_mem: '12345kB', DateStyle: 'ISO, DMY', application_name: 'x' }]);
  });

  it('the password file is asked where no password was given', async () => {
    const { target } = clusterOf();
    const passfile = join(folder, 'pgpass');
    await writeFile(passfile, `# comment\nother:*:*:*:x\n127.0.0.1:${target.port}:*:post\\gres:${target.password}\n`, { mode: 0o600 });
    const asking = having(target, { password: null, parameters: { passfile } });
    expect(await runSql(asking, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await chmod(passfile, 0o644);
    expect((await rejectionOf(runSql(asking, 'SELECT 1'))).code).toBe('authentication-failed');
  });
});

describe('a session that ends early', () => {
  const isGone = (pid: number) => async () => (await runSql(clusterOf().target, 'SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid])).length === 0;

  it('by an abort rejects with its reason, and the backend is gone', async () => {
    const stopping = new AbortController();
    const reason = new LifeboatError('cancelled', 'a', 'b');
    const session = await openSession(clusterOf().target, { signal: stopping.signal, applicationName: 'test' });
    const sleeping = rejectionOf(session.query('SELECT pg_sleep(3600)'));
    const queued = rejectionOf(session.query('SELECT 1'));
    setTimeout(() => stopping.abort(reason), 50);
    expect(await sleeping).toBe(reason);
    expect(await queued).toBe(reason);
    expect(await rejectionOf(session.query('SELECT 1'))).toBe(reason);
    await session.close();
    await eventually(isGone(session.processId));
  });

  it('by an abort while idle in a transaction lets go of its locks', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    await runSql(target, 'CREATE TABLE t ()');
    const stopping = new AbortController();
    const session = await openSession(target, { signal: stopping.signal });
    await session.query('BEGIN; LOCK TABLE t');
    stopping.abort(new Error('enough'));
    await session.close();
    await runSql(target, `SET lock_timeout = '60s'; DROP TABLE t`);
  });

  it('by close() cancels what still runs, however early, and sends nothing more', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    await runSql(target, 'CREATE TABLE sent ()');
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      const session = await openSession(target, { applicationName: 'test' });
      const sleeping = rejectionOf(session.query('SELECT pg_sleep(3600)'));
      const queued = rejectionOf(session.query('INSERT INTO sent DEFAULT VALUES'));
      // the first has been sent, and the server has not begun it
      await setImmediate();
      await session.close();
      expect((await sleeping).details).toMatchObject({ sqlstate: '57014' });
      expect((await queued).code).toBe('connection-lost');
      await eventually(isGone(session.processId));
    }
    expect(await runSql(target, 'SELECT FROM sent')).toEqual([]);
  });

  it('by the server is connection-lost, then and later', async () => {
    const session = await openSession(clusterOf().target, { applicationName: 'test' });
    const sleeping = rejectionOf(session.query('SELECT pg_sleep(3600)'));
    await runSql(clusterOf().target, 'SELECT pg_terminate_backend($1)', [session.processId]);
    expect((await sleeping).code).toBe('connection-lost');
    expect((await rejectionOf(session.query('SELECT 1'))).code).toBe('connection-lost');
    await session.close();
  });

  it('while idle is no unhandled error', async () => {
    const session = await openSession(clusterOf().target, { applicationName: 'test' });
    await runSql(clusterOf().target, 'SELECT pg_terminate_backend($1)', [session.processId]);
    await eventually(isGone(session.processId));
    expect((await rejectionOf(session.query('SELECT 1'))).code).toBe('connection-lost');
    await session.close();
  });

  it('by an error of its user is closed', async () => {
    let pid = 0;
    const using = withSession(clusterOf().target, { applicationName: 'test' }, async (session) => {
      pid = session.processId;
      throw new LifeboatError('restore-failed', 'a', 'b');
    });
    expect((await rejectionOf(using)).code).toBe('restore-failed');
    await eventually(isGone(pid));
  });
});

describe('what a query may meet', () => {
  it('is told by its code', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    const role = `${target.database}_reader`;
    await runSql(
      target,
      `CREATE TABLE "Order lines" (id int); CREATE TABLE guarded (id int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
       CREATE ROLE ${role} LOGIN PASSWORD 'pw'; GRANT SELECT ON guarded TO ${role}`,
    );
    try {
      const reader = having(target, { user: role, password: 'pw' });
      const denied = await rejectionOf(runSql(reader, 'SELECT * FROM "Order lines"'));
      expect(denied).toMatchObject({ code: 'table-not-readable', details: { table: 'Order lines', sqlstate: '42501' } });
      const hidden = await rejectionOf(runSql(reader, 'SET row_security = off; SELECT * FROM guarded'));
      expect(hidden).toMatchObject({ code: 'row-security-active', details: { table: 'guarded' } });
      await withSession(target, {}, async (session) => {
        await session.query('BEGIN; LOCK TABLE guarded');
        expect((await rejectionOf(runSql(target, `SET lock_timeout = '10ms'; SELECT * FROM guarded`))).code).toBe('lock-timeout');
      });
      const wrong = await rejectionOf(runSql(target, 'SELECT nothing'));
      expect(wrong).toMatchObject({ code: 'query-failed', details: { sqlstate: '42703' } });
    } finally {
      await runSql(target, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });
});

describe('sslmode', () => {
  let encrypted: Scratch;
  const certificate = join(folder, 'server.crt');
  const otherCertificate = join(folder, 'other.crt');

  beforeAll(async () => {
    await chmod(folder, 0o755);
    for (const name of ['server', 'other']) {
      const files = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`)];
      await run('openssl', [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-addext',
        'subjectAltName=DNS:localhost',
        ...files,
      ]);
    }
    await writeFile(
      join(folder, 'hba'),
      'local all all scram-sha-256\nhost all postgres 127.0.0.1/32 scram-sha-256\nhostssl all strict 127.0.0.1/32 scram-sha-256\nhostnossl all plain 127.0.0.1/32 scram-sha-256\n',
    );
    const user = await serviceUser();
    if (user) for (const name of ['server.key', 'server.crt', 'hba']) await chown(join(folder, name), user.uid, user.gid);
    const { installation } = clusterOf();
    const context = { log: silentLog, signal: new AbortController().signal, environment: process.env };
    const settings = { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: join(folder, 'server.key'), hba_file: join(folder, 'hba') };
    encrypted = await startScratch({ installation, context, listen: true, settings });
    await runSql(encrypted.target, `CREATE ROLE strict LOGIN PASSWORD 'pw'; CREATE ROLE plain LOGIN PASSWORD 'pw'`);
  });
  afterAll(() => encrypted?.stop());

  const usesTls = async (target: ConnectionTarget): Promise<boolean> => {
    const [row] = await runSql<{ ssl: boolean }>(target, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return row?.ssl ?? false;
  };

  it.each<[string, Record<string, string>, boolean | string]>([
    ['disable', { sslmode: 'disable' }, false],
    ['allow', { sslmode: 'allow' }, false],
    ['prefer', { sslmode: 'prefer' }, true],
    ['the default', {}, true],
    ['require', { sslmode: 'require' }, true],
    ['require, with its certificate', { sslmode: 'require', sslrootcert: certificate }, true],
    ['require, with another certificate', { sslmode: 'require', sslrootcert: otherCertificate }, 'tls-failed'],
    ['require and channel binding', { sslmode: 'require', channel_binding: 'require' }, true],
    ['verify-ca', { sslmode: 'verify-ca', sslrootcert: certificate }, true],
    ['verify-ca, with another certificate', { sslmode: 'verify-ca', sslrootcert: otherCertificate }, 'tls-failed'],
    ['verify-ca, with an unreadable one', { sslmode: 'verify-ca', sslrootcert: '/nonexistent' }, 'tls-failed'],
    ['verify-full, by address', { sslmode: 'verify-full', sslrootcert: certificate }, 'tls-failed'],
    ['sslrootcert=system', { sslmode: 'require', sslrootcert: 'system' }, 'tls-failed'],
  ])('%s, with a server that has TLS', async (_, parameters, expected) => {
    const target = having(encrypted.target, { parameters });
    if (typeof expected === 'boolean') expect(await usesTls(target)).toBe(expected);
    else expect((await rejectionOf(usesTls(target))).code).toBe(expected);
  });

  it('verify-full, by the name in the certificate', async () => {
    expect(await usesTls(having(encrypted.target, { host: 'localhost', parameters: { sslmode: 'verify-full', sslrootcert: certificate } }))).toBe(
      true,
    );
  });

  it.each<[string, boolean | string]>([
    ['disable', false],
    ['allow', false],
    ['prefer', false],
    ['require', 'tls-failed'],
    ['verify-full', 'tls-failed'],
  ])('%s, with a server that has none', async (sslmode, expected) => {
    const target = having(clusterOf().target, { parameters: { sslmode, ...(sslmode === 'verify-full' ? { sslrootcert: certificate } : {}) } });
    if (typeof expected === 'boolean') expect(await usesTls(target)).toBe(expected);
    else expect((await rejectionOf(usesTls(target))).code).toBe(expected);
  });

  it('allow and prefer take what pg_hba.conf wants', async () => {
    const login = (user: string, sslmode: string) =>
      usesTls(having(encrypted.target, { user, password: 'pw', database: 'postgres', parameters: { sslmode } }));
    expect(await login('strict', 'allow')).toBe(true);
    expect(await login('plain', 'prefer')).toBe(false);
    const refused = await rejectionOf(login('strict', 'disable'));
    expect(refused).toMatchObject({ code: 'authentication-failed' });
    expect(refused.remedy).toContain('sslmode=require');
  });

  it('is left out on a Unix socket', async () => {
    expect(await usesTls(having(encrypted.target, { host: encrypted.socketFolder, parameters: { sslmode: 'require' } }))).toBe(false);
  });

  it('goes for the cancel request too', async () => {
    const stopping = new AbortController();
    const session = await openSession(having(encrypted.target, { parameters: { sslmode: 'require' } }), { signal: stopping.signal });
    const sleeping = session.query('SELECT pg_sleep(3600)').catch((error: unknown) => error);
    const reason = new Error('enough');
    stopping.abort(reason);
    expect(await sleeping).toBe(reason);
    await session.close();
    await eventually(async () => (await runSql(encrypted.target, 'SELECT 1 FROM pg_stat_activity WHERE pid = $1', [session.processId])).length === 0);
  });
});
