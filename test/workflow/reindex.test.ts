import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { builtActions } from '../harness/bundle.ts';
import { urlOf } from '../harness/cli.ts';
import { clusterOf, freshDatabase, runSql, templateDatabase } from '../harness/postgres.ts';
import { CHURNED_SQL, indexesOf, reportOf } from '../harness/reindex.ts';
import { workflows } from './files.ts';
import { runWorkflow } from './runner/workflow.ts';
import type { JobRun, WorkflowRun, World } from './runner/world.ts';
import { checkout } from './stand-ins.ts';
import { createWorld, temporaryFolder } from './world.ts';

const PATH = '.github/workflows/reindex.yml';
let dist: string;
let template: string;
beforeAll(async () => {
  const { major } = clusterOf();
  [dist, template] = await Promise.all([
    builtActions(),
    templateDatabase(major, 'churned', async (target) => void (await runSql(target, CHURNED_SQL))),
  ]);
});

const jobOf = ({ jobs }: WorkflowRun, wanted: string) => jobs.find(({ id }) => id === wanted) as JobRun;

/** Somebody starts it by hand; the database's report calls an index bloated. */
async function reindexing(target: ConnectionTarget, inputs: Record<string, string>, approved = true): Promise<WorkflowRun> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'shop', 'reports'), { recursive: true });
  await writeFile(join(folder, 'shop', 'reports', '20260110T020000Z.json'), reportOf({ name: 'orders_note', level: 'act', rebuiltBytes: 100_000 }));
  const secrets = { DATABASE_URL: urlOf(target), DATABASE_URLS: `OTHER_URL=postgres://nobody@127.0.0.1:9/x\nMAIN_URL=${urlOf(target)}` };
  const world: World = await createWorld({
    inputs: { database: 'shop', 'max-bytes': '1GB', deadline: '5h', ...inputs },
    variables: { LIFEBOAT_STORAGE: pathToFileURL(folder).href },
    environments: { 'reindex-plan': { secrets, approved: true }, production: { secrets, approved } },
    standIns: { 'actions/checkout': checkout({}, dist) },
  });
  const run = await runWorkflow(PATH, await world.readWorkflow(PATH), world);
  for (const { log, summary } of run.jobs) expect(log + summary).not.toContain(urlOf(target));
  return run;
}

/** Fails with the logs when jobs ended otherwise. */
function expectEnds({ jobs }: WorkflowRun, expected: readonly string[]): void {
  const ends = jobs.map(({ id, result }) => `${id} ${result}`);
  if (ends.join() !== expected.join()) throw new Error([ends.join(', '), ...jobs.map(({ id, log }) => `=== ${id}\n${log}`)].join('\n'));
}

describe('the reindex workflow', () => {
  it('is run by hand only, and rebuilds in the environment production', () => {
    const content = workflows().find(({ path }) => path === PATH)?.content ?? {};
    expect(content['on']).toEqual({ workflow_dispatch: expect.anything() });
    expect(content['jobs']).toMatchObject({ plan: { environment: 'reindex-plan' }, reindex: { environment: 'production', needs: 'plan' } });
  });

  it('rebuilds what the latest report calls bloated, once somebody has approved what would be done', async () => {
    const target = await freshDatabase(clusterOf().major, template);
    const before = await indexesOf(target);
    const refused = await reindexing(target, {}, false);
    expectEnds(refused, ['plan success', 'reindex failure']);
    expect(jobOf(refused, 'plan').summary).toMatch(/Dry run[\s\S]*churned\.orders\\?_note.*planned/);
    expect(await indexesOf(target)).toEqual(before);

    const approved = await reindexing(target, {});
    expectEnds(approved, ['plan success', 'reindex success']);
    expect(jobOf(approved, 'plan').outputs).toEqual({ planned: '1', report: 'shop/reports/20260110T020000Z.json' });
    expect(jobOf(approved, 'reindex')).toMatchObject({ environment: 'production', concurrency: { cancelInProgress: false } });
    const after = await indexesOf(target);
    const changed = after.filter(({ name, filenode }) => !before.some((one) => one.name === name && one.filenode === filenode));
    expect(changed.map(({ name }) => name)).toEqual(['orders_note']);
    const gained = (before.find(({ name }) => name === 'orders_note')?.bytes ?? 0) - (changed[0]?.bytes ?? 0);
    expect(jobOf(approved, 'reindex').steps.at(-1)?.outputs).toMatchObject({ reindexed: '1', failed: '0', 'gained-bytes': String(gained) });
  });

  it('rebuilds indexes by name, of a database by name, and asks nobody when there is nothing to rebuild', async () => {
    const target = await freshDatabase(clusterOf().major, template);
    const named = await reindexing(target, { indexes: 'churned.orders_pkey, churned.orders_note', url: 'MAIN_URL' });
    expectEnds(named, ['plan success', 'reindex success']);
    expect(jobOf(named, 'reindex').steps.at(-1)?.outputs).toMatchObject({ reindexed: '2', report: '' });
    const nothing = await reindexing(target, {});
    expectEnds(nothing, ['plan success', 'reindex skipped']);
  });

  it('fails, and says why, when an index is refused', async () => {
    const target = await freshDatabase(clusterOf().major, template);
    await runSql(target, 'CREATE TABLE churned.rooms (during int4range, EXCLUDE USING gist (during WITH &&))');
    const mixed = await reindexing(target, { indexes: 'churned.rooms_during_excl,churned.orders_note' });
    expectEnds(mixed, ['plan success', 'reindex failure']);
    expect(jobOf(mixed, 'reindex').annotations).toContainEqual(
      expect.objectContaining({ kind: 'error', title: 'not-rebuilt', message: expect.stringContaining('exclusion constraint') }),
    );
  });
});
