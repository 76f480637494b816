import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import places from '../../src/postgres/places.json' with { type: 'json' };
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import type { PreflightResult } from '../../src/preflight/preflight.ts';
import { onlyJson } from '../harness/cli.ts';
import { runBackup, temporaryStore, urlOf } from '../harness/engine.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { notShown } from '../harness/skipped.ts';

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js');
const { major } = clusterOf();
let temporaries: string;
let source: ConnectionTarget;
let canHide = false;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  source = await shopDatabase();
  canHide = await run('unshare', ['-m', 'true']).then(
    () => true,
    () => false,
  );
});

/** Runs a verb where every folder that Postgres is usually installed in is empty; `bindir` is the only one with programs. */
async function withoutPrograms(args: readonly string[], bindir?: string): Promise<{ status: number; json: Record<string, unknown> }> {
  const hide = `for folder in ${places.folders.join(' ')}; do if [ -d "$folder" ]; then mount -t tmpfs tmpfs "$folder"; fi; done; exec "$@"`;
  const env = { PATH: '/usr/bin:/bin', HOME: '/root', TMPDIR: temporaries, ...(bindir === undefined ? {} : { LIFEBOAT_PG_BINDIR: bindir }) };
  const command = ['-m', 'bash', '-c', hide, 'bash', process.execPath, MAIN, ...args, '--json'];
  const { status, stdout } = await run('unshare', command, { env }).then(
    ({ stdout }) => ({ status: 0, stdout }),
    (error) => ({ status: error.code as number, stdout: error.stdout as string }),
  );
  return { status, json: onlyJson(stdout) };
}

async function programsOfVersion(version: string): Promise<string> {
  const bindir = await mkdtemp(join(temporaries, 'old-'));
  for (const name of ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'initdb', 'postgres']) {
    await writeFile(join(bindir, name), `#!/bin/sh\necho '${name} (PostgreSQL) ${version}'\n`, { mode: 0o755 });
  }
  return bindir;
}

const nothing = async (): Promise<string | undefined> => undefined;
const emptyFolder = async () => join(temporaries, 'empty');
const oldPrograms = () => programsOfVersion('9.6.24');

describe('where there are no client programs', () => {
  test.each([
    ['none', nothing, 'client-missing', /pg_dump and pg_restore were not found/],
    ['an empty folder', emptyFolder, 'client-missing', /pg_dump and pg_restore were not found/],
    [
      'those of an older major',
      () => programsOfVersion('9.6.24'),
      'client-too-old',
      new RegExp(`server is Postgres ${major}.*older: 9\\.6\\.24 in `),
    ],
  ] as const)('but %s, a backup is refused with what to install', async (_, bindir, code, sentence) => {
    if (!canHide) return notShown('backup without client programs', 'only root may hide the installed ones');
    await mkdir(join(temporaries, 'empty'), { recursive: true });
    const store = await temporaryStore();
    const { status, json } = await withoutPrograms(['backup', '--database-url', urlOf(source), '--storage', store.url], await bindir());
    expect(status).toBe(1);
    expect(json['error']).toMatchObject({
      code,
      message: expect.stringMatching(sentence),
      remedy: expect.stringMatching(new RegExp(`postgresql-client-${major}.*LIFEBOAT_PG_BINDIR`)),
    });
    expect(await filesIn(store.folder)).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });

  test('but those of an older major, a preflight says so of a backup and of a drill here', async () => {
    if (!canHide) return notShown('preflight without client programs', 'only root may hide the installed ones');
    const store = await temporaryStore();
    const args = ['preflight', '--database-url', urlOf(source), '--storage', store.url];
    const { status, json } = await withoutPrograms(args, await oldPrograms());
    expect(status).toBe(1);
    const checks = (json as unknown as PreflightResult).checks.filter(({ area, verdict }) => area === 'source' && verdict !== 'pass');
    expect(checks.map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(['versions fail', 'extensions not-run', 'roles not-run']);
    expect(checks[0]?.remarks.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      expect.stringMatching(new RegExp(`^fail: The server is Postgres ${major}.*older: 9\\.6\\.24 in `)),
      expect.stringMatching(new RegExp(`^warn: There is no server of major ${major} on this machine`)),
    ]);
  });

  test.each([
    ['none', nothing, /major \d+; here there is none/],
    ['those of another major', oldPrograms, /major \d+; here there is 9\.6\.24 in /],
  ] as const)('and no server programs but %s, a drill is refused with what to install', async (_, bindir, sentence) => {
    if (!canHide) return notShown('drill without server programs', 'only root may hide the installed ones');
    const store = await temporaryStore();
    await runBackup(source, store.url, { database: 'shop' });
    const { status, json } = await withoutPrograms(['drill', '--database', 'shop', '--storage', store.url], await bindir());
    expect(status).toBe(1);
    expect(json['error']).toMatchObject({
      code: 'scratch-failed',
      message: expect.stringMatching(sentence),
      remedy: expect.stringContaining(`postgresql-${major}`),
    });
    await expectNothingLeft([source], temporaries);
  });
});
