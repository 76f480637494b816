import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LifeboatError } from '../../errors.ts';
import { ask, Unreachable } from '../http.ts';
import type { Run } from './commands.ts';
import { readPublicKey } from './openpgp.ts';
import { aptInstall, aptUpdate, asRoot, brewInstall, type Machine, type Step } from './plan.ts';
import { CREATE_CLUSTER, KEYRING, type Repository, SOURCES, sourcesText, withoutMainCluster } from './repository.ts';

export interface Place {
  readonly run: Run;
  readonly how: Machine['root'];
  readonly repository: Repository;
  /** Where downloaded packages are kept; `null` for apt's own folder. */
  readonly archives: string | null;
  /** Where `/` is, which only a test says otherwise. */
  readonly root: string;
  readonly signal: AbortSignal;
}

/** Takes a step; answers with the folders of the programs that it brought. */
export async function take(step: Step, place: Place): Promise<{ readonly major: number; readonly bindir: string }[]> {
  switch (step.kind) {
    case 'use':
      return [{ major: step.major, bindir: step.bindir }];
    case 'add-repository':
      await addRepository(step.codename, place);
      return [];
    case 'apt-install':
      await installByApt(step.packages, place);
      return step.majors.map((major) => ({ major, bindir: join(place.root, `usr/lib/postgresql/${major}/bin`) }));
    case 'brew-install':
      await place.run(brewInstall(step.formulae));
      return Promise.all(step.majors.map((major) => brewBindir(major, place)));
  }
}

async function addRepository(codename: string, place: Place): Promise<void> {
  const keyring = join(place.root, KEYRING);
  await writeAsRoot(keyring, await fetchKey(place), place);
  await writeAsRoot(join(place.root, SOURCES), sourcesText(place.repository, codename, keyring), place);
}

/** The key, once it has shown the expected fingerprint. What goes into the keyring is what was looked at, byte for byte. */
export async function fetchKey({ repository, signal }: Pick<Place, 'repository' | 'signal'>): Promise<Uint8Array> {
  const { keyUrl, fingerprint } = repository;
  const refuse = (why: string) =>
    new LifeboatError(
      'client-missing',
      `The key of ${repository.uri} was not taken from ${keyUrl}: ${why}.`,
      'Run the job again; if it stays so, install Postgres in a step before.',
      {
        details: { keyUrl, fingerprint },
      },
    );
  const { status, text } = await ask(new URL(keyUrl), { method: 'GET', repeatable: true }, signal).catch((error: unknown) => {
    throw error instanceof Unreachable ? refuse(`it could not be reached (${error.message})`) : error;
  });
  if (status !== 200) throw refuse(`the server answered with ${status}`);
  const key = readPublicKey(text);
  if (key === null) throw refuse('what is there is not one OpenPGP public key');
  if (key.fingerprint !== fingerprint) throw refuse(`its fingerprint is ${key.fingerprint}, and ${fingerprint} is the only one that is trusted`);
  return key.bytes;
}

/** postgresql-common comes first, so that it can be told to create no cluster; afterwards it is as it was. */
async function installByApt(packages: readonly string[], place: Place): Promise<void> {
  if (place.archives !== null) await place.run(asRoot({ program: 'mkdir', args: ['-p', join(place.archives, 'partial')] }, place.how));
  await place.run(asRoot(aptUpdate, place.how));
  await place.run(asRoot(aptInstall(['postgresql-common'], place.archives), place.how));
  const file = join(place.root, CREATE_CLUSTER);
  const before = await readFile(file, 'utf8');
  const changed = withoutMainCluster(before);
  if (changed !== null) await writeAsRoot(file, changed, place);
  try {
    await place.run(asRoot(aptInstall(packages, place.archives), place.how));
  } finally {
    if (changed !== null) await writeAsRoot(file, before, place);
  }
}

async function brewBindir(major: number, { run }: Place): Promise<{ major: number; bindir: string }> {
  const prefix = (await run({ program: 'brew', args: ['--prefix', `postgresql@${major}`] })).trim();
  return { major, bindir: join(prefix, 'bin') };
}

/** `install` copies with owner and mode at once, and makes the folders above. */
async function writeAsRoot(file: string, content: string | Uint8Array, { run, how }: Place): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-setup-'));
  try {
    const copy = join(folder, 'file');
    await writeFile(copy, content);
    await run(asRoot({ program: 'install', args: ['-D', '-m', '0644', copy, file] }, how));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
