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
async function reindexing(target: ConnectionTarget, inputs: Record<string, string>, approved = true, state?: object): Promise<WorkflowRun> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'shop', 'reports'), { recursive: true });
  await writeFile(join(folder, 'shop', 'reports', '20260110T020000Z.json'), reportOf({ name: 'orders_note', level: 'act', rebuiltBytes: 100_000 }));
  if (state !== undefined) {
    await mkdir(join(folder, 'shop', 'reindex'));
    await writeFile(join(folder, 'shop', 'reindex', 'state.json'), JSON.stringify(state));
  }
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
    expect(jobOf(approved, 'plan').outputs).toEqual({ planned: '1', leftovers: '0', report: 'shop/reports/20260110T020000Z.json' });
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

  it('goes on to remove what a run that was killed has left, also where nothing is to be rebuilt', async () => {
    const target = await freshDatabase(clusterOf().major, template);
    await runSql(target, 'CREATE INDEX orders_note_ccold ON churned.orders (note)');
    const [left, table] = await runSql<{ oid: number; definition: string }>(
      target,
      `SELECT c.oid::int8::float8 AS oid, replace(pg_get_indexdef(i.indexrelid), '_ccold', '') AS definition FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
        WHERE c.oid IN ('churned.orders_note_ccold'::regclass, 'churned.orders'::regclass) ORDER BY c.relkind`,
    );
    await runSql(target, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'churned.orders_note_ccold'::regclass");
    await runSql(target, 'REINDEX INDEX churned.orders_note; ANALYZE churned.orders');
    const [{ identifier } = { identifier: '' }] = await runSql<{ identifier: string }>(
      target,
      'SELECT system_identifier::text AS identifier FROM pg_control_system()',
    );
    const underway = {
      ...{ oid: left?.oid, schema: 'churned', name: 'orders_note', tableOid: table?.oid, definition: left?.definition, invalidBefore: [] },
      ...{ at: '2026-01-10T02:00:00.000Z', session: { pid: 1, startedAt: '2026-01-10 02:00:00.000000+00' } },
    };
    const state = { format: 1, of: { systemIdentifier: identifier, database: target.database }, underway: [underway], thresholds: [] };
    const run = await reindexing(target, {}, true, state);
    expectEnds(run, ['plan success', 'reindex success']);
    expect(jobOf(run, 'plan').outputs).toMatchObject({ planned: '0', leftovers: '1' });
    expect((await indexesOf(target)).map(({ name }) => name)).not.toContain('orders_note_ccold');
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
