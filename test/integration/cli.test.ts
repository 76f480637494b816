import { cp, mkdir, mkdtemp, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type CliEnd, childrenOf, onlyJson, startCli, urlOf } from '../harness/cli.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { eventually, isAlive } from '../harness/wait.ts';

const temporary = await ownTemporaryFolder();
const folder = await mkdtemp(join(temporary, 'cli-'));
const store = join(folder, 'store');
const storage = `file://${store}`;
const PASSWORD = 'hunter2+Ä/@:%';
const SPELLINGS = [PASSWORD, encodeURIComponent(PASSWORD), 'hunter2'];

let shop: ConnectionTarget;
let url: string;
beforeAll(async () => {
  shop = await shopDatabase();
  url = urlOf(shop);
});

function lifeboat(args: readonly string[], environment: Record<string, string> = {}, inFolder = folder): Promise<CliEnd> {
  return startCli(args, { folder: inFolder, environment }).ended;
}

/** Succeeds or fails in `--json`, with a status; answers with the object. */
async function json(status: number, args: readonly string[], environment: Record<string, string> = {}) {
  const end = await lifeboat([...args, '--json'], environment);
  expect({ status: end.status, stderr: end.stderr }).toEqual({ status, stderr: expect.any(String) });
  return { end, answer: onlyJson(end.stdout) };
}

describe('the main job', () => {
  let id: string;

  it('backs up, with one JSON object on standard output', async () => {
    const { answer, end } = await json(0, ['backup', '--database-url', url, '--storage', storage, '--database', 'shop']);
    expect(answer).toMatchObject({ ok: true, database: 'shop', storage, checksums: true, notes: [] });
    expect(end.stderr).toContain('Backing up');
    id = answer['id'] as string;
    expect(await filesIn(store)).toContain(`shop/${id}/manifest.json`);
  });

  it('lists and shows it', async () => {
    expect((await json(0, ['list', '--storage', storage])).answer).toMatchObject({ ok: true, storage, backups: [{ id, state: 'unproven' }] });
    expect((await json(0, ['show', '--storage', storage, '--database', 'shop'])).answer).toMatchObject({
      ok: true,
      state: 'unproven',
      manifest: { id },
    });
    const { status, stdout, stderr } = await lifeboat(['list'], { LIFEBOAT_STORAGE: storage });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^DATABASE .*\nshop +${id} .*not proven\n$`));
  });

  it('drills it', async () => {
    const { answer } = await json(0, [
      'drill',
      '--storage',
      storage,
      '--database',
      'shop',
      '--assert',
      'customers: SELECT count(*) > 0 FROM shop.customers',
    ]);
    expect(answer).toMatchObject({ ok: true, backup: id, kept: null, proof: { verdict: 'proven' } });
    const { status, stdout } = await lifeboat(['show', '--storage', storage, '--database', 'shop']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^proven +\d{4}-/m);
  });

  it('restores it: says what it would do, and then does it', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    const restore = ['restore', '--storage', storage, '--database', 'shop', '--target-url', urlOf(target)];
    const plan = await lifeboat([...restore, '--dry-run']);
    expect(plan.status).toBe(0);
    expect(plan.stdout).toMatch(/^dry run: nothing was written to/);
    expect((await json(2, [...restore, '--confirm', 'another'])).answer).toMatchObject({ ok: false, error: { code: 'wrong-confirmation' } });
    const { answer } = await json(0, [...restore, '--confirm', target.database]);
    expect(answer).toMatchObject({ ok: true, dryRun: false, backup: id });
    expect(await runSql(target, 'SELECT count(*)::int AS n FROM shop.customers')).toEqual([{ n: 300 }]);
  });

  it('answers with a whole Result, and status 1, when a drill finds something', async () => {
    const damaged = join(folder, 'damaged');
    await cp(store, damaged, { recursive: true });
    const part = join(damaged, 'shop', id, 'data-00.dump.zst');
    const file = await open(part, 'r+');
    const { size } = await file.stat();
    const at = Math.floor(size / 2);
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
    await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, at);
    await file.close();
    const args = ['drill', '--storage', `file://${damaged}`, '--database', 'shop'];
    const { answer } = await json(1, args);
    expect(answer).toMatchObject({ ok: false, backup: id, proof: { verdict: 'failed' } });
    expect(answer).not.toHaveProperty('error');
    const { status, stdout } = await lifeboat(args);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^NOT PROVEN: /);
    expect(stdout).toContain('data-00.dump.zst');
  });

  it('reads lifeboat.yml where it stands: the URL from the variable that it names, the database because there is only one', async () => {
    const home = await configured(
      `databases: { shop: { database-url-env: SHOP_URL, storage: "file://${join(folder, 'configured')}", backup: { jobs: 1 } } }`,
    );
    const end = await lifeboat(['backup', '--json'], { SHOP_URL: url }, home);
    expect(onlyJson(end.stdout)).toMatchObject({ ok: true, database: 'shop' });
    const listed = await lifeboat(['list', '--json'], {}, home);
    expect(onlyJson(listed.stdout)).toMatchObject({ ok: true, backups: [{ database: 'shop' }] });
    const unset = await lifeboat(['backup', '--json'], { DATABASE_URL: url }, home);
    expect(unset.status).toBe(2);
    expect(onlyJson(unset.stdout)).toMatchObject({ error: { code: 'bad-option', message: expect.stringContaining('SHOP_URL, which is not set') } });
  });
});

