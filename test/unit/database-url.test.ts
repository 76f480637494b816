import { describe, expect, it } from 'vitest';
import type { LifeboatError } from '../../src/errors.ts';
import { describeTarget, libpqEnvironment, parseDatabaseUrl, redact, secretsOfUrl, withDatabase } from '../../src/postgres/url.ts';
import { thrownBy } from '../harness/thrown.ts';

const HERE = { PGUSER: 'me', PGHOST: 'localhost' };

describe('a database URL is read as libpq reads it', () => {
  const cases: [string, Partial<ReturnType<typeof parseDatabaseUrl>>][] = [
    ['postgresql://ann:pw@db.example.com:5433/shop', { user: 'ann', password: 'pw', host: 'db.example.com', port: 5433, database: 'shop' }],
    ['postgres://ann@db.example.com/shop', { password: null, port: 5432 }],
    ['POSTGRES://ann@h/d', { host: 'h' }],
    ['  postgres://ann@h/d\n', { database: 'd' }],
    ['postgresql://', { host: 'localhost', user: 'me', database: 'me', port: 5432 }],
    ['postgresql:///shop', { host: 'localhost', database: 'shop' }],
    ['postgresql://h', { host: 'h', user: 'me', database: 'me' }],
    ['postgresql://ann:@h/d', { password: null }],
    ['postgresql://ann:a:b@h/d', { password: 'a:b' }],
    ['postgresql://a%40b:p%40%3A%2F%23%3F%25%26@h/d%20e', { user: 'a@b', password: 'p@:/#?%&', database: 'd e' }],
    ['postgresql://ann:päss wörd@h/d', { password: 'päss wörd' }],
    ['postgresql://[2001:db8::1]:5433/d', { host: '2001:db8::1', port: 5433 }],
    ['postgresql://ann@[::1]/d', { host: '::1', user: 'ann' }],
    ['postgresql://%2Ftmp/d', { host: '/tmp', database: 'd' }],
    ['postgresql://%2Fvar%2Frun%2Fpostgresql:5433/d', { host: '/var/run/postgresql', port: 5433 }],
    ['postgresql:///d?host=/tmp', { host: '/tmp', database: 'd' }],
    ['postgresql:///?host=/tmp&port=6000&user=bob&password=x%26y&dbname=e', { port: 6000, user: 'bob', password: 'x&y', database: 'e' }],
    ['postgresql://h/d?ssl=true', { parameters: { sslmode: 'require' } }],
    ['postgresql://h/d?pgbouncer=false', { parameters: {} }],
    [
      'postgresql://h/d?sslmode=verify-full&sslrootcert=/ca.pem&options=-c%20a%3Db&application_name=x&connect_timeout=3&channel_binding=require',
      {
        parameters: {
          sslmode: 'verify-full',
          sslrootcert: '/ca.pem',
          options: '-c a=b',
          application_name: 'x',
          connect_timeout: '3',
          channel_binding: 'require',
        },
      },
    ],
  ];
  it.each(cases)('%s', (url, expected) => {
    expect(parseDatabaseUrl(url, HERE)).toMatchObject(expected);
  });

  it('takes what is missing from the environment, and nothing that is there', () => {
    const environment = { PGHOST: 'eh', PGPORT: '7000', PGUSER: 'eu', PGPASSWORD: 'ep', PGDATABASE: 'ed', PGSSLMODE: 'require', PGOPTIONS: '-c x=y' };
    expect(parseDatabaseUrl('postgresql://', environment)).toEqual({
      host: 'eh',
      port: 7000,
      user: 'eu',
      password: 'ep',
      database: 'ed',
      parameters: { sslmode: 'require', options: '-c x=y' },
    });
    expect(parseDatabaseUrl('postgresql://u:p@h:1/d?sslmode=disable', environment)).toMatchObject({
      host: 'h',
      port: 1,
      user: 'u',
      password: 'p',
      database: 'd',
      parameters: { sslmode: 'disable' },
    });
  });
});

