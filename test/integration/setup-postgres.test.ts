import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Context } from '../../src/context.ts';
import { KEYRING, SOURCES } from '../../src/github/setup-postgres/repository.ts';
import { setupMarkdown, setupPostgres } from '../../src/github/setup-postgres/setup.ts';
import { type AptWorld, startAptWorld, whyNoAptWorld } from '../harness/apt-world.ts';
import { recordingContext } from '../harness/engine.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';

const MAJOR = 99;
const why = whyNoAptWorld();
if (why !== null) notShown('that setup-postgres installs by apt', why);

describe.skipIf(why !== null)('setup-postgres, with the real apt and a repository of its own', () => {
  let world: AptWorld;
  let published: string[];
  beforeEach(async () => {
    world = await startAptWorld(MAJOR, 'bookworm');
    published = [];
  });
  afterEach(() => world.close());

  const at = (path: string) => join(world.root, path);
  const bindir = () => at(`usr/lib/postgresql/${MAJOR}/bin`);
  const context = (environment: Record<string, string> = {}) => {
    const recorded = recordingContext();
    return { ...recorded, environment: { ...recorded.environment, ...world.environment, RUNNER_TOOL_CACHE: at('tools'), ...environment } };
  };
  const setUp = (using: Context, settings = { version: [MAJOR], cache: true }, repository = world.repository) =>
    setupPostgres(settings, using, { repository, root: world.root, publish: (bindirs) => published.push(...bindirs) });

  test('installs client and server from it, without a cluster, and leaves the configuration as it was', async () => {
    const using = context();
    const result = await setUp(using);
    expect(result.installed).toEqual([{ major: MAJOR, version: `${MAJOR}.3`, bindir: bindir() }]);
    expect(published).toEqual([bindir()]);
    expect(existsSync(at('cluster-created'))).toBe(false);
    expect(await readFile(at('etc/postgresql-common/createcluster.conf'), 'utf8')).toBe('#create_main_cluster = true\nssl = on\n');
    expect(await readFile(at(SOURCES), 'utf8')).toContain(`Signed-By: ${at(KEYRING)}`);
    const packages = (await readdir(result.cachePath ?? '')).filter((name) => name.endsWith('.deb'));
    expect(packages.map((name) => name.split('_')[0]).sort()).toEqual(['postgresql-99', 'postgresql-client-99', 'postgresql-common']);
    expect(using.lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/repository for bookworm is added/),
        expect.stringMatching(/^apt-get: Setting up postgresql-99/),
      ]),
    );
    expect(setupMarkdown(result)).toContain('Postgres 99.3 is ready');
  });

  test('uses what is there, and asks nobody', async () => {
    await mkdir(bindir(), { recursive: true });
    for (const name of ['pg_dump', 'pg_restore', 'psql', 'initdb', 'postgres'])
      await writeFile(join(bindir(), name), `#!/bin/sh\necho '${name} (PostgreSQL) ${MAJOR}.1'\n`, { mode: 0o755 });
    const using = context({ LIFEBOAT_PG_BINDIR: bindir() });
    const result = await setUp(using);
    expect(result).toMatchObject({ installed: [{ version: `${MAJOR}.1` }], did: [`Postgres ${MAJOR} is there already: ${bindir()}.`] });
    expect(using.lines.filter((line) => line.startsWith('apt-get'))).toEqual([]);
    expect(existsSync(at(SOURCES))).toBe(false);
  });

  test('does not believe a key with another fingerprint', async () => {
    const wrong = { ...world.repository, fingerprint: 'A'.repeat(40) };
    const error = await rejectionOf(setUp(context(), undefined, wrong));
    expect(error.code).toBe('client-missing');
    expect(error.message).toMatch(new RegExp(`its fingerprint is ${world.repository.fingerprint}, and A{40} is the only one`));
    expect([existsSync(at(KEYRING)), existsSync(at(SOURCES)), published.length]).toEqual([false, false, 0]);
  });

  test('does not take a missing or malformed key for one', async () => {
    const { uri } = world.repository;
    const noKey = await rejectionOf(setUp(context(), undefined, { ...world.repository, keyUrl: `${uri}/nothing.asc` }));
    expect(noKey.message).toMatch(/answered with 404/);
    const notOne = await rejectionOf(setUp(context(), undefined, { ...world.repository, keyUrl: `${uri}/dists/bookworm-pgdg/Release` }));
    expect(notOne.message).toMatch(/not one OpenPGP public key/);
  });

  test('installs nothing that is signed by another key', async () => {
    await world.signWithAnotherKey();
    const error = await rejectionOf(setUp(context()));
    expect(error.code).toBe('client-failed');
    expect(error.message).toMatch(/apt-get update .* ended with 100/);
    expect(error.message).toMatch(/not signed|NO_PUBKEY/);
    expect(existsSync(bindir())).toBe(false);
  });

  test('says what apt said when there is no such package', async () => {
    const error = await rejectionOf(setUp(context(), { version: [98], cache: false }));
    expect(error.message).toMatch(/Unable to locate package postgresql-client-98/);
    expect(await readFile(at('etc/postgresql-common/createcluster.conf'), 'utf8')).toContain('#create_main_cluster = true');
  });
});