async function configured(text: string): Promise<string> {
  const home = await mkdtemp(join(folder, 'home-'));
  await writeFile(join(home, 'lifeboat.yml'), text);
  return home;
}

describe('what goes wrong', () => {
  const withPassword = (change: Partial<ConnectionTarget>) => urlOf({ ...shop, password: PASSWORD, ...change });
  const backup = (databaseUrl: string, ...rest: string[]) => ['backup', '--database-url', databaseUrl, '--storage', storage, ...rest];
  const none = ['--storage', 'file:///nowhere/at/all'];

  it('says that no temporary file can be written, before it touches the target', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    const args = ['restore', '--storage', storage, '--database', 'shop', '--target-url', urlOf(target), '--confirm', target.database];
    const end = await startCli(args, { folder, environment: { TMPDIR: '/does/not/exist' } }).ended;
    expect(end).toMatchObject({ status: 1, stdout: '' });
    expect(end.stderr).toMatch(/error scratch-failed: No temporary file can be written to \/does\/not\/exist.*\n.*TMPDIR/);
  });

  it.each<[string, number, string, () => readonly string[]]>([
    ['a wrong password', 1, 'authentication-failed', () => backup(withPassword({}))],
    ['a wrong password, in full', 1, 'authentication-failed', () => backup(withPassword({}), '--verbose')],
    ['a host that is not there', 1, 'host-unreachable', () => backup(withPassword({ port: 1 }), '--verbose')],
    ['a URL that cannot be read', 2, 'bad-database-url', () => backup(`postgres://shop:${PASSWORD}@127.0.0.1/shop`)],
    ['a pooler', 2, 'pooler-url', () => backup(`postgres://shop:${encodeURIComponent(PASSWORD)}@x.pooler.supabase.com:6543/shop`)],
    ['a password in the store', 2, 'bad-storage-url', () => ['list', '--storage', `s3://key:${encodeURIComponent(PASSWORD)}@bucket`]],
    ['a URL where none belongs', 2, 'bad-option', () => ['backup', withPassword({})]],
    ['a URL behind a wrong option', 2, 'bad-option', () => ['backup', `--databse-url=${withPassword({})}`]],
    ['a URL instead of a verb', 2, 'bad-option', () => [withPassword({})]],
    ['a URL instead of a number', 2, 'bad-option', () => backup(withPassword({}), '--jobs', withPassword({}))],
    ['an unknown verb', 2, 'bad-option', () => ['bakcup']],
    ['an unknown option', 2, 'bad-option', () => ['list', '--storge', 'x']],
    ['an option without its value', 2, 'bad-option', () => ['list', '--storage']],
    ['options missing', 2, 'bad-option', () => ['restore']],
    ['an unknown backup', 2, 'unknown-backup', () => ['show', '--storage', storage, '--database', 'shop', '--backup', '20200101T000000Z-0000']],
    ['no backups', 1, 'no-backups', () => ['drill', ...none, '--database', 'shop']],
    ['a configuration that is not there', 2, 'bad-config', () => ['list', '--config', 'nowhere.yml']],
    ['a folder as configuration', 2, 'bad-config', () => ['list', '--config', '.']],
  ])('%s: status %i, %s, one JSON object, and no password', async (_, status, code, argsOf) => {
    const args = argsOf();
    const { end, answer } = await json(status, args);
    expect(answer).toEqual({
      ok: false,
      error: { code, message: expect.stringMatching(/\S/), remedy: expect.stringMatching(/\S/), details: expect.any(Object) },
    });
    const plain = await lifeboat(args);
    expect(plain).toMatchObject({ status, stdout: '' });
    expect(plain.stderr).toContain(`error ${code}: `);
    expect(plain.stderr).toContain('what to do: ');
    for (const secret of SPELLINGS) expect(`${end.stdout}${end.stderr}${plain.stdout}${plain.stderr}`).not.toContain(secret);
  });

  it.each<[readonly string[], string]>([
    [['bakcup'], 'did you mean backup?'],
    [['list', '--storge', 'x'], 'did you mean --storage?'],
    [['backup', '--no-cheksums'], '--no-cheksums is not an option: did you mean --no-checksums?'],
    [['drill', '--rto', '5 minutes', '--storage', 'x', '--database', 'y'], '--rto "5 minutes" is not a duration'],
  ])('%j: says what was meant', async (args, message) => {
    expect((await lifeboat(args)).stderr).toContain(message);
  });

  it('names the key, the line and the nearest key of a configuration', async () => {
    const home = await configured('databases:\n  shop:\n    storge: s3://bucket\n');
    const { status, stderr } = await lifeboat(['list'], {}, home);
    expect(status).toBe(2);
    expect(stderr).toContain('error bad-config: lifeboat.yml:3:5: "storge" is not a key in databases.shop: did you mean storage?');
  });

  it('repeats no password that stands in a configuration', async () => {
    const home = await configured(`databases:\n  shop:\n    database-url: ${withPassword({})}\n`);
    const { status, stdout, stderr } = await lifeboat(['list', '--json'], {}, home);
    expect(status).toBe(2);
    expect(onlyJson(stdout)).toMatchObject({ error: { code: 'bad-config' } });
    for (const secret of SPELLINGS) expect(stdout + stderr).not.toContain(secret);
  });

  it('prints its help when nothing is asked, as an error; when it is asked, as an answer', async () => {
    const nothing = await lifeboat([]);
    expect(nothing).toMatchObject({ status: 2, stdout: '' });
    expect(nothing.stderr).toContain('Usage: lifeboat');
    const help = await lifeboat(['--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toBe(nothing.stderr);
    const verb = await lifeboat(['backup', '--help']);
    expect(verb).toMatchObject({ status: 0, stderr: '' });
    expect(verb.stdout).toMatch(/--database-url <URL>[^-]*DATABASE_URL/);
    expect(await lifeboat(['help', 'backup'])).toEqual(verb);
    expect((await lifeboat(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('does not mind a reader who has seen enough', async () => {
    const run = startCli(['show', '--storage', storage, '--database', 'shop', '--json'], { folder });
    run.child.stdout?.destroy();
    expect(await run.ended).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('stopped midway', () => {
  let database: ConnectionTarget;
  beforeAll(async () => {
    database = await freshDatabase(Math.max(...majors()));
    // at the highest level this takes a processor far longer than any test has patience
    await runSql(database, `CREATE TABLE t AS SELECT i, md5(i::text) || md5((i * 7)::text) AS filler FROM generate_series(1, 1500000) AS i`);
  });

  async function midway(store: string, more: readonly string[] = [], nodeOptions: readonly string[] = []) {
    await mkdir(store);
    const args = ['backup', '--database-url', urlOf(database), '--storage', `file://${store}`, '--compression-level', '19', '--json', ...more];
    const run = startCli(args, { folder, nodeOptions });
    let children: number[] = [];
    await eventually(async () => {
      if (run.child.exitCode !== null) throw new Error(`it ended first: ${(await run.ended).stderr}`);
      children = await childrenOf(run.child.pid, 'pg_dump');
      return children.length > 0 && (await filesIn(store)).length > 0;
    });
    return { ...run, children };
  }

  async function expectCleanedUp(children: readonly number[], store: string) {
    for (const pid of children) expect(await isAlive(pid)).toBe(false);
    expect(await filesIn(store)).toEqual([]);
    await expectNothingLeft([database], temporary);
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s: status %i, no child, nothing in the store', async (name, status) => {
    const target = join(folder, name);
    const { child, ended, children } = await midway(target);
    child.kill(name);
    const end = await ended;
    expect(end.status).toBe(status);
    expect(onlyJson(end.stdout)).toMatchObject({ ok: false, error: { code: 'cancelled', details: { signal: name } } });
    await expectCleanedUp(children, target);
    expect((await json(0, ['list', '--storage', `file://${target}`])).answer).toMatchObject({ backups: [] });
  });

  it('by a bug: status 3, its stack, no password, no child, nothing in the store', async () => {
    const target = join(folder, 'bug');
    const throwing = `process.on('SIGUSR2', () => { throw new TypeError('boom ' + process.argv.find((arg) => arg.startsWith('postgres:'))); })`;
    const { child, ended, children } = await midway(target, [], ['--import', `data:text/javascript,${encodeURIComponent(throwing)}`]);
    child.kill('SIGUSR2');
    const end = await ended;
    expect(end.status).toBe(3);
    expect(onlyJson(end.stdout)).toMatchObject({
      ok: false,
      error: { code: 'bug', details: { stack: expect.stringMatching(/TypeError: boom \*\*\*\n +at /) } },
    });
    expect(end.stderr).toMatch(/^bug: .*\nTypeError: boom \*\*\*\n +at /m);
    expect(end.stdout + end.stderr).not.toContain(database.password);
    await expectCleanedUp(children, target);
  });

  it('leaves no folder of a test behind', async () => {
    expect((await readdir(temporary)).filter((name) => name.startsWith('lifeboat-'))).toEqual([]);
  });
});