describe('a URL that would be misread is refused, without repeating its password', () => {
  const cases: [string, RegExp][] = [
    ['', /empty/],
    ['mysql://ann:hunter2@h/d', /mysql/],
    ['"postgresql://ann:hunter2@h/d"', /quotes/],
    ['host=h password=hunter2', /key=value/],
    ['hunter2', /postgresql:\/\//],
    ['postgresql://ann:hun@ter2@h/d', /unescaped @/],
    ['postgresql://ann:hun/ter2@h/d', /unescaped \//],
    ['postgresql://ann:12/ter2@h/d', /unescaped \//],
    ['postgresql://ann:hun#ter2@h/d', /unescaped #/],
    ['postgresql://ann:hun?ter2@h/d', /unescaped \?/],
    ['postgresql://ann:12?hunter2=3@h/d', /unescaped \?/],
    ['postgresql://ann:hun@x?ter2@h/d', /unescaped/],
    ['postgresql://ann:hunter2%@h/d', /% that starts no/],
    ['postgresql://ann:hunter2%zz@h/d', /% that starts no/],
    ['postgresql://ann:hunter2%00@h/d', /%00/],
    ['postgresql://ann:hunter2', /port/],
    ['postgresql://ann:hunter2@h:port/d', /port/],
    ['postgresql://ann:hunter2@h:0/d', /port/],
    ['postgresql://ann:hunter2@h:65536/d', /port/],
    ['postgresql://ann:hunter2@a:1,b:2/d', /several hosts/],
    ['postgresql://ann:hunter2@/d?host=a,b', /several hosts/],
    ['postgresql://ann:hunter2@2001:db8::1/d', /colon/],
    ['postgresql://ann:hunter2@[::1/d', /IPv6/],
    ['postgresql://ann:hunter2@h/d/e', /database name/],
    ['postgresql://ann:hunter2@h/d?sslmode', /no value/],
    ['postgresql://ann:hunter2@h/d?sslmode=on', /sslmode/],
    ['postgresql://ann:hunter2@h/d?connect_timeout=soon', /connect_timeout/],
    ['postgresql://ann:hunter2@h/d?service=x', /service/],
    ['postgresql://ann:hunter2@h/d?schema=public', /Prisma/],
    ['postgresql://ann:hunter2@h/d?constructor=1', /constructor/],
    ['postgresql://ann:hunter2@h/d?hun%20ter2=1', /not a parameter/],
  ];
  it.each(cases)('%s', (url, expected) => {
    const error = refusal(url);
    expect(error.code).toBe('bad-database-url');
    expect(error.message).toMatch(expected);
    expect(told(error)).not.toMatch(/hunter2|hun|ter2|12/);
  });

  it.each([
    ['sslmod', 'sslmode'],
    ['ssl_mode', 'sslmode'],
    ['aplication_name', 'application_name'],
    ['database', undefined],
  ])('offers the nearest keyword for %s', (wrong, right) => {
    const error = refusal(`postgresql://h/d?${wrong}=x`);
    expect(error.message).toContain(wrong);
    if (right) expect(error.remedy).toContain(`Write ${right} `);
    else expect(error.remedy).toContain(`Remove ${wrong}`);
  });
});

describe('a pooler in transaction mode is refused, and the URL to use instead is named', () => {
  const cases: [string, string][] = [
    [
      'postgresql://postgres.abc:hunter2@aws-0-eu-central-1.pooler.supabase.com:6543/postgres',
      'postgresql://postgres.abc:***@aws-0-eu-central-1.pooler.supabase.com:5432/postgres',
    ],
    ['postgresql://postgres:hunter2@db.abc.supabase.co:6543/postgres', 'postgresql://postgres:***@db.abc.supabase.co:5432/postgres'],
    [
      'postgresql://ann:hunter2@ep-cool-1-pooler.eu-central-1.aws.neon.tech/shop?sslmode=require&channel_binding=require',
      'postgresql://ann:***@ep-cool-1.eu-central-1.aws.neon.tech:5432/shop',
    ],
    ['postgresql://ann:hunter2@ep-cool-1-pooler.c-2.us-east-1.aws.neon.tech/shop', 'ep-cool-1.c-2.us-east-1.aws.neon.tech'],
    ['postgresql://ann:hunter2@h:6432/shop?pgbouncer=true', 'remove pgbouncer=true'],
    ['postgresql://ann:hunter2@aws-0-x.pooler.supabase.com:6543/d?pgbouncer=true', 'aws-0-x.pooler.supabase.com:5432'],
  ];
  it.each(cases)('%s', (url, instead) => {
    const error = refusal(url);
    expect(error.code).toBe('pooler-url');
    expect(error.remedy).toContain(instead);
    expect(told(error)).not.toContain('hunter2');
  });

  it.each([
    'postgresql://ann:pw@aws-0-x.pooler.supabase.com:5432/postgres',
    'postgresql://ann:pw@db.abc.supabase.co:5432/postgres',
    'postgresql://ann:pw@ep-cool-1.eu-central-1.aws.neon.tech/shop',
    'postgresql://ann:pw@my-pooler.example.com/shop',
  ])('%s is no such pooler', (url) => {
    expect(() => parseDatabaseUrl(url)).not.toThrow();
  });
});

describe('what goes on from a target', () => {
  const target = parseDatabaseUrl('postgresql://ann:p%40w@db.example.com/shop?sslmode=require&options=-c%20a%3Db');

  it('reaches the client programs by their environment', () => {
    expect(libpqEnvironment(target)).toEqual({
      PGHOST: 'db.example.com',
      PGPORT: '5432',
      PGUSER: 'ann',
      PGPASSWORD: 'p@w',
      PGDATABASE: 'shop',
      PGSSLMODE: 'require',
      PGOPTIONS: '-c a=b',
    });
    expect(libpqEnvironment({ ...target, password: null })).not.toHaveProperty('PGPASSWORD');
  });

  it('is described without its password', () => {
    expect(describeTarget(target)).toBe('shop on db.example.com:5432');
    expect(describeTarget(parseDatabaseUrl('postgresql://u:p@[::1]/d'))).toBe('d on [::1]:5432');
    expect(describeTarget(parseDatabaseUrl('postgresql://u:p@%2Ftmp/d'))).toBe('d on /tmp:5432');
  });

  it('may change its database', () => {
    expect(withDatabase(target, 'other')).toEqual({ ...target, database: 'other' });
  });
});

describe('every form of a secret is masked', () => {
  it.each([
    'postgresql://ann:p%40ss%2Fword@h/d',
    'postgresql://ann:p@ss/word@h/d',
    'postgresql:///d?user=ann&password=p%40ss%2Fword',
    'host=h user=ann password=p@ss/word',
    '"postgresql://ann:p@ss/word@h/d"',
  ])('%s', (url) => {
    const secrets = secretsOfUrl(url);
    for (const form of ['p@ss/word', 'p%40ss%2Fword', url]) expect(redact(`x ${form} y`, secrets)).not.toMatch(/ss/);
  });

  it('masks passwords that are malformed, or special to a pattern', () => {
    expect(redact('100%$& and 100%$&', secretsOfUrl('postgresql://ann:100%$&@h/d'))).toBe('*** and ***');
    expect(redact('a$1b', ['$1'])).toBe('a***b');
  });

  it('leaves text alone when there is no secret', () => {
    expect(secretsOfUrl('postgresql://ann@h/d')).toEqual([]);
    expect(redact('text', [''])).toBe('text');
  });

  it('masks the longest first', () => {
    expect(redact('abcdef', ['abc', 'abcdef'])).toBe('***');
  });
});

function refusal(url: string): LifeboatError {
  return thrownBy(() => parseDatabaseUrl(url, HERE));
}

function told(error: LifeboatError): string {
  return JSON.stringify([error.message, error.remedy, error.details]);
}
