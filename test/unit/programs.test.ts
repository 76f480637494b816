import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../src/postgres/environment.ts';
import { chooseClient, chooseServer, findInstallations, type Installation, installHint, parseVersion } from '../../src/postgres/programs.ts';
import { thrownBy } from '../harness/thrown.ts';

function installation(client: number | null, server: number | null): Installation {
  const version = (major: number | null) => (major === null ? null : { major, version: `${major}.1` });
  return { bindir: `/pg/${client ?? 'no'}-${server ?? 'no'}`, client: version(client), server: version(server) };
}

function expectError(use: () => unknown, code: string, message: RegExp, remedy: RegExp): void {
  const error = thrownBy(use);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
  expect(error.remedy).toMatch(remedy);
}

describe('the client programs for a server', () => {
  it.each([
    [[15, 16, 17, 18], 16, 16],
    [[18, 17, 15], 16, 17],
    [[18, 15], 15, 15],
    [[14, 18], 15, 18],
  ])('of %j for %i are %i', (there, server, chosen) => {
    const installations = there.map((major) => installation(major, null));
    expect(chooseClient(installations, server).client?.major).toBe(chosen);
  });

  it('are the first found among equals', () => {
    const first = { ...installation(16, 16), bindir: '/first' };
    expect(chooseClient([first, installation(16, 16)], 16)).toBe(first);
  });

  it('are never older than the server', () => {
    expectError(() => chooseClient([installation(15, 15), installation(14, null)], 16), 'client-too-old', /15\.1 in .*14\.1 in /, /16/);
  });

  it('may be missing altogether', () => {
    expectError(() => chooseClient([installation(null, 16)], 16), 'client-missing', /pg_dump/, /postgresql-client-16/);
    expectError(() => chooseClient([], 17), 'client-missing', /pg_dump/, /postgresql-client-17/);
  });
});

describe('the server programs for a scratch', () => {
  it('are of exactly the major', () => {
    expect(chooseServer([installation(18, 18), installation(null, 16)], 16).server?.major).toBe(16);
    expectError(() => chooseServer([installation(17, 17)], 16), 'scratch-failed', /17\.1 in/, /postgresql-16/);
    expectError(() => chooseServer([installation(17, null)], 17), 'scratch-failed', /there is none/, /postgresql-17/);
  });
});

describe('versions', () => {
  it.each([
    ['pg_dump (PostgreSQL) 17.11 (Debian 17.11-1.pgdg120+1)\n', { major: 17, version: '17.11' }],
    ['postgres (PostgreSQL) 18beta1', { major: 18, version: '18beta1' }],
    ['postgres (PostgreSQL) 16devel', { major: 16, version: '16devel' }],
    ['pg_dump (PostgreSQL) 9.6.24', { major: 9, version: '9.6.24' }],
    ['Error: You must install at least one postgresql-client-<version> package', null],
    ['', null],
  ])('%j', (text, version) => {
    expect(parseVersion(text)).toEqual(version);
  });

  it('are named in the hint', () => {
    expect(installHint(18)).toContain('postgresql-client-18');
    expect(installHint(18, 'server')).toContain('apt-get install postgresql-18 ');
  });
});

describe('looking for installations', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'lifeboat-programs-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  async function program(folder: string, name: string, version: string): Promise<void> {
    await mkdir(join(home, folder), { recursive: true });
    await writeFile(join(home, folder, name), `#!/bin/sh\necho "${name} (PostgreSQL) ${version}"\n`);
    await chmod(join(home, folder, name), 0o755);
  }
  async function clients(folder: string, version: string): Promise<void> {
    for (const name of ['pg_dump', 'pg_restore', 'psql']) await program(folder, name, version);
  }
  async function servers(folder: string, version: string): Promise<void> {
    for (const name of ['initdb', 'postgres']) await program(folder, name, version);
  }
  const ours = async (environment: Record<string, string>) =>
    (await findInstallations(environment))
      .filter(({ bindir }) => bindir.startsWith(home))
      .map((found) => ({ ...found, bindir: found.bindir.slice(home.length + 1) }));

  it('searches LIFEBOAT_PG_BINDIR first, all of its folders, then PATH', async () => {
    await clients('a', '17.1');
    await servers('b', '16.2');
    await clients('c', '18.3');
    await servers('c', '18.4');
    const found = await ours({ LIFEBOAT_PG_BINDIR: `${home}/a:${home}/b`, PATH: `${home}/c:${home}/absent:relative` });
    expect(found).toEqual([
      { bindir: 'a', client: { major: 17, version: '17.1' }, server: null },
      { bindir: 'b', client: null, server: { major: 16, version: '16.2' } },
      { bindir: 'c', client: { major: 18, version: '18.3' }, server: { major: 18, version: '18.4' } },
    ]);
  });

  it("does not take Debian's pg_wrapper for a program, but follows links to real ones", async () => {
    await program('debian', 'pg_wrapper', '15.0');
    for (const name of ['pg_dump', 'pg_restore', 'psql']) await symlink('pg_wrapper', join(home, 'debian', name));
    await clients('real', '16.1');
    await mkdir(join(home, 'links'));
    await symlink(join(home, 'real', 'pg_dump'), join(home, 'links', 'pg_dump'));
    const found = await ours({ PATH: `${home}/debian:${home}/links:${home}/real` });
    expect(found.map(({ bindir }) => bindir)).toEqual(['real']);
  });

  it('does not count programs that are incomplete or do not run', async () => {
    await program('half', 'pg_dump', '16.1');
    await clients('broken', '16.1');
    await writeFile(join(home, 'broken', 'pg_dump'), '#!/bin/sh\nexit 1\n');
    expect(await ours({ PATH: `${home}/half:${home}/broken` })).toEqual([]);
  });
});

describe('what a child program gets of the environment', () => {
  it('is enough to run, and nothing that redirects it', () => {
    const given = {
      PATH: '/bin',
      HOME: '/h',
      LANG: 'de_DE.UTF-8',
      LC_ALL: 'fr_FR.UTF-8',
      LC_COLLATE: 'C',
      LC_MESSAGES: 'de_DE',
      LANGUAGE: 'de',
      TMPDIR: '/t',
      SSL_CERT_FILE: '/ca',
      KRB5CCNAME: '/k',
      PGPASSFILE: '/p',
      PGOPTIONS: '-c x=y',
      PGDATABASE: 'other',
      PGHOST: 'other',
      PGPASSWORD: 'other',
      PGSERVICE: 'other',
      AWS_SECRET_ACCESS_KEY: 'secret',
      GITHUB_TOKEN: 'secret',
    };
    expect(childEnvironment(given)).toEqual({
      PATH: '/bin',
      HOME: '/h',
      LANG: 'de_DE.UTF-8',
      LC_COLLATE: 'C',
      LC_CTYPE: 'fr_FR.UTF-8',
      LC_MESSAGES: 'C',
      TMPDIR: '/t',
      SSL_CERT_FILE: '/ca',
      KRB5CCNAME: '/k',
      PGPASSFILE: '/p',
    });
  });
});
