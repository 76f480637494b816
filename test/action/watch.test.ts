import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ActionEnd, expectStatus, runAction } from '../harness/actions.ts';
import { runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';
import { ownTemporaryFolder } from '../harness/nothing-left.ts';
import { clusterOf } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';

const folder = await ownTemporaryFolder();
const FILE = '.github/workflows/backup.yml';
let storage: string;
let api: GitHubApiStandIn;

beforeAll(async () => {
  storage = (await temporaryStore()).url;
  await runBackup(await shopDatabase(), storage, { database: 'shop' });
  await runDrill('shop', storage);
  api = await startGithubApi();
});
afterAll(() => api.close());

beforeEach(() => {
  const now = new Date().toISOString();
  for (const list of [api.state.issues, api.state.comments, api.state.workflows, api.state.runs, api.state.requests]) list.length = 0;
  api.state.permissions.actions = 'read';
  api.state.files.set(FILE, "on: { schedule: [{ cron: '17 2 * * *' }] }");
  api.state.workflows.push({
    id: 1,
    name: 'Backup',
    path: FILE,
    state: 'active',
    created_at: '2020-01-01T00:00:00Z',
    updated_at: '2020-01-01T00:00:00Z',
  });
  api.state.runs.push({ id: 9, workflow_id: 1, event: 'schedule', status: 'completed', conclusion: 'success', created_at: now, run_started_at: now });
});

async function watch(inputs: Record<string, string>, status: number): Promise<ActionEnd> {
  const environment = { ...api.environment, GITHUB_RUN_ID: '7' };
  const end = await runAction('watch', { folder, inputs: { storage, ...inputs }, environment, token: api.state.token });
  expectStatus(end, status);
  expect(end.everything).not.toContain(api.state.token);
  return end;
}

const open = () => api.state.issues.filter(({ state }) => state === 'open').map(({ title }) => title);

describe('the action watch', () => {
  it('is content with what is fresh and runs', async () => {
    const end = await watch({}, 0);
    expect(end.outputs).toEqual({
      stale: 'false',
      'newest-backup': expect.stringMatching(/^\d{4}-.*Z$/),
      'newest-proof': expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(end.summary).toMatch(/^## ✅ Fresh/);
    expect(end.annotations).toEqual([]);
    expect(api.state.requests).toContain('GET /repos/octo/shop/actions/workflows/1/runs');
    expect(api.state.issues).toEqual([]);
  });

  it('fails over what is stale, opens an issue for it alone, and closes it', async () => {
    const end = await watch({ database: 'shop\nblog' }, 1);
    expect(end.outputs).toEqual({ stale: 'true', 'newest-backup': '', 'newest-proof': '' });
    expect(end.annotations.map(({ data }) => data)).toEqual([expect.stringMatching(/blog: It has no backup at all/)]);
    expect(open()).toEqual(['Watch of blog failed']);
    await watch({ database: 'shop', 'max-backup-age': '0s' }, 1);
    expect(open()).toEqual(['Watch of blog failed', 'Watch of shop failed']);
    await watch({ database: 'shop' }, 0);
    expect(open()).toEqual(['Watch of blog failed']);
  });

  it('fails over a workflow that is disabled, in an issue of its own', async () => {
    const [workflow] = api.state.workflows;
    if (workflow) workflow.state = 'disabled_inactivity';
    const end = await watch({ database: 'shop' }, 1);
    expect(end.outputs['stale']).toBe('false');
    expect(end.summary).toContain('60 days');
    expect(open()).toEqual(['Watch of scheduled workflows failed']);
    if (workflow) workflow.state = 'active';
    await watch({ database: 'shop' }, 0);
    expect(open()).toEqual([]);
  });

  it('fails when it may not look at workflows, unless it need not', async () => {
    api.state.permissions.actions = 'none';
    const end = await watch({ database: 'shop' }, 1);
    expect(end.everything).toMatch(/permissions: actions: read/);
    const unasked = await watch({ database: 'shop', schedules: 'false' }, 0);
    expect(unasked.annotations).toEqual([]);
    expect(unasked.summary).toContain('they were not to be looked at');
  });

  it('keeps what it could not reach in one issue, and closes that too', async () => {
    const unreachable = { storage: 's3://nothing/here', 's3-endpoint': 'http://127.0.0.1:9', 's3-region': 'x' };
    const environment = { ...api.environment, AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'aws-secret-y' };
    const end = await runAction('watch', { folder, inputs: unreachable, environment, token: api.state.token });
    expectStatus(end, 1);
    expect(open()).toEqual(['Watch of every database failed']);
    await watch({}, 0);
    expect(open()).toEqual([]);
  });
});

describe('the action setup-postgres', () => {
  it('puts the major that is there first, and says so', async () => {
    const { installation } = clusterOf();
    const major = installation.server?.major ?? 0;
    const files = { GITHUB_PATH: join(folder, 'path'), GITHUB_ENV: join(folder, 'env') };
    for (const file of Object.values(files)) await writeFile(file, '');
    const end = await runAction('setup-postgres', { folder, inputs: { version: String(major) }, environment: files });
    expectStatus(end, 0);
    expect(end.outputs).toEqual({ version: installation.client?.version, bindir: installation.bindir, 'cache-path': '' });
    expect(await readFile(files.GITHUB_PATH, 'utf8')).toBe(`${installation.bindir}\n`);
    expect(await readFile(files.GITHUB_ENV, 'utf8')).toMatch(new RegExp(`^LIFEBOAT_PG_BINDIR<<(\\S+)\\n${installation.bindir}\\n\\1\\n$`));
    expect(end.summary).toContain('is there already');
  });

  it.each([
    ['9.6', /is not a major version/],
    ['12', /is older than 14/],
    ['17; rm', /is not a major version/],
  ])('refuses version %s', async (version, message) => {
    const end = await runAction('setup-postgres', { folder, inputs: { version } });
    expectStatus(end, 2);
    expect(end.annotations[0]?.data).toMatch(message);
    expect(end.summary).toMatch(/^## ❌ Setup-postgres failed\n/);
  });
});
