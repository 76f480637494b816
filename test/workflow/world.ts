import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { World } from './runner/world.ts';

export const ROOT = join(import.meta.dirname, '..', '..');
export const HOME = 'lifeboat-home/pg-lifeboat';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A temporary folder that lives as long as the test file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lb-workflow-'));
  folders.push(folder);
  return folder;
}

/** A repository with nothing set up, somebody who runs a workflow by hand, and no action but local ones. */
export async function createWorld(part: Partial<World> = {}): Promise<World> {
  const { PATH = '', HOME: home = '' } = process.env;
  return {
    caller: 'octo/shop',
    home: HOME,
    readWorkflow: (path) => readFile(join(ROOT, path), 'utf8'),
    event: 'workflow_dispatch',
    payload: {},
    schedule: null,
    inputs: {},
    secrets: {},
    variables: {},
    environments: {},
    standIns: {},
    apiUrl: 'http://127.0.0.1:9',
    token: 'ghs_token_of_the_run',
    machine: { PATH, HOME: home },
    folder: await temporaryFolder(),
    signal: new AbortController().signal,
    ...part,
  };
}
