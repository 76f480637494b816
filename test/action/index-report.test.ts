import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { expectStatus, runAction } from '../harness/actions.ts';
import { urlOf } from '../harness/engine.ts';
import { type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';
import { INDEX_FAULTS } from '../harness/index-faults.sql.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';

let folder: string;
let target: ConnectionTarget;
let api: GitHubApiStandIn;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-index-report-'));
  target = await freshDatabase(Math.max(...majors()));
  for (const sql of INDEX_FAULTS) await runSql(target, sql);
  api = await startGithubApi();
});
afterAll(async () => {
  await api?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('the action index-report', () => {
  it('keeps one issue for what there is to do, and closes it when nothing is left', async () => {
    const storage = pathToFileURL(join(folder, 'store')).href;
    const workspace = {
      'lifeboat.yml': `
storage: ${storage}
indexes: { min-wasted: 10kB, min-table: 100kB }
databases:
  shop:
    database-url-env: SHOP_URL
    indexes: { ignore: [{ index: 'faults.rows*', reason: read seldom }] }
`,
    };
    const report = (inputs: Record<string, string> = {}, environment: Record<string, string> = {}) =>
      runAction('index-report', {
        folder,
        workspace,
        token: api.state.token,
        inputs: { database: 'shop', ...inputs },
        environment: { SHOP_URL: urlOf(target), ...api.environment, GITHUB_RUN_ID: '7', ...environment },
      });
    const first = await report({ out: 'report' });
    expectStatus(first, 0);
    expect(first.outputs).toMatchObject({ findings: '4', bloated: '0', 'wasted-bytes': '0', report: 'report' });
    expect(first.summary).toMatch(/^## ❌ Indexes of `shop`\n\n\d+ findings on the indexes of shop: 1 to act on, 3 to look at/);
    expect(first.summary).toContain('faults.twin&#95;a can do exactly the same');
    expect(first.summary).toContain('read seldom');
    const [issue] = api.state.issues;
    expect(issue).toMatchObject({ title: 'Indexes of shop: 4 findings', state: 'open' });
    expect(issue?.body).toMatch(/^<!-- lifeboat:indexes:shop -->\n/);
    expect(issue?.body).toContain('faults.counters');
    const [made = ''] = (await readdir(folder)).filter((name) => name.startsWith('index-report-'));
    expect((await readdir(join(folder, made, 'workspace', 'report'))).sort()).toEqual(['report.json', 'report.md', 'report.sql', 'report.svg']);

    await runSql(target, 'DROP INDEX faults.twin_b');
    const failing = await report({ 'fail-on': 'act' });
    expectStatus(failing, 1);
    expect(failing.annotations).toContainEqual(expect.objectContaining({ name: 'error' }));
    expect(api.state.issues).toHaveLength(1);
    expect(api.state.comments).toEqual([]);

    await runSql(target, "DROP INDEX faults.short; SELECT setval('faults.counters_id_seq', 10)");
    const ignored = await report({ ignore: 'faults.*: not ours' });
    expectStatus(ignored, 0);
    expect(ignored.outputs).toMatchObject({ findings: '0' });
    expect(api.state.issues).toMatchObject([{ state: 'closed', state_reason: 'completed' }]);
    expect(api.state.comments.at(-1)?.body).toMatch(/^Nothing is left to do/);
  });
});
