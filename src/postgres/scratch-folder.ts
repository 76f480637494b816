import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { withoutRowValues } from './errors.ts';
import type { ServiceUser } from './service-user.ts';
import { temporaryError } from './temporary-error.ts';

/** `sun_path` holds 107 bytes and a zero on Linux, 103 on macOS; the name of the socket takes up to 16 of them. */
const LONGEST_SOCKET_FOLDER = 103 - '/.s.PGSQL.65535'.length;
const PREFIX = 'lifeboat-scratch-';
const WORK_PREFIX = 'lifeboat-restore-';
const run = promisify(execFile);

export interface ScratchFolder {
  readonly path: string;
  readonly data: string;
  readonly socket: string;
  readonly log: string;
  /** Notes the postmaster, so that whoever finds this folder after us can end it. */
  own(postmaster: number): Promise<void>;
  removeNow(): void;
}

interface Owner {
  readonly pid: number;
  readonly started: string;
  readonly postmaster?: number;
}

/** Makes the folder of one scratch in `root`, or in /tmp when a socket's path in `root` would be too long. */
export async function createFolder(root: string, user: ServiceUser | null): Promise<ScratchFolder> {
  const path = await mkdtemp(named(root, PREFIX));
  const fits = Buffer.byteLength(join(path, 's')) <= LONGEST_SOCKET_FOLDER;
  const socketHome = fits ? path : await mkdtemp(named('/tmp', PREFIX));
  const owner: Owner = { pid: process.pid, started: await startOf(process.pid) };
  const log = join(path, 'log');
  for (const home of new Set([path, socketHome])) {
    await writeOwner(home, owner);
    // The server's user may pass through, but may change only what is its own: owner.json tells root whom to end.
    if (user) {
      await chown(home, process.getuid?.() ?? 0, user.gid);
      await chmod(home, 0o710);
    }
  }
  const data = join(path, 'data');
  const socket = join(socketHome, 's');
  for (const own of [data, socket]) {
    await mkdir(own, { mode: 0o700 });
    if (user) await chown(own, user.uid, user.gid);
  }
  return {
    path,
    data,
    socket,
    log,
    own: async (postmaster) => {
      await writeOwner(path, { ...owner, postmaster });
    },
    removeNow: () => {
      for (const home of new Set([path, socketHome])) rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
    },
  };
}

/**
 * A folder for the files of a restore. When this process is killed, whoever comes next removes it.
 * @throws LifeboatError `scratch-failed`, `disk-full`
 */
export async function createWorkFolder(): Promise<string> {
  const root = tmpdir();
  try {
    await reapAbandoned(root);
    const path = await mkdtemp(named(root, WORK_PREFIX));
    await writeOwner(path, { pid: process.pid, started: await startOf(process.pid) });
    return path;
  } catch (error) {
    throw temporaryError(error, root);
  }
}

export async function removeFolder(folder: ScratchFolder): Promise<void> {
  for (const home of new Set([folder.path, join(folder.socket, '..')])) await removeTree(home);
}

/** Writes a file that only the server's user can read, and says how to be rid of it. */
export async function writeSecret(
  folder: ScratchFolder,
  name: string,
  secret: string,
  user: ServiceUser | null,
): Promise<{ path: string; remove(): Promise<void> }> {
  const path = join(folder.path, name);
  await writeFile(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  if (user) await chown(path, user.uid, user.gid);
  return { path, remove: () => rm(path, { force: true }) };
}

/** The last lines of a server's log, without row values; none when there is no log. */
export async function lastLinesOf(file: string, count = 20): Promise<string[]> {
  try {
    const log = await open(file);
    try {
      const { size } = await log.stat();
      const tail = Buffer.alloc(Math.min(size, 16_384));
      await log.read(tail, 0, tail.length, size - tail.length);
      const lines = tail.toString('utf8').split('\n');
      return lines
        .filter((line) => line.trim() !== '')
        .slice(-count)
        .map(withoutRowValues);
    } finally {
      await log.close();
    }
  } catch {
    return [];
  }
}

/** Ends and removes the scratches, and removes the work folders, whose owner is dead. Those of other users, and those whose owner lives, are left alone. */
export async function reapAbandoned(root: string): Promise<void> {
  for (const home of new Set([root, '/tmp'])) {
    const names = await readdir(home).catch(() => []);
    for (const name of names.filter((candidate) => candidate.startsWith(PREFIX) || candidate.startsWith(WORK_PREFIX))) await reap(join(home, name));
  }
}

async function reap(path: string): Promise<void> {
  try {
    const entry = await lstat(path);
    if (!entry.isDirectory() || entry.uid !== process.getuid?.()) return;
    const owner = await ownerOf(path);
    // Between making the folder and noting its owner there is a moment, in which only its name tells whose it is.
    if (owner === null && Date.now() - entry.ctimeMs < 60_000 && (await startOf(makerOf(path))) !== '') return;
    if (owner !== null && (await startOf(owner.pid)) === owner.started) return;
    await endServersOf(path);
    await removeTree(path);
  } catch {
    // Another process reaps it at the same time, or it cannot be reaped: no reason not to start.
  }
}

/** What mkdtemp completes: the name of a folder says which process made it. */
function named(root: string, prefix: string): string {
  return join(root, `${prefix}${process.pid}-`);
}

function makerOf(path: string): number {
  return Number(/-(\d+)-[^-]*$/.exec(basename(path))?.[1] ?? process.pid);
}

/** By the path in the arguments, because a pid in a file may long be someone else's. */
async function endServersOf(path: string): Promise<void> {
  const find = async (): Promise<number[]> => {
    const { stdout } = await run('ps', ['-A', '-ww', '-o', 'pid=,args=']);
    return stdout.split('\n').flatMap((line) => {
      const found = /^\s*(\d+)\s+(\S*(?:postgres|initdb))\s(.*)$/.exec(line);
      return found?.[3]?.includes(`${path}/`) ? [Number(found[1])] : [];
    });
  };
  for (let round = 0; round < 100; round += 1) {
    const pids = await find();
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        process.kill(pid, round < 50 ? 'SIGQUIT' : 'SIGKILL');
      } catch {
        // Gone meanwhile.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function ownerOf(path: string): Promise<Owner | null> {
  try {
    const owner: unknown = JSON.parse(await readFile(join(path, 'owner.json'), 'utf8'));
    if (typeof owner !== 'object' || owner === null || !('pid' in owner) || !('started' in owner)) return null;
    return { pid: Number(owner.pid), started: String(owner.started) };
  } catch {
    return null;
  }
}

async function writeOwner(home: string, owner: Owner): Promise<void> {
  const temporary = join(home, 'owner.json.new');
  await writeFile(temporary, JSON.stringify(owner), { mode: 0o600 });
  await rename(temporary, join(home, 'owner.json'));
}

/** When a process started, in whatever form tells it from a later one with the same pid; empty when there is none. */
async function startOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    try {
      const [stat, boot] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/sys/kernel/random/boot_id', 'utf8')]);
      // The name in parentheses may hold spaces: field 22, counted after the last parenthesis. A zombie no longer owns anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? '' : `${boot.trim()} ${fields[19]}`;
    } catch {
      return '';
    }
  }
  return (await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }))).stdout.trim();
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }).catch(() => {});
}
