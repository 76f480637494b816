import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { workflows } from './files.ts';
import { stepsOf } from './walk.ts';
import { temporaryFolder } from './world.ts';

const run = promisify(execFile);

let folder: string;
let clone: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  clone = join(folder, 'clone');
  await run('git', ['init', '-q', '--bare', '-b', 'main', join(folder, 'origin.git')]);
  await run('git', ['clone', '-q', join(folder, 'origin.git'), clone], { env: { ...process.env, GIT_CONFIG_COUNT: '0' } });
  await writeFile(join(clone, 'package.json'), '{"version":"1.2.3"}\n');
  await writeFile(join(clone, '.gitignore'), 'dist/\n');
  await git('add', '.');
  await git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '-m', 'Begin');
  await git('push', '-q', 'origin', 'HEAD:main');
  await mkdir(join(clone, 'dist'));
  await writeFile(join(clone, 'dist', 'backup.js'), '// built\n');
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin', 'gh'), '#!/bin/sh\necho "$@" >> "$GH_CALLS"\n', { mode: 0o755 });
});

async function git(...args: string[]): Promise<string> {
  return (await run('git', args, { cwd: clone })).stdout.trim();
}

/** A script of release.yml, in the clone, as the runner would start it. */
async function script(name: string, version: string, ref = 'refs/heads/main'): Promise<{ failed: boolean; output: string }> {
  const jobs = workflows().find(({ path }) => path.endsWith('/release.yml'))?.content['jobs'] as Record<string, Record<string, unknown>>;
  const step = Object.values(jobs)
    .flatMap(stepsOf)
    .find((one) => one['name'] === name);
  const env = {
    PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
    HOME: folder,
    VERSION: version,
    GITHUB_REF: ref,
    GITHUB_SHA: await git('rev-parse', 'HEAD'),
    GH_CALLS: join(folder, 'gh-calls'),
  };
  const args = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', String(step?.['run'])];
  return run('bash', args, { cwd: clone, env }).then(
    ({ stdout, stderr }) => ({ failed: false, output: stdout + stderr }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ failed: true, output: stdout + stderr }),
  );
}

const CHECK = 'The version is new, is the one of package.json, and is released from main';
const PUBLISH = "Commit dist/, tag it, and move the major version's tag";

describe('a release', () => {
  it.each([
    ['1.2', 'refs/heads/main', 'must be like 1.2.3'],
    ['1.2.3; rm -rf /', 'refs/heads/main', 'must be like 1.2.3'],
    ['1.2.4', 'refs/heads/main', 'package.json says another version'],
    ['1.2.3', 'refs/heads/feature', 'Releases are made from main'],
  ])('of %s from %s is refused', async (version, ref, message) => {
    expect(await script(CHECK, version, ref)).toMatchObject({ failed: true, output: expect.stringContaining(message) });
  });

  it('is a commit with dist that main does not have, under a tag of its own and the one of its major', async () => {
    expect((await script(CHECK, '1.2.3')).failed).toBe(false);
    expect(await script(PUBLISH, '1.2.3')).toMatchObject({ failed: false });
    const tree = await git('ls-tree', '-r', '--name-only', 'v1.2.3');
    expect(tree.split('\n')).toEqual(['.gitignore', 'dist/backup.js', 'package.json']);
    const remote = await git('ls-remote', 'origin');
    const at = (ref: string) =>
      remote
        .split('\n')
        .find((line) => line.endsWith(`\t${ref}`))
        ?.split('\t')[0];
    expect(at('refs/tags/v1')).toBe(at('refs/tags/v1.2.3'));
    expect(await git('rev-parse', 'v1.2.3^')).toBe(at('refs/heads/main'));
    expect(await readFile(join(folder, 'gh-calls'), 'utf8')).toContain('auth setup-git');
  });

  it('goes on where an earlier attempt has pushed the tag, and moves nothing', async () => {
    const before = await git('ls-remote', 'origin');
    await git('switch', '-q', 'main');
    await git('tag', '-d', 'v1.2.3');
    expect(await script(PUBLISH, '1.2.3')).toEqual({ failed: false, output: expect.stringContaining('v1.2.3 is there already') });
    expect(await git('ls-remote', 'origin')).toBe(before);
  });

  it('is never made twice, and moves nothing when it is tried', async () => {
    const before = await git('ls-remote', 'origin');
    await git('switch', '-q', 'main');
    expect(await script(CHECK, '1.2.3')).toMatchObject({ failed: true, output: expect.stringContaining('v1.2.3 exists, and never moves') });
    await git('tag', '-d', 'v1.2.3');
    await mkdir(join(clone, 'dist'), { recursive: true });
    await writeFile(join(clone, 'dist', 'backup.js'), '// another\n');
    await git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'Go on');
    expect(await script(PUBLISH, '1.2.3')).toMatchObject({ failed: true, output: expect.stringContaining('v1.2.3 exists, and never moves') });
    expect(await git('ls-remote', 'origin')).toBe(before);
  });
});
