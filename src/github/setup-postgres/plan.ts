import { LifeboatError } from '../../errors.ts';
import { type Installation, installHint } from '../../postgres/programs.ts';
import { SOURCES } from './repository.ts';

/** What has to be known of a machine to decide what to do. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly installations: readonly Installation[];
  /** Of /etc/os-release; `null` where there is no apt-get or no codename. */
  readonly codename: string | null;
  /** Whether apt's sources offer the PostgreSQL repository already. */
  readonly repositoryKnown: boolean;
  readonly brew: boolean;
  /** Whether commands may be run as root: already, through sudo without a password, or not at all. */
  readonly root: 'already' | 'sudo' | 'no';
}

export type Step =
  /** Is there already. */
  | { readonly kind: 'use'; readonly major: number; readonly bindir: string }
  | { readonly kind: 'add-repository'; readonly codename: string }
  | { readonly kind: 'apt-install'; readonly majors: readonly number[]; readonly packages: readonly string[] }
  | { readonly kind: 'brew-install'; readonly majors: readonly number[]; readonly formulae: readonly string[] };

/**
 * What to do so that client and server programs of each major are there: as little as possible.
 * @throws LifeboatError `client-missing` where nothing can be installed
 */
export function planSetup(majors: readonly number[], machine: Machine): Step[] {
  const found = majors.map((major) => ({ major, bindir: bindirOf(machine.installations, major) }));
  const used = found.flatMap(({ major, bindir }): Step[] => (bindir === null ? [] : [{ kind: 'use', major, bindir }]));
  const missing = found.filter(({ bindir }) => bindir === null).map(({ major }) => major);
  return missing.length === 0 ? used : [...used, ...install(missing, machine)];
}

/** Of one folder that has both: restoring with one build and serving with another would be a drill of neither. */
function bindirOf(installations: readonly Installation[], major: number): string | null {
  return installations.find(({ client, server }) => client?.major === major && server?.major === major)?.bindir ?? null;
}

function install(majors: readonly number[], { platform, codename, repositoryKnown, brew, root }: Machine): Step[] {
  if (platform === 'darwin') {
    if (!brew) throw impossible(majors, 'Homebrew is not there');
    return [{ kind: 'brew-install', majors, formulae: majors.map((major) => `postgresql@${major}`) }];
  }
  if (platform !== 'linux' || codename === null) throw impossible(majors, 'packages are installed on Debian, Ubuntu and macOS only');
  if (root === 'no') throw impossible(majors, 'this needs root, or sudo without a password');
  const packages = majors.flatMap((major) => [`postgresql-client-${major}`, `postgresql-${major}`]);
  const add: Step[] = repositoryKnown ? [] : [{ kind: 'add-repository', codename }];
  return [...add, { kind: 'apt-install', majors, packages }];
}

function impossible(majors: readonly number[], why: string): LifeboatError {
  return new LifeboatError(
    'client-missing',
    `Postgres ${majors.join(' and ')} is not on this runner and cannot be installed: ${why}.`,
    installHint(majors[0] ?? 0, 'server'),
    { details: { majors } },
  );
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Beside what is there. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Waits for whoever else installs something, and tries a mirror again. */
const APT = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3'];

export const aptUpdate: Command = aptGet('update');

/** @param archives where downloaded packages are kept; `null` for apt's own folder */
export function aptInstall(packages: readonly string[], archives: string | null): Command {
  // Somebody's changed configuration file is kept, and nobody is asked.
  const keep = ['-o', 'Dpkg::Options::=--force-confold'];
  const cache = archives === null ? [] : ['-o', `Dir::Cache::archives=${archives}/`];
  return aptGet('install', '--no-install-recommends', ...keep, ...cache, ...packages);
}

export function brewInstall(formulae: readonly string[]): Command {
  return { program: 'brew', args: ['install', '--quiet', ...formulae], env: { HOMEBREW_NO_AUTO_UPDATE: '1', HOMEBREW_NO_INSTALL_CLEANUP: '1' } };
}

/** As root, which a runner's user becomes by sudo; that passes no environment on. */
export function asRoot({ program, args, env = {} }: Command, root: Machine['root']): Command {
  if (root !== 'sudo') return { program, args, env };
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return { program: 'sudo', args: ['-n', ...(settings.length === 0 ? [] : ['env', ...settings]), program, ...args] };
}

function aptGet(verb: string, ...args: readonly string[]): Command {
  return { program: 'apt-get', args: [verb, ...APT, ...args], env: { DEBIAN_FRONTEND: 'noninteractive' } };
}

/** In one sentence, for the log and the summary. */
export function sentenceOf(step: Step): string {
  switch (step.kind) {
    case 'use':
      return `Postgres ${step.major} is there already: ${step.bindir}.`;
    case 'add-repository':
      return `The PostgreSQL repository for ${step.codename} is added in ${SOURCES}, with its key pinned.`;
    case 'apt-install':
      return `apt-get installs ${step.packages.join(', ')}, and no cluster is created.`;
    case 'brew-install':
      return `Homebrew installs ${step.formulae.join(', ')}.`;
  }
}
