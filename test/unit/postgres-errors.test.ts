import { describe, expect, it } from 'vitest';
import { LifeboatError } from '../../src/errors.ts';
import { fromPostgres, fromStderr, withoutRowValues } from '../../src/postgres/errors.ts';
import { parseDatabaseUrl } from '../../src/postgres/url.ts';

const target = parseDatabaseUrl('postgresql://ann:hunter2@db.example.com/shop');
const server = (sqlstate: string, message: string) => Object.assign(new Error(message), { code: sqlstate, severity: 'ERROR' });
const system = (code: string, message = `connect ${code}`) => Object.assign(new Error(message), { code });

describe('what a session throws', () => {
  it.each([
    [system('ENOTFOUND', 'getaddrinfo ENOTFOUND db.example.com'), 'host-unreachable'],
    [system('ECONNREFUSED'), 'host-unreachable'],
    [Object.assign(new AggregateError([system('ECONNREFUSED')]), { code: 'ECONNREFUSED' }), 'host-unreachable'],
    [system('EHOSTUNREACH'), 'host-unreachable'],
    [system('ETIMEDOUT'), 'host-unreachable'],
    [system('ENOENT', 'connect ENOENT /tmp/.s.PGSQL.5432'), 'host-unreachable'],
    [new Error('timeout expired'), 'host-unreachable'],
    [server('57P03', 'the database system is starting up'), 'host-unreachable'],
    [server('28P01', 'password authentication failed for user "ann"'), 'authentication-failed'],
    [server('28000', 'no pg_hba.conf entry for host "1.2.3.4", user "ann", database "shop", no encryption'), 'authentication-failed'],
    [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a non-empty string'), 'authentication-failed'],
    [server('3D000', 'database "shop" does not exist'), 'database-missing'],
    [new Error('The server does not support SSL connections'), 'tls-failed'],
    [system('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'), 'tls-failed'],
    [system('ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames"), 'tls-failed'],
    [system('CERT_HAS_EXPIRED', 'certificate has expired'), 'tls-failed'],
    [server('53300', 'sorry, too many clients already'), 'too-many-connections'],
    [server('55P03', 'canceling statement due to lock timeout'), 'lock-timeout'],
    [server('42501', 'permission denied for table orders'), 'table-not-readable'],
    [server('42501', 'query would be affected by row-level security policy for table "orders"'), 'row-security-active'],
    [server('53200', 'out of shared memory'), 'out-of-locks'],
    [server('53200', 'out of memory'), 'query-failed'],
    [server('53100', 'could not extend file "base/1/2": No space left on device'), 'disk-full'],
    [server('0A000', 'extension "postgis" is not available'), 'extension-missing'],
    [server('0A000', 'cross-database references are not implemented'), 'query-failed'],
    [server('57P01', 'terminating connection due to administrator command'), 'connection-lost'],
    [system('ECONNRESET', 'read ECONNRESET'), 'connection-lost'],
    [new Error('Connection terminated unexpectedly'), 'connection-lost'],
    [server('42P01', 'relation "x" does not exist'), 'query-failed'],
  ])('%s becomes %s', (error, code) => {
    const mapped = fromPostgres(error, target);
    expect(mapped.code).toBe(code);
    expect(mapped.cause).toBe(error);
    expect(mapped.message).toContain('shop on db.example.com:5432');
    expect(mapped.message).toMatch(/\.$/);
    expect(mapped.remedy).toMatch(/\.$/);
    expect(JSON.stringify([mapped.message, mapped.remedy, mapped.details])).not.toContain('hunter2');
  });

  it('names the table that cannot be read', () => {
    expect(fromPostgres(server('42501', 'permission denied for table Order lines')).details['table']).toBe('Order lines');
  });

  it('keeps the SQLSTATE', () => {
    expect(fromPostgres(server('42P01', 'relation "x" does not exist')).details['sqlstate']).toBe('42P01');
  });

  it('keeps what has been understood already', () => {
    const known = new LifeboatError('lock-timeout', 'a', 'b');
    expect(fromPostgres(known)).toBe(known);
  });
});

describe('what the client programs print', () => {
  const connection = 'pg_dump: error: connection to server at "db.example.com" (10.0.0.1), port 5432 failed: ';
  it.each([
    [
      'client-too-old',
      ['pg_dump: error: aborting because of server version mismatch', 'pg_dump: detail: server version: 18.4; pg_dump version: 15.18'],
    ],
    [
      'table-not-readable',
      [
        'pg_dump: error: query failed: ERROR:  permission denied for table orders',
        'pg_dump: detail: Query was: LOCK TABLE public.orders IN ACCESS SHARE MODE',
      ],
    ],
    [
      'row-security-active',
      [
        'pg_dump: error: query failed: ERROR:  query would be affected by row-level security policy for table "orders"',
        'pg_dump: detail: Query was: COPY …',
      ],
    ],
    [
      'lock-timeout',
      [
        'pg_dump: error: query failed: ERROR:  canceling statement due to lock timeout',
        'pg_dump: detail: Query was: LOCK TABLE public.orders IN ACCESS SHARE MODE',
      ],
    ],
    [
      'out-of-locks',
      ['pg_dump: error: query failed: ERROR:  out of shared memory', 'HINT:  You might need to increase "max_locks_per_transaction".'],
    ],
    ['host-unreachable', [`${connection}Connection refused`, '\tIs the server running on that host and accepting TCP/IP connections?']],
    ['host-unreachable', ['pg_dump: error: could not translate host name "nope" to address: Name or service not known']],
    [
      'host-unreachable',
      [
        'pg_dump: error: connection to server on socket "/tmp/.s.PGSQL.5432" failed: No such file or directory',
        '\tIs the server running locally and accepting connections on that socket?',
      ],
    ],
    ['authentication-failed', [`${connection}FATAL:  password authentication failed for user "ann"`]],
    ['authentication-failed', [`${connection}fe_sendauth: no password supplied`]],
    ['authentication-failed', [`${connection}FATAL:  role "ann" does not exist`]],
    ['database-missing', [`${connection}FATAL:  database "shop" does not exist`]],
    ['tls-failed', [`${connection}server does not support SSL, but SSL was required`]],
    ['tls-failed', [`${connection}SSL error: certificate verify failed`]],
    ['tls-failed', [`${connection}root certificate file "/root/.postgresql/root.crt" does not exist`]],
    ['too-many-connections', [`${connection}FATAL:  sorry, too many clients already`]],
    [
      'connection-lost',
      [
        'pg_dump: error: Dumping the contents of table "orders" failed: PQgetResult() failed.',
        'pg_dump: detail: Error message from server: server closed the connection unexpectedly',
      ],
    ],
    ['disk-full', ['pg_restore: error: could not execute query: ERROR:  could not extend file "base/5/16384": No space left on device']],
    ['extension-missing', ['pg_restore: error: could not execute query: ERROR:  extension "postgis" is not available']],
    ['client-failed', ['pg_restore: error: could not execute query: ERROR:  role "ann" does not exist']],
    ['client-failed', ['pg_dump: error: no matching tables were found']],
    ['client-failed', []],
  ])('%s: %j', (code, lines) => {
    const error = fromStderr('pg_dump', lines, { code: 1, signal: null }, target);
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject({ program: 'pg_dump', exitCode: 1, stderr: lines });
  });

  it('tells both versions', () => {
    const lines = [
      'pg_dump: error: aborting because of server version mismatch',
      'pg_dump: detail: server version: 18.4 (Debian); pg_dump version: 15.18',
    ];
    expect(fromStderr('pg_dump', lines, { code: 1, signal: null }).message).toMatch(/server 18\.4.*client 15\.18/);
  });

  it('names the table that pg_dump wanted to lock, schema and all', () => {
    const lines = [
      'pg_dump: error: query failed: ERROR:  permission denied for table x',
      'pg_dump: detail: Query was: LOCK TABLE "My Shop"."x ""y" IN ACCESS SHARE MODE',
    ];
    expect(fromStderr('pg_dump', lines, { code: 1, signal: null }).details['table']).toBe('"My Shop"."x ""y"');
  });

  it('says how the program ended and what it said last', () => {
    expect(fromStderr('pg_dump', ['a', 'pg_dump: error: b', 'c'], { code: 3, signal: null }).message).toBe(
      'pg_dump failed (exit status 3): pg_dump: error: b.',
    );
    expect(fromStderr('pg_dump', [], { code: null, signal: 'SIGKILL' }).message).toBe('pg_dump failed (killed by SIGKILL) and said nothing.');
    const many = Array.from({ length: 100 }, (_, index) => `line ${index}`);
    expect(fromStderr('pg_dump', many, { code: 1, signal: null }).details['stderr']).toEqual(many.slice(-20));
  });
});

describe('row values', () => {
  it.each([
    ['CONTEXT:  COPY people, line 3, column age: "secret"', 'CONTEXT:  COPY people, line 3'],
    ['pg_restore: CONTEXT:  COPY a b, line 12: "1\tsecret"', 'pg_restore: CONTEXT:  COPY a b, line 12'],
    ['DETAIL:  Key (email)=(secret@x.y) already exists.', 'DETAIL:  Key (email)=(…) already exists.'],
    ['DETAIL:  Key (a, b)=(secret, (x)) is not present in table "t".', 'DETAIL:  Key (a, b)=(…) is not present in table "t".'],
    ['DETAIL:  Failing row contains (1, secret).', 'DETAIL:  Failing row contains (…).'],
    ['ERROR:  invalid input syntax for type integer: "secret"', 'ERROR:  invalid input syntax for type integer: …'],
    [
      'pg_restore: error: COPY failed for table "a": ERROR:  date/time field value out of range: "2020-99-04"',
      'pg_restore: error: COPY failed for table "a": ERROR:  date/time field value out of range: …',
    ],
    ['ERROR:  malformed array literal: "{1"', 'ERROR:  malformed array literal: …'],
    ['ERROR:  value "99999999999" is out of range for type integer', 'ERROR:  a value is out of range for type integer'],
    ['DETAIL:  Token "secret" is invalid.', 'DETAIL:  Token …'],
    ['CONTEXT:  JSON data, line 1: {"password": secret', 'CONTEXT:  JSON data …'],
    ['ERROR:  duplicate key value violates unique constraint "a_pkey"', 'ERROR:  duplicate key value violates unique constraint "a_pkey"'],
    ['pg_dump: error: nothing of the kind', 'pg_dump: error: nothing of the kind'],
  ])('are cut from %s', (line, expected) => {
    expect(withoutRowValues(line)).toBe(expected);
  });
});
