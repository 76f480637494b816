import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Context, silentLog } from '../../src/context.ts';
import { LifeboatError } from '../../src/errors.ts';
import { openSession } from '../../src/postgres/connect.ts';
import { startScratch } from '../../src/postgres/scratch.ts';
import { clusterOf, majors, runSql } from '../harness/postgres.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually, isAlive } from '../harness/wait.ts';

let root: string;
let stopping: AbortController;
let context: Context;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lb-root-'));
  await chmod(root, 0o755);
  stopping = new AbortController();
  context = { log: silentLog, signal: stopping.signal, environment: process.env };
});
afterEach(async () => {
  stopping.abort(new Error('the test is over'));
  await rm(root, { recursive: true, force: true });
});

async function postmasterOf(folder: string): Promise<number> {
  return Number(JSON.parse(await readFile(join(folder, 'owner.json'), 'utf8')).postmaster);
}

describe.each(majors())('a scratch of Postgres %i', (major) => {
  it('lets in by a socket and a password only, and leaves nothing', async () => {
    const scratch = await startScratch({ installation: clusterOf(major).installation, context, root, settings: { work_mem: '7MB' } });
    expect(scratch.folder.startsWith(`${root}/lifeboat-scratch-`)).toBe(true);
    expect(scratch.target).toMatchObject({ user: 'postgres', database: 'postgres', host: scratch.socketFolder });
    const [row] = await runSql<Record<string, string>>(
      scratch.target,
      `SELECT current_setting('server_version') AS version, current_setting('listen_addresses') AS listen, current_setting('fsync') AS fsync,
              current_setting('work_mem') AS mem, current_setting('server_encoding') AS encoding`,
    );
    expect(row).toMatchObject({ listen: '', fsync: 'off', mem: '7MB', encoding: 'UTF8' });
    expect(row?.['version']).toContain(scratch.serverVersion);
    for (const password of ['wrong', null]) {
      const parameters = { passfile: '/nonexistent' };
      expect((await rejectionOf(openSession({ ...scratch.target, password, parameters }, {}))).code).toBe('authentication-failed');
    }
    expect((await stat(scratch.folder)).mode & 0o007).toBe(0);
    expect(await readdir(scratch.folder)).not.toContain('password');

    const postmaster = await postmasterOf(scratch.folder);
    expect(await isAlive(postmaster)).toBe(true);
    await Promise.all([scratch.stop(), scratch.stop()]);
    await scratch.stop();
    expect(await isAlive(postmaster)).toBe(false);
    expect(await readdir(root)).toEqual([]);
  });
});

describe('a scratch', () => {
  const { installation } = clusterOf();

  it('may listen on 127.0.0.1', async () => {
    const scratch = await startScratch({ installation, context, root, listen: true });
    expect(scratch.target.host).toBe('127.0.0.1');
    expect(await runSql(scratch.target, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await runSql({ ...scratch.target, host: scratch.socketFolder }, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await scratch.stop();
  });

  it('ends with open sessions and a running query', async () => {
    const scratch = await startScratch({ installation, context, root });
    const session = await openSession(scratch.target, {});
    const sleeping = rejectionOf(session.query('SELECT pg_sleep(3600)'));
    await scratch.stop();
    expect((await sleeping).code).toBe('connection-lost');
    await session.close();
    expect(await readdir(root)).toEqual([]);
  });

  it('ends at an abort', async () => {
    const scratch = await startScratch({ installation, context, root });
    const postmaster = await postmasterOf(scratch.folder);
    stopping.abort(new Error('enough'));
    await eventually(async () => !(await isAlive(postmaster)) && (await readdir(root)).length === 0);
    await scratch.stop();
  });

  it('ends at an abort while it starts', async () => {
    const reason = new LifeboatError('cancelled', 'a', 'b');
    const starting = startScratch({ installation, context, root });
    await eventually(async () => (await readdir(root)).length > 0);
    stopping.abort(reason);
    expect(await rejectionOf(starting)).toBe(reason);
    expect(await readdir(root)).toEqual([]);
    expect(await rejectionOf(startScratch({ installation, context, root }))).toBe(reason);
  });

  it('works where the path of its root is too long for a socket', async () => {
    const long = join(root, 'a'.repeat(100));
    await mkdir(long, { mode: 0o755 });
    const scratch = await startScratch({ installation, context, root: long });
    expect(scratch.folder.startsWith(long)).toBe(true);
    expect(await runSql(scratch.target, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await scratch.stop();
    expect(await readdir(long)).toEqual([]);
    await expect(stat(scratch.socketFolder)).rejects.toThrow('ENOENT');
    await expect(stat(join(scratch.socketFolder, '..'))).rejects.toThrow('ENOENT');
  });
});

describe('a scratch that cannot start', () => {
  it('is scratch-failed with the last lines of its log, and nothing is left', async () => {
    const { installation } = clusterOf();
    const error = await rejectionOf(startScratch({ installation, context, root, settings: { shared_buffers: 'plenty' } }));
    expect(error.code).toBe('scratch-failed');
    expect(error.message).toContain('postgres ended with exit status 1');
    expect(JSON.stringify(error.details['log'])).toContain('shared_buffers');
    expect(await readdir(root)).toEqual([]);
  });

  it.each([
    ['no programs', { bindir: '/nonexistent', client: null, server: { major: 17, version: '17.1' } }, 'initdb could not be run'],
    ['a client only', { bindir: '/x', client: { major: 17, version: '17.1' }, server: null }, 'no server programs'],
  ])('with %s', async (_, installation, message) => {
    const error = await rejectionOf(startScratch({ installation, context, root }));
    expect(error.code).toBe('scratch-failed');
    expect(error.message).toContain(message);
    expect(await readdir(root)).toEqual([]);
  });

  it('in a root that is not there', async () => {
    const error = await rejectionOf(startScratch({ installation: clusterOf().installation, context, root: join(root, 'absent') }));
    expect(error.code).toBe('scratch-failed');
  });
});

describe('a scratch whose owner ended without a word', () => {
  const program = (then: string) => `
    import { startScratch } from '${join(import.meta.dirname, '../../src/postgres/scratch.ts')}';
    const log = { info() {}, warn() {}, output() {}, progress() {} };
    const context = { log, signal: new AbortController().signal, environment: process.env };
    const scratch = await startScratch({ installation: ${JSON.stringify(clusterOf().installation)}, context, root: process.argv[1] });
    console.log(scratch.folder);
    ${then}`;
  const start = async (then: string) => {
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program(then), root], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    return { owner, folder: line.toString().trim() };
  };

  it('by SIGKILL is removed by the next start, and one with a living owner is not', async () => {
    const alive = await startScratch({ installation: clusterOf().installation, context, root });
    const { owner, folder } = await start('setInterval(() => {}, 1000);');
    const postmaster = await postmasterOf(folder);
    owner.kill('SIGKILL');
    await once(owner, 'close');
    expect(await isAlive(postmaster)).toBe(true);
    const next = await startScratch({ installation: clusterOf().installation, context, root });
    expect(await isAlive(postmaster)).toBe(false);
    await expect(stat(folder)).rejects.toThrow('ENOENT');
    expect(await runSql(alive.target, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await Promise.all([alive.stop(), next.stop()]);
    expect(await readdir(root)).toEqual([]);
  });

  it('by process.exit is gone at once', async () => {
    const { owner } = await start('setTimeout(() => process.exit(0), 100);');
    await once(owner, 'close');
    await eventually(async () => (await readdir(root)).length === 0);
  });
});
