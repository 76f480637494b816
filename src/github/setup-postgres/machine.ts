import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findInstallations } from '../../postgres/programs.ts';
import type { Run } from './commands.ts';
import type { Machine } from './plan.ts';
import { offers, type Repository } from './repository.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Looks at the machine; changes nothing. @param root where `/` is, which only a test says otherwise */
export async function lookAtMachine(environment: Environment, repository: Repository, run: Run, root = '/'): Promise<Machine> {
  const platform = process.platform;
  const release = await readFile(join(root, 'etc/os-release'), 'utf8').catch(() => '');
  const codename = (await isProgram('apt-get', environment)) ? codenameOf(release) : null;
  return {
    platform,
    installations: await findInstallations(environment),
    codename,
    repositoryKnown: codename !== null && (await sourcesIn(root)).some((text) => offers(text, repository, codename)),
    brew: await isProgram('brew', environment),
    root: await rootBy(environment, run),
  };
}

/** VERSION_CODENAME; Debian's derivatives name what they are made from in UBUNTU_CODENAME or DEBIAN_CODENAME. */
export function codenameOf(osRelease: string): string | null {
  const named = (name: string) => new RegExp(`^${name}="?([a-z][a-z0-9.-]*)"?\\s*$`, 'm').exec(osRelease)?.[1] ?? null;
  return named('UBUNTU_CODENAME') ?? named('DEBIAN_CODENAME') ?? named('VERSION_CODENAME');
}

async function sourcesIn(root: string): Promise<string[]> {
  const folder = join(root, 'etc/apt/sources.list.d');
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => /\.(?:list|sources)$/.test(name)).map((name) => join(folder, name));
  return Promise.all([join(root, 'etc/apt/sources.list'), ...files].map((file) => readFile(file, 'utf8').catch(() => '')));
}

async function rootBy(environment: Environment, run: Run): Promise<Machine['root']> {
  if (process.getuid?.() === 0) return 'already';
  if (!(await isProgram('sudo', environment))) return 'no';
  return run({ program: 'sudo', args: ['-n', 'true'] }).then(
    () => 'sudo' as const,
    () => 'no' as const,
  );
}

async function isProgram(name: string, environment: Environment): Promise<boolean> {
  const folders = (environment['PATH'] ?? '').split(':').filter((folder) => folder.startsWith('/'));
  const found = await Promise.allSettled(folders.map((folder) => access(join(folder, name), constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}
