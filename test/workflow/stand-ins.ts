import { cp, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StandIn } from './runner/world.ts';
import { HOME, ROOT } from './world.ts';

/**
 * actions/checkout: this repository where it is asked for by name, and files of the caller's everywhere else.
 * @param dist what a release has built; without it, the sources as they are on main, whose packages are installed already
 */
export function checkout(files: Readonly<Record<string, string>>, dist: string | null): StandIn {
  return async ({ inputs, workspace, log }) => {
    const { repository = '', path = '.', 'persist-credentials': persist } = inputs;
    if (persist !== 'false') throw new Error('the token would be kept');
    const folder = join(workspace, path);
    await mkdir(folder, { recursive: true });
    log(`checked out ${repository || 'the caller'}`);
    if (repository === HOME || (repository === 'octo/shop' && path !== '.')) await placeRepository(folder, dist);
    else await placeFiles(folder, files, inputs['sparse-checkout']);
  };
}

/** aws-actions/configure-aws-credentials: leaves credentials in the environment, as the real one does. */
export function awsCredentials(credentials: Readonly<Record<string, string>>): StandIn {
  return async ({ inputs }) => {
    for (const name of ['role-to-assume', 'aws-region']) if (!inputs[name]) throw new Error(`${name} is missing`);
    return { environment: { ...credentials, AWS_REGION: inputs['aws-region'] ?? '' } };
  };
}

async function placeRepository(folder: string, dist: string | null): Promise<void> {
  if (dist !== null) {
    for (const name of ['actions', '.github', 'runbooks']) await symlink(join(ROOT, name), join(folder, name));
    // a bundle looks for the files of its release beside the folder that it is really in
    await cp(dist, join(folder, 'dist'), { recursive: true });
    return;
  }
  const names = ['actions', '.github', 'runbooks', 'src', 'scripts', 'package.json', 'package-lock.json'];
  for (const name of names) await cp(join(ROOT, name), join(folder, name), { recursive: true, preserveTimestamps: true });
  // never newer than what is installed: npm ci would follow the link, and empty the packages of whoever runs the tests
  await utimes(join(folder, 'package-lock.json'), 0, 0);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

async function placeFiles(folder: string, files: Readonly<Record<string, string>>, sparse: string | undefined): Promise<void> {
  // the parser leaves the indentation of a block that has an expression in it
  const wanted = (sparse ?? '').split('\n').flatMap((line) => line.trim() || []);
  for (const [name, text] of Object.entries(files)) {
    if (wanted.length > 0 && !wanted.some((path) => name === path || name.startsWith(`${path}/`))) continue;
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}
