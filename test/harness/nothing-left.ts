import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { type Session, withSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { eventually } from './wait.ts';

const run = promisify(execFile);

/** What a test's own sessions call themselves, so that only the engine's are looked for. */
export const TEST_SESSION = { applicationName: 'test' };

/** A session of the test's own: open, with a transaction, until the test ends it. */
export function withTestSession<T>(target: ConnectionTarget, use: (session: Session) => Promise<T>): Promise<T> {
  return withSession(target, TEST_SESSION, use);
}

/** Sends the temporary files of this test file to a folder of its own, where what is left behind can be told from everybody else's. */
export async function ownTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lb-'));
  // the scratch server may run as another user
  await chmod(folder, 0o755);
  process.env['TMPDIR'] = folder;
  folders.push(folder);
  return folder;
}

const folders: string[] = [];
const usual = process.env['TMPDIR'];

// here, because a hook that is set up within another one never runs
afterAll(async () => {
  if (usual === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = usual;
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Everything of the engine that could outlive a failure: sessions in these databases, client programs, scratch servers and folders. */
export async function leftovers(databases: readonly ConnectionTarget[], temporaries: string): Promise<string[]> {
  const sessions = await Promise.all(databases.map(sessionsIn));
  const folders = (await readdir(temporaries)).filter((name) => /^lifeboat-(?:scratch|restore)-/.test(name));
  const processes = await processesOf(databases.map(({ database }) => database).concat(folders), temporaries);
  return [...sessions.flat(), ...processes, ...folders];
}

/** Passes when all of it is gone; a server takes a moment to notice that a client has left. Fails with what remains. */
export async function expectNothingLeft(databases: readonly ConnectionTarget[], temporaries: string, withinMs = 5_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  let left: string[] = [];
  await eventually(async () => {
    left = await leftovers(databases, temporaries);
    return left.length === 0 || Date.now() > deadline;
  });
  if (left.length > 0) throw new Error(`left behind: ${left.join('; ')}`);
}

/** Every file below a folder, relative to it. Walked again when a folder in it vanishes meanwhile: whoever is looked at may be at work. */
export async function filesIn(folder: string, tries = 20): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && error.path !== folder && tries > 0) return null;
    throw error;
  });
  if (entries === null) return filesIn(folder, tries - 1);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

async function sessionsIn(target: ConnectionTarget): Promise<string[]> {
  const rows = await withTestSession(target, (session) =>
    session.query<{ pid: number; application_name: string; state: string; query: string }>(
      `SELECT a.pid, a.application_name, a.state, a.query
         FROM pg_stat_activity a
        WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.application_name <> 'test'
           OR a.pid IN (SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                         WHERE d.datname = current_database() AND l.pid NOT IN (SELECT pid FROM pg_stat_activity WHERE application_name = 'test'
                                                                              OR backend_type <> 'client backend'))`,
    ),
  );
  return rows.map((row) => `session ${row.pid} of ${row.application_name}, ${row.state}: ${row.query.slice(0, 80)}`);
}

/** Client programs are known by the database in their environment, servers by their folder in their arguments. */
async function processesOf(databases: readonly string[], temporaries: string): Promise<string[]> {
  const [programs, environments] = await Promise.all([processes([]), processes(['e'])]);
  return [...programs].flatMap(([pid, args]) => {
    const program = /^\S*?(?:bash \S*)?\b(pg_dump|pg_dumpall|pg_restore|initdb|postgres)(?:\s|$)/.exec(args)?.[1];
    const environment = environments.get(pid) ?? '';
    const ours =
      databases.some((database) => `${environment} `.includes(` PGDATABASE=${database} `)) || args.includes(` ${temporaries}/lifeboat-scratch-`);
    // the environment holds a password: it is not for a test's message
    return program !== undefined && ours ? [`process ${pid} ${program}`] : [];
  });
}

/** Arguments by pid, with the environment behind them where asked for; zombies do not count. */
async function processes(more: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await run('ps', [`ax${more.join('')}ww`, '-o', 'pid=,stat=,args='], { maxBuffer: 100_000_000 });
  const found = stdout.split('\n').flatMap((line) => {
    const [, pid, state, args] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined || state?.startsWith('Z') ? [] : [[pid, args ?? ''] as const];
  });
  return new Map(found);
}
