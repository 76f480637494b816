import { describe, expect, it } from 'vitest';
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
    expect(detectProvider({ host, roles, schemas })).toBe(provider);
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
