import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Context } from '../../src/context.ts';
import { LifeboatError } from '../../src/errors.ts';
import { chooseClient, findInstallations, type Installation } from '../../src/postgres/programs.ts';
import { startProgram } from '../../src/postgres/run.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { rejectionOf } from '../harness/thrown.ts';
import { eventually, isAlive } from '../harness/wait.ts';

const installations = await findInstallations(process.env);
const major = Math.max(...majors());
const folder = await mkdtemp(join(tmpdir(), 'lifeboat-run-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

function contextOf(signal = new AbortController().signal, environment: Context['environment'] = process.env) {
  const lines: string[] = [];
  const log = { info() {}, warn() {}, progress() {}, output: (program: string, line: string) => lines.push(`${program}: ${line}`) };
  const context: Context = { log, signal, environment };
  return { context, lines };
}

/** A program of our own in the place of pg_dump, for what the real one does only in distress. */
async function standIn(script: string): Promise<Installation> {
  const bindir = await mkdtemp(join(folder, 'bin-'));
  await writeFile(join(bindir, 'pg_dump'), `#!/bin/sh\n${script}\n`);
  await chmod(join(bindir, 'pg_dump'), 0o755);
  return { bindir, client: { major: 17, version: '17.0' }, server: null };
}

describe('the real programs', () => {
  const installation = chooseClient(installations, major);
  let target: ConnectionTarget;
  beforeAll(async () => {
    target = await freshDatabase(major);
    await runSql(target, `CREATE TABLE t AS SELECT i, repeat('x', 1000) AS filler FROM generate_series(1, 20000) AS i`);
  });

  it('dump to stdout, restore from stdin', async () => {
    const { context } = contextOf();
    const dump = startProgram({ installation, program: 'pg_dump', args: ['-Fc', '-Z0'], target, context });
    const archive = await buffer(dump.stdout);
    expect(await dump.done).toMatchObject({ exitCode: 0, stderr: [], stderrLines: 0 });
    expect(archive.length).toBeGreaterThan(20_000_000);
    const other = await freshDatabase(major);
    const restore = startProgram({ installation, program: 'pg_restore', args: ['-d', other.database], target: other, context });
    restore.stdout.resume();
    restore.stdin.end(archive);
    await restore.done;
    expect(await runSql(other, 'SELECT count(*) FROM t')).toEqual([{ count: '20000' }]);
  });

  it.each<[string, Partial<ConnectionTarget>, string]>([
    ['a wrong password', { password: 'hunter2' }, 'authentication-failed'],
    ['a missing database', { database: 'not there' }, 'database-missing'],
    ['a closed port', { port: 1 }, 'host-unreachable'],
    ['TLS that the server has not', { parameters: { sslmode: 'require' } }, 'tls-failed'],
  ])('meet %s', async (_, changes, code) => {
    const { context, lines } = contextOf();
    const dump = startProgram({ installation, program: 'pg_dump', args: [], target: { ...target, ...changes }, context });
    dump.stdout.resume();
    const error = await rejectionOf(dump.done);
    expect(error.code).toBe(code);
    expect(error.details).toMatchObject({ program: 'pg_dump', exitCode: 1 });
    expect(lines.join()).toContain('pg_dump: pg_dump: error:');
    expect(JSON.stringify([error.message, error.remedy, error.details])).not.toContain('hunter2');
  });

  it('meet a server that is newer', async ({ skip }) => {
    const older = installations.find(({ client }) => client !== null && client.major < major);
    if (!older) return skip('only one major is installed');
    const dump = startProgram({ installation: older, program: 'pg_dump', args: [], target, context: contextOf().context });
    dump.stdout.resume();
    const error = await rejectionOf(dump.done);
    expect(error.code).toBe('client-too-old');
    expect(error.message).toContain(`client ${older.client?.version}`);
  });

  it('end at an abort, and so does their backend', async () => {
    const stopping = new AbortController();
    const dump = startProgram({ installation, program: 'pg_dump', args: ['-Fc', '-Z0'], target, context: contextOf(stopping.signal).context });
    const backends = async () =>
      (await runSql(target, `SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = current_database()`)).length;
    await eventually(async () => (await backends()) === 1);
    const reason = new LifeboatError('cancelled', 'a', 'b');
    stopping.abort(reason);
    expect(await rejectionOf(dump.done)).toBe(reason);
    await eventually(async () => (await backends()) === 0);
  });
});

describe('a program', () => {
  const run = async (script: string, more: Partial<Parameters<typeof startProgram>[0]> = {}) =>
    startProgram({ installation: await standIn(script), program: 'pg_dump', args: [], context: contextOf().context, ...more });

  it('gets the target by its environment and nothing else of PG*', async () => {
    const environment = { PATH: process.env['PATH'], PGOPTIONS: '-c x=y', PGHOST: 'elsewhere', PGSERVICE: 's', SECRET: 'hunter2' };
    const target: ConnectionTarget = { host: 'h', port: 1, user: 'u', password: 'p w', database: 'd', parameters: { sslmode: 'require' } };
    const { stdout, done } = await run('env; echo "args: $*"', { args: ['-x'], target, context: contextOf(undefined, environment).context });
    const printed = (await text(stdout)).split('\n');
    await done;
    expect(printed.filter((line) => line.startsWith('PG')).sort()).toEqual([
      'PGDATABASE=d',
      'PGHOST=h',
      'PGPASSWORD=p w',
      'PGPORT=1',
      'PGSSLMODE=require',
      'PGUSER=u',
    ]);
    expect(printed).toContain('args: -x');
    expect(printed.join()).not.toContain('hunter2');
  });

  it('that fails is an error, unless failure is allowed', async () => {
    const failing = 'echo "pg_dump: error: no" >&2; echo partly; exit 3';
    const { stdout, done } = await run(failing);
    expect(await text(stdout)).toBe('partly\n');
    expect(await rejectionOf(done)).toMatchObject({ code: 'client-failed', details: { exitCode: 3, stderr: ['pg_dump: error: no'] } });
    const allowed = await run(failing, { allowFailure: true });
    allowed.stdout.resume();
    expect(await allowed.done).toEqual({ exitCode: 3, stderr: ['pg_dump: error: no'], stderrLines: 1 });
  });

  it('that is killed is an error even where failure is allowed', async () => {
    const { stdout, done } = await run('kill -9 $$', { allowFailure: true });
    stdout.resume();
    expect(await rejectionOf(done)).toMatchObject({ code: 'client-failed', details: { exitCode: null, signal: 'SIGKILL' } });
  });

  it('that is not there is client-missing', async () => {
    const installation = { bindir: join(folder, 'absent'), client: { major: 17, version: '17.0' }, server: null };
    const { stdout, stdin, done } = startProgram({ installation, program: 'psql', args: [], context: contextOf().context });
    stdout.resume();
    stdin.end('x');
    expect(await rejectionOf(done)).toMatchObject({ code: 'client-missing' });
  });

  it('that may not be executed is client-failed', async () => {
    const installation = await standIn('exit 0');
    await chmod(join(installation.bindir, 'pg_dump'), 0o644);
    const { stdout, done } = startProgram({ installation, program: 'pg_dump', args: [], context: contextOf().context });
    stdout.resume();
    expect(await rejectionOf(done)).toMatchObject({ code: 'client-failed' });
  });

  it('that stops reading is told by its exit status, not by a broken pipe', async () => {
    const { stdin, stdout, done } = await run('exec 0<&-; echo closed; sleep 0.2; echo "pg_dump: error: enough" >&2; exit 1');
    stdout.resume();
    for (let piece = 0; piece < 50; piece += 1) stdin.write(Buffer.alloc(65_536));
    stdin.end();
    expect(await rejectionOf(done)).toMatchObject({ code: 'client-failed', details: { stderr: ['pg_dump: error: enough'] } });
  });

  it('that talks on and on is kept short', async () => {
    const { context, lines } = contextOf();
    const { stdout, done } = await run('seq 1 5000 >&2; printf last >&2', { context });
    stdout.resume();
    const end = await done;
    expect(end.stderrLines).toBe(5001);
    expect(end.stderr).toHaveLength(200);
    expect(end.stderr.at(-1)).toBe('last');
    expect(lines).toHaveLength(5001);
  });

  it('shows no row values', async () => {
    const { context, lines } = contextOf();
    const { stdout, done } = await run(`echo 'CONTEXT:  COPY t, line 1, column a: "hunter2"' >&2; exit 1`, { context });
    stdout.resume();
    const error = await rejectionOf(done);
    expect(JSON.stringify([error.message, error.details, lines])).not.toContain('hunter2');
  });

  it('that ignores SIGTERM is ended all the same', async () => {
    const stopping = new AbortController();
    const pidFile = join(folder, 'stubborn.pid');
    const { stdout, done } = await run(`trap '' TERM; echo $$ > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; while :; do sleep 0.1; done`, {
      context: contextOf(stopping.signal).context,
    });
    stdout.resume();
    const pidOf = () => readFile(pidFile, 'utf8').then(Number, () => 0);
    await eventually(async () => (await pidOf()) > 0);
    const reason = new LifeboatError('cancelled', 'a', 'b');
    stopping.abort(reason);
    expect(await rejectionOf(done)).toBe(reason);
    expect(await isAlive(await pidOf())).toBe(false);
  });
});
