import { execFile } from 'node:child_process';
import { access, constants, glob, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LifeboatError } from '../errors.ts';
import places from './places.json' with { type: 'json' };

export interface ProgramVersion {
  readonly major: number;
  /** As the program says it: `17.11`, `18beta1`. */
  readonly version: string;
}

/** One folder with Postgres programs. Clients and server may be of different versions, or one of them absent. */
export interface Installation {
  readonly bindir: string;
  readonly client: ProgramVersion | null;
  readonly server: ProgramVersion | null;
}

const run = promisify(execFile);
const known = new Map<string, Promise<Installation>>();

/**
 * Every installation on this machine, in the order of trust: LIFEBOAT_PG_BINDIR (several folders are separated by `:`), PATH, then the
 * folders of the usual packages. Each folder once, whatever links lead to it; folders with no program are left out.
 */
export async function findInstallations(environment: Readonly<Record<string, string | undefined>>): Promise<Installation[]> {
  const named = [...folders(environment['LIFEBOAT_PG_BINDIR']), ...folders(environment['PATH'])];
  const usual: string[] = [];
  for (const pattern of places.folders) for await (const folder of glob(pattern)) usual.push(folder);
  usual.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));

  const behind = await Promise.all(named.map(foldersBehind));
  const distinct = new Map<string, string>();
  for (const folder of [...behind.flat(), ...usual]) {
    const real = await realpath(folder).catch(() => null);
    if (real !== null && !distinct.has(real)) distinct.set(real, folder);
  }
  const found = await Promise.all([...distinct.values()].map(look));
  return found.filter(({ client, server }) => client !== null || server !== null);
}

/**
 * The client programs for a server: its own major first, else the nearest newer, never an older one.
 * Throws `client-missing` when there are none at all, `client-too-old` when all are older.
 */
export function chooseClient(installations: readonly Installation[], serverMajor: number): Installation {
  const clients = installations.flatMap((installation) => (installation.client ? [{ installation, ...installation.client }] : []));
  const fitting = clients.filter(({ major }) => major >= serverMajor).sort((a, b) => a.major - b.major);
  if (fitting[0]) return fitting[0].installation;
  if (clients.length === 0) {
    throw new LifeboatError('client-missing', 'pg_dump and pg_restore were not found on this machine.', installHint(serverMajor), {
      details: { serverMajor },
    });
  }
  const there = clients.map(({ version, installation }) => `${version} in ${installation.bindir}`);
  throw new LifeboatError(
    'client-too-old',
    `The server is Postgres ${serverMajor}, and the client programs here are older: ${there.join(', ')}.`,
    installHint(serverMajor),
    { details: { serverMajor, found: there } },
  );
}

/** The server programs of exactly this major. Throws `scratch-failed` when they are not there. */
export function chooseServer(installations: readonly Installation[], major: number): Installation {
  const exact = installations.find(({ server }) => server?.major === major);
  if (exact) return exact;
  const there = installations.flatMap(({ server, bindir }) => (server ? [`${server.version} in ${bindir}`] : []));
  const seen = there.length === 0 ? 'there is none' : `there is ${there.join(', ')}`;
  throw new LifeboatError(
    'scratch-failed',
    `A scratch server needs initdb and postgres of major ${major}; here ${seen}.`,
    installHint(major, 'server'),
    {
      details: { major, found: there },
    },
  );
}

/** What to install so that the programs of `major` are there. */
export function installHint(major: number, what: 'client' | 'server' = 'client'): string {
  const debian = what === 'client' ? `postgresql-client-${major}` : `postgresql-${major}`;
  return (
    `Install Postgres ${major}: apt-get install ${debian} (with the repository of https://www.postgresql.org/download/linux/debian/), ` +
    `brew install postgresql@${major}, or name the folder of its programs in LIFEBOAT_PG_BINDIR.`
  );
}

function look(bindir: string): Promise<Installation> {
  const earlier = known.get(bindir);
  if (earlier) return earlier;
  const looking = (async () => {
    const [client, server] = await Promise.all([
      versionOf(bindir, places.programs.client, 'pg_dump'),
      versionOf(bindir, places.programs.server, 'postgres'),
    ]);
    return { bindir, client, server };
  })();
  known.set(bindir, looking);
  return looking;
}

/** Folders such as /usr/local/bin hold links to some programs of an installation: its own folder is meant, as it has all of them. */
async function foldersBehind(folder: string): Promise<string[]> {
  const programs = await Promise.all(['pg_dump', 'postgres'].map((program) => realpath(join(folder, program)).catch(() => null)));
  return programs.flatMap((program) => (program === null || basename(program) === 'pg_wrapper' ? [] : [dirname(program)]));
}

/** `null` unless all programs are there for real: Debian's /usr/bin/pg_dump is a Perl script that picks a version by rules of its own. */
async function versionOf(bindir: string, programs: readonly string[], asked: string): Promise<ProgramVersion | null> {
  try {
    await Promise.all(programs.map((program) => access(join(bindir, program), constants.X_OK)));
    if (basename(await realpath(join(bindir, asked))) === 'pg_wrapper') return null;
    const { stdout } = await run(join(bindir, asked), ['--version'], { timeout: 10_000 });
    return parseVersion(stdout);
  } catch {
    return null;
  }
}

/** Reads `pg_dump (PostgreSQL) 17.11 (Debian 17.11-1)`; `null` for anything else. */
export function parseVersion(text: string): ProgramVersion | null {
  const version = /\(PostgreSQL\) ((\d+)\S*)/.exec(text);
  return version?.[1] && version[2] ? { major: Number(version[2]), version: version[1] } : null;
}

function folders(list: string | undefined): string[] {
  return (list ?? '').split(':').filter((folder) => folder.startsWith('/'));
}
