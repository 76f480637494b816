import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MOST_BYTES } from '../../scripts/build.ts';
import { ACTION_NAMES } from '../../src/options/actions.ts';
import { builtActions } from '../harness/bundle.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('the bundle', () => {
  let dist: string;
  let files: string[];
  beforeAll(async () => {
    dist = await builtActions();
    files = await readdir(dist);
  });

  it('has a tiny stub for every action', async () => {
    for (const name of ACTION_NAMES) expect((await stat(join(dist, `${name}.js`))).size).toBeLessThan(5000);
  });

  it('is no larger than promised', async () => {
    const sizes = await Promise.all(files.filter((file) => file.endsWith('.js')).map((file) => stat(join(dist, file))));
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(MOST_BYTES);
  });

  it('comes with the licences of what is in it', async () => {
    const licenses = await readFile(join(dist, 'licenses.txt'), 'utf8');
    for (const name of ['pg', 'zod', '@aws-sdk/client-s3', '@actions/core', 'execa', 'yaml']) {
      const { version } = JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string };
      expect(licenses).toMatch(new RegExp(`^${name} ${version.replaceAll('.', '\\.')} \\(`, 'm'));
    }
    expect(licenses).toContain('Permission is hereby granted');
    expect(licenses).not.toMatch(/\(undefined\)/);
  });

  it('names no folder of the machine that built it', async () => {
    const texts = await Promise.all(files.map((file) => readFile(join(dist, file), 'utf8')));
    expect(texts.filter((text) => text.includes(ROOT))).toEqual([]);
  });
});
