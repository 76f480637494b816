import { describe, expect, it } from 'vitest';
import { allowedToMiss } from '../../src/drill/allowed.ts';
import { unprovenByProfile } from '../../src/drill/profile.ts';
import { detectProvider, profileOf } from '../../src/providers/detect.ts';
import { PROFILES, PROVIDERS } from '../../src/providers/profiles.ts';

describe('detectProvider', () => {
  it.each([
    ['db.abcdefgh.supabase.co', [], [], 'supabase'],
    ['aws-0-eu-central-1.pooler.supabase.com', [], [], 'supabase'],
    ['ep-cool-1.eu-central-1.aws.neon.tech', [], [], 'neon'],
    ['shop.c0ffee.eu-central-1.rds.amazonaws.com', [], [], 'rds'],
    ['shop.c0ffee.rds.cn-north-1.amazonaws.com.cn', [], [], null],
    ['db.example.com', ['supabase_admin', 'authenticator'], ['auth', 'storage'], 'supabase'],
    ['db.example.com', ['rdsadmin', 'rds_superuser'], [], 'rds'],
    ['db.example.com', ['neon_superuser', 'cloud_admin'], [], 'neon'],
    ['db.example.com', ['supabase_admin', 'authenticator'], ['auth'], null],
    ['supabase.co.example.com', ['authenticator'], ['auth', 'storage'], null],
    ['/var/run/postgresql', [], [], null],
  ])('knows %s with %j and %j as %s', (host, roles, schemas, provider) => {
    expect(detectProvider({ host, roles, schemas, settings: [] })).toBe(provider);
  });

  it.each([
    ['rds.extensions', 'rds'],
    ['neon.timeline_id', 'neon'],
    ['work_mem', null],
  ])('knows a server with the setting %s as %s', (setting, provider) => {
    expect(detectProvider({ host: 'db.example.com', roles: [], schemas: [], settings: [setting] })).toBe(provider);
  });
});

describe('profileOf', () => {
  it.each([
    ['auto', null, null],
    ['auto', 'rds', PROFILES.rds],
    ['none', 'rds', null],
    ['neon', 'rds', PROFILES.neon],
  ] as const)('goes by %s where %s was detected', (choice, detected, profile) => {
    expect(profileOf(choice, detected)).toBe(profile);
  });
});

describe('a profile', () => {
  it.each(PROVIDERS)('of %s knows its own marks as its own', (provider) => {
    const { marks, roles, schemas } = PROFILES[provider];
    expect(marks.roles.filter((role) => !roles.test(role))).toEqual([]);
    expect(marks.schemas.filter((schema) => !schemas.includes(schema))).toEqual([]);
  });

  it.each(PROVIDERS)('of %s holds no extension that a package brings', (provider) => {
    for (const name of ['postgis', 'vector', 'pg_cron', 'citext', 'pgcrypto']) expect(PROFILES[provider].extensions).not.toContain(name);
  });

  it('tells which roles and extensions a drill says nothing of', () => {
    const extensions = ['supabase_vault', 'vector'].map((name) => ({ name, version: '1', schema: 'x', dependents: [] }));
    const unproven = unprovenByProfile({ roles: ['anon', 'shop'], extensions }, PROFILES.supabase);
    expect(unproven.map(({ object }) => object)).toEqual(['role anon', 'extension supabase_vault']);
    expect(unprovenByProfile({ roles: ['anon'], extensions }, null)).toEqual([]);
  });
});

describe('an extension that may be missing', () => {
  const extension = (name: string, over: object = {}) => ({ name, version: '1', schema: 'x', dependents: [], ...over });
  const extensions = [extension('pgsodium'), extension('pg_net', { privileges: ['net.http_get(pg_catalog.text)'] }), extension('citext')];
  const allowed = allowedToMiss({ extensions, tables: [] } as unknown as Parameters<typeof allowedToMiss>[0], ['pgsodium', 'pg_net']);
  it.each([
    ['security label provider "pgsodium" is not loaded', expect.stringContaining('pgsodium')],
    ['security label provider "citext" is not loaded', null],
    ['relation "pgsodium" does not exist', null],
  ])('excuses %j as %j', (message, reason) => {
    expect(allowed.message(message)).toEqual(reason);
  });
  it('excuses rights on what it would have brought, and on nothing else', () => {
    expect(allowed.entry('ACL net FUNCTION http_get(url text) supabase_admin')).toContain('pg_net');
    expect(allowed.entry('ACL public FUNCTION http_get_all(url text) postgres')).toBeNull();
    expect(allowed.entry('ACL public TABLE notes postgres')).toBeNull();
  });
});
