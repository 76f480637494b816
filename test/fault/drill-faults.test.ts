import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackupResult } from '../../src/backup/backup.ts';
import { type Proof, parseProof } from '../../src/format/proof.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { installAbsent } from '../harness/absent-extension.ts';
import { drillServer } from '../harness/drill-server.ts';
import { recordingContext, runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { notShown } from '../harness/skipped.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually } from '../harness/wait.ts';
import { withBindir } from '../harness/wrapped-client.ts';

const run = promisify(execFile);
const { major, installation, target: superuser } = clusterOf();
let temporaries: string;
let server: Awaited<ReturnType<typeof drillServer>>;
let source: ConnectionTarget;
let store: { url: string; folder: string };
let taken: BackupResult;
beforeAll(async () => {
  temporaries = await ownTemporaryFolder();
  server = await drillServer();
  source = await shopDatabase();
  store = await temporaryStore();
  taken = await runBackup(source, store.url, { database: 'shop' });
});

const proofsIn = async (folder: string) => (await filesIn(folder)).filter((name) => name.includes('/proofs/'));
const checkOf = (proof: Proof, name: string) => proof.checks.find((check) => check.name === name);

/** A copy of the store whose manifest is another. */
async function storeWith(change: (text: string) => string): Promise<string> {
  const folder = await mkdtemp(join(temporaries, 'copy-'));
  await cp(store.folder, folder, { recursive: true });
  const path = join(folder, 'shop', taken.id, 'manifest.json');
  await writeFile(path, change(await readFile(path, 'utf8')));
  return pathToFileURL(folder).href;
}

describe('scratch', () => {
  test('that does not start is told with the last lines of its log', async () => {
    const bindir = await mkdtemp(join(temporaries, 'server-'));
    const initdb = `#!/bin/bash\nexec '${join(installation.bindir, 'initdb')}' "$@"\n`;
    const postgres = `#!/bin/bash\nif [ "$1" = --version ]; then exec '${join(installation.bindir, 'postgres')}' --version; fi
echo 'FATAL:  could not map anonymous shared memory' >&2; exit 1\n`;
    await writeFile(join(bindir, 'initdb'), initdb, { mode: 0o755 });
    await writeFile(join(bindir, 'postgres'), postgres, { mode: 0o755 });
    await run('chmod', ['755', bindir]);
    const before = await proofsIn(store.folder);
    const error = await rejectionOf(runDrill('shop', store.url, {}, withBindir(recordingContext(), bindir)));
    expect(error).toMatchObject({
      code: 'scratch-failed',
      message: expect.stringContaining('postgres ended with exit status 1'),
      remedy: expect.stringContaining('shared memory'),
      details: { log: expect.arrayContaining([expect.stringContaining('could not map anonymous shared memory')]) },
    });
    expect(await proofsIn(store.folder)).toEqual(before);
    await expectNothingLeft([source], temporaries);
  });

  test('of a major that is not installed is told, with what to install', async () => {
    const url = await storeWith((text) => text.replace(/"serverMajor": \d+/, '"serverMajor": 99'));
    const error = await rejectionOf(runDrill('shop', url));
    expect(error).toMatchObject({
      code: 'scratch-failed',
      message: expect.stringMatching(/needs initdb and postgres of major 99; here there is .*\d/),
      remedy: expect.stringContaining('postgresql-99'),
    });
    await expectNothingLeft([source], temporaries);
  });

  test('on a disk that is too small is refused before anything is fetched', async () => {
    const folder = await mkdtemp(join(temporaries, 'small-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder]);
    } catch {
      return notShown('drill: too little disk', 'only root may mount a small file system');
    }
    try {
      const error = await rejectionOf(runDrill('shop', store.url, { scratchFolder: folder }));
      expect(error).toMatchObject({
        code: 'disk-too-small',
        message: expect.stringMatching(new RegExp(`needs about 0\\.2 GiB, and ${folder} has 0\\.0 GiB free`)),
        remedy: expect.stringContaining('--scratch-folder'),
        details: { folder },
      });
      expect(await filesIn(folder)).toEqual([]);
    } finally {
      await run('umount', [folder]);
    }
    await expectNothingLeft([source], temporaries);
  });
});

describe('an extension that scratch does not have', () => {
  const NAME = 'lifeboat_absent';
  let url: string;
  let skip = false;

  beforeAll(async () => {
    const shop = await shopDatabase();
    const script = `CREATE DOMAIN euro AS numeric(12,2); CREATE FUNCTION twice(euro) RETURNS euro LANGUAGE sql IMMUTABLE AS 'SELECT ($1 * 2)::absent.euro';
         CREATE TABLE rates (year int PRIMARY KEY, rate numeric); SELECT pg_catalog.pg_extension_config_dump('rates', '');`;
    skip = !(await installAbsent(shop, [{ name: NAME, schema: 'absent', script }]));
    if (skip) return;
    await runSql(
      shop,
      `INSERT INTO absent.rates VALUES (2026, 1.19);
       CREATE TABLE shop.prices (id serial PRIMARY KEY, price absent.euro); INSERT INTO shop.prices (price) SELECT generate_series(1, 30);
       CREATE INDEX by_price ON shop.prices (absent.twice(price)); CREATE VIEW shop.price_list AS SELECT * FROM shop.prices`,
    );
    const own = await temporaryStore();
    url = own.url;
    await runBackup(shop, url, { database: 'shop' });
  });

  test('fails the drill with its name and the package, before anything is restored', async () => {
    if (skip) return notShown('drill: an extension that scratch does not have', 'the extension folder cannot be written');
    const error = await rejectionOf(runDrill('shop', url));
    expect(error).toMatchObject({
      code: 'extension-missing',
      message: expect.stringContaining(NAME),
      remedy: expect.stringMatching(new RegExp(`postgresql-${major}-lifeboat-absent.*--allow-missing-extension ${NAME}`)),
      details: { extensions: [NAME] },
    });
    await expectNothingLeft([source], temporaries);
    expect(await rejectionOf(runDrill('shop', url, { into: server.url }))).toMatchObject({ code: 'extension-missing' });
    expect(await server.databases()).toEqual([]);
  });

  test('allowed to be missing is listed as not proven, with all that hangs on it, and the rest is proven', async () => {
    if (skip) return;
    const { ok, proof } = await runDrill('shop', url, { allowMissingExtension: [NAME] });
    expect(proof.checks.filter((check) => check.verdict !== 'pass')).toEqual([]);
    expect(ok).toBe(true);
    expect(proof.rows).toBe(3800);
    const skipped = new Map<string, string>(
      proof.checks.flatMap((check) => check.skipped.map(({ object, reason }) => [`${check.name}: ${object}`, reason] as const)),
    );
    const reason = expect.stringContaining(NAME);
    for (const name of ['rows: shop.prices', `schema: extension ${NAME}`, 'schema: relation shop.prices', 'schema: relation shop.price_list']) {
      expect(skipped.get(name), `${name} of ${[...skipped.keys()].join(', ')}`).toEqual(reason);
    }
    for (const what of [/^restore: EXTENSION/, /^restore: TABLE .*shop prices/, /^indexes: .*by_price/]) {
      expect(
        [...skipped.keys()].some((key) => what.test(key)),
        `${what} of ${[...skipped.keys()].join(', ')}`,
      ).toBe(true);
    }
    expect([...skipped.keys()].filter((key) => /orders|customers|audit/.test(key))).toEqual([]);
    await expectNothingLeft([source], temporaries);
  });

  test('does not excuse anything else', async () => {
    if (skip) return;
    const other = await runDrill('shop', store.url, { into: server.url, allowMissingExtension: [NAME] });
    expect(other).toMatchObject({ ok: true });
    expect(other.proof.checks.flatMap((check) => check.skipped).filter(({ reason }) => reason.includes('extension'))).toEqual([]);
  });
});

describe('an assertion', () => {
  test('that is true passes, with the time of the snapshot as $1', async () => {
    const assert = ['orders: SELECT count(*) = 3000 FROM shop.orders', "time: SELECT $1::timestamptz BETWEEN now() - interval '1 hour' AND now();"];
    const { ok, proof } = await runDrill('shop', store.url, { into: server.url, assert });
    expect(ok).toBe(true);
    expect(checkOf(proof, 'assertions')).toMatchObject({ verdict: 'pass', examined: 2 });
  });

  test.each([
    ['is false', 'SELECT count(*) = 1 FROM shop.orders', /false/],
    ['is null', 'SELECT NULL::bool', /NULL/],
    ['is no boolean', 'SELECT note FROM shop.orders LIMIT 1', /not a boolean/],
    ['is of several rows', 'SELECT true FROM shop.orders', /3000 rows/],
    ['is of no row', 'SELECT true FROM shop.orders WHERE false', /0 rows/],
    ['is of several columns', 'SELECT false, true', /2 columns/],
    ['is of several statements', 'SELECT false; SELECT true', /multiple commands/],
    ['is an error', 'SELECT nonsense FROM shop.orders', /nonsense/],
    ['writes', 'DELETE FROM shop.orders RETURNING true', /read-only/],
  ])('that %s fails the drill, and shows no value of a row', async (_, sql, sentence) => {
    const { ok, proof } = await runDrill('shop', store.url, { into: server.url, assert: [`the rule: ${sql}`, 'fine: SELECT true'] });
    expect({ ok, verdict: proof.verdict }).toEqual({ ok: false, verdict: 'failed' });
    expect(checkOf(proof, 'assertions')).toMatchObject({
      verdict: 'fail',
      examined: 2,
      findings: [{ object: 'the rule', message: expect.stringMatching(sentence) }],
    });
    expect(JSON.stringify(proof)).not.toMatch(/[0-9a-f]{64}"?[^"]*\b(?:is not a boolean)/);
    expect(await server.databases()).toEqual([]);
  });

  test('without a name is refused before anything is done', async () => {
    const before = await proofsIn(store.folder);
    expect(await rejectionOf(runDrill('shop', store.url, { assert: ['SELECT true'] }))).toMatchObject({
      code: 'bad-option',
      message: expect.stringContaining('SELECT true'),
      remedy: expect.stringContaining('name'),
    });
    expect(await proofsIn(store.folder)).toEqual(before);
  });
});

describe('a target that is missed', () => {
  test.each([
    ['rto', { rto: { met: false }, rpo: { met: true } }],
    ['rpo', { rto: { met: true }, rpo: { met: false } }],
  ])('%s: the backup is proven, and the drill is not ok', async (option, expected) => {
    const drill = await runDrill('shop', store.url, { into: server.url, [option]: '0s' });
    expect(drill).toMatchObject({ ok: false, proof: { verdict: 'proven', ...expected } });
  });
});

describe('a drill on another server', () => {
  test('makes the roles that are missing, and takes them and the database away again', async () => {
    const role = `drilled_${taken.id.slice(-4)}`;
    const shop = await shopDatabase();
    await runSql(shop, `CREATE ROLE ${role}; ALTER TABLE shop.audit OWNER TO ${role}`);
    const own = await temporaryStore();
    await runBackup(shop, own.url, { database: 'shop' });
    await runSql(shop, `DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    const rolesNow = () => runSql(superuser, 'SELECT rolname FROM pg_roles WHERE rolname = $1', [role]);

    expect(await runDrill('shop', own.url, { into: server.url })).toMatchObject({ ok: true });
    expect(await rolesNow()).toEqual([]);
    expect(await server.databases()).toEqual([]);

    const stop = new AbortController();
    const context = recordingContext(stop.signal);
    const slow = rejectionOf(runDrill('shop', own.url, { into: server.url, assert: ['slow: SELECT pg_sleep(600) IS NULL'] }, context));
    await eventually(() => context.lines.some((line) => line.startsWith('analyze')));
    expect(await rolesNow()).toHaveLength(1);
    stop.abort(new Error('enough'));
    await slow.catch(() => {});
    expect(await rolesNow()).toEqual([]);
    expect(await server.databases()).toEqual([]);
  });

  test('that cannot be reached, or may not make a database, is told', async () => {
    expect(await rejectionOf(runDrill('shop', store.url, { into: 'postgres://u:secret@127.0.0.1:1/x' }))).toMatchObject({ code: 'host-unreachable' });
  });

  test('told to keep the database keeps it, and says where it is', async () => {
    const drill = await runDrill('shop', store.url, { into: server.url, keep: true });
    const [database] = await server.databases();
    expect(drill.kept).toContain(database);
    expect(await runSql({ ...superuser, database: database as string }, 'SELECT count(*)::int AS n FROM shop.orders')).toEqual([{ n: 3000 }]);
    await runSql(superuser, `DROP DATABASE ${database} WITH (FORCE)`);
  });
});

test('what pg_restore could not do is told entry by entry', async () => {
  const shop = await shopDatabase();
  // a function that finds its tables by the search path, which a restore empties
  await runSql(
    shop,
    `CREATE TABLE public.limits (most int); INSERT INTO public.limits VALUES (100);
     CREATE FUNCTION public.allowed(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN $1 < (SELECT most FROM limits); END';
     CREATE TABLE public.measured (n int CHECK (public.allowed(n)), secret text); INSERT INTO public.measured VALUES (42, 'do not tell')`,
  );
  const own = await temporaryStore();
  await runBackup(shop, own.url, { database: 'shop' });
  const { ok, proof } = await runDrill('shop', own.url, { into: server.url });
  expect(ok).toBe(false);
  expect(checkOf(proof, 'restore')).toMatchObject({
    verdict: 'fail',
    findings: [{ object: expect.stringMatching(/^TABLE DATA public measured/), message: expect.stringContaining('"limits" does not exist') }],
  });
  expect(checkOf(proof, 'rows')).toMatchObject({ verdict: 'fail', findings: [{ object: 'public.measured', message: '0 rows came back of 1' }] });
  expect(JSON.stringify(proof)).not.toContain('do not tell');
  const [key = ''] = await proofsIn(own.folder);
  expect(parseProof(await readFile(join(own.folder, key), 'utf8'))).toEqual(proof);
});
