import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The run's own folder for the bundle: nothing is in it before a test asks for it. */
    bundleFolder: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-bundle-'));
  project.provide('bundleFolder', folder);
  return () => rm(folder, { recursive: true, force: true });
}
