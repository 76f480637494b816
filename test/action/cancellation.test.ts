import { beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type ActionEnd, type ActionRun, runAction, startAction } from '../harness/actions.ts';
import { urlOf } from '../harness/cli.ts';
import { type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';
import { expectNothingLeft, filesIn, ownTemporaryFolder, withTestSession } from '../harness/nothing-left.ts';
import { runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { eventually } from '../harness/wait.ts';

const folder = await ownTemporaryFolder();
const store = `${folder}/store`;
const storage = `file://${store}`;
let shop: ConnectionTarget;
let api: GitHubApiStandIn;

beforeAll(async () => {
  [shop, api] = await Promise.all([shopDatabase(), startGithubApi()]);
  return () => api.close();
});

describe('a run that is cancelled', () => {
  it('while it waits for a lock: cleans up within two seconds of SIGINT, and opens no issue', async () => {
    await whileLocked('shop.orders', async () => {
      const run = await startAction('backup', {
        folder,
        inputs: { 'database-url': urlOf(shop), storage },
        environment: api.environment,
        token: api.state.token,
      });
      await eventually(async () => (await runSql(shop, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length > 0);
      const end = await endedBy(run, 'SIGINT');
      expect(end.status).toBe(130);
      expect(end.resumed).toBe(true);
      expect(end.annotations).toMatchObject([{ name: 'error', properties: { title: 'cancelled' }, data: expect.stringContaining('SIGINT') }]);
      expect(end.summary).toMatch(/^## ❌ Backup of .* was stopped\n/);
    });
    expect(api.state.issues).toEqual([]);
    await expectNothingLeft([shop], folder);
    expect(await filesIn(folder).then((files) => files.filter((file) => file.startsWith('store/')))).toEqual([]);
  });

  it('while it checks what it restored: takes the throwaway server with it on SIGTERM', async () => {
    const backup = await runAction('backup', { folder, inputs: { 'database-url': urlOf(shop), storage, issue: 'false' } });
    expect(backup.status).toBe(0);
    const inputs = { storage, database: shop.database, assert: 'slow: SELECT pg_sleep(60) IS NOT NULL', issue: 'false' };
    const run = await startAction('drill', { folder, inputs });
    let printed = '';
    run.child.stdout?.on('data', (chunk: string) => {
      printed += chunk;
    });
    await eventually(() => printed.includes('::group::verify'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const end = await endedBy(run, 'SIGTERM');
    expect(end.status).toBe(143);
    expect(end.outputs).toEqual({});
    await expectNothingLeft([shop], folder);
  });
});

async function endedBy(run: ActionRun, signal: 'SIGINT' | 'SIGTERM'): Promise<ActionEnd> {
  const sent = performance.now();
  run.child.kill(signal);
  const end = await run.ended;
  expect(performance.now() - sent).toBeLessThan(2000);
  return end;
}

function whileLocked(table: string, use: () => Promise<void>): Promise<void> {
  return withTestSession(shop, async (session) => {
    await session.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    await use();
    await session.query('ROLLBACK');
  });
}
