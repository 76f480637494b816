import { cp } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { literal } from '../../src/report/markdown/escape.ts';
import { builtActions } from '../harness/bundle.ts';
import { runBackup, runDrill, temporaryStore } from '../harness/engine.ts';
import { type ApiComment, type ApiIssue, type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';
import { clusterOf } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { runWorkflow } from './runner/workflow.ts';
import type { WorkflowRun, World } from './runner/world.ts';
import { checkout } from './stand-ins.ts';
import { createWorld } from './world.ts';

const PATH = '.github/workflows/game-day.yml';
const FILE = 'runbooks/drills/measurements.md';

let api: GitHubApiStandIn;
let dist: string;
let storage: string;
let backup: string;
beforeAll(async () => {
  storage = (await temporaryStore()).url;
  backup = (await runBackup(await shopDatabase(), storage, { database: 'shop' })).id;
  await runDrill('shop', storage);
  [api, dist] = await Promise.all([startGithubApi(), builtActions()]);
});
afterAll(() => api?.close());

beforeEach(() => {
  const { state } = api;
  for (const list of [state.issues, state.comments, state.pulls, state.requests]) list.length = 0;
  state.branches.clear();
  state.files.clear();
  state.mayMakePulls = true;
  Object.assign(state.permissions, { issues: 'write', contents: 'write', pulls: 'write' });
  Object.assign(state.collaborators, { ada: 'admin', grace: 'write', eve: 'read' });
});

async function run(part: Partial<World>, files: Readonly<Record<string, string>> = {}): Promise<WorkflowRun> {
  const base = await createWorld({
    variables: { LIFEBOAT_STORAGE: storage, LIFEBOAT_GAME_DAY_DATABASE: 'shop' },
    standIns: { 'actions/checkout': checkout(files, dist) },
    apiUrl: api.url,
    token: api.state.token,
    ...part,
  });
  const where = { ...base, machine: { ...base.machine, LIFEBOAT_PG_BINDIR: clusterOf().installation.bindir } };
  return runWorkflow(PATH, await where.readWorkflow(PATH), where);
}

function expectEnds({ jobs }: WorkflowRun, expected: readonly string[]): void {
  const ends = jobs.map(({ id, result }) => `${id} ${result}`);
  if (ends.join() !== expected.join()) throw new Error(`${ends.join(', ')}\n${jobs.map(({ log }) => log).join('\n')}`);
}

const theIssue = () => api.state.issues[0] as ApiIssue;

async function open(inputs: Record<string, string> = { scenario: 'database-lost' }, files?: Readonly<Record<string, string>>): Promise<WorkflowRun> {
  const opened = await run({ inputs }, files);
  expectEnds(opened, ['open success', 'stamp skipped']);
  return opened;
}

/** Somebody comments, `minute` minutes after the hour, and GitHub starts the workflow. */
async function comment(login: string, minute: number, body: string, association = 'COLLABORATOR'): Promise<WorkflowRun> {
  const at = `2026-11-20T09:${String(minute).padStart(2, '0')}:00Z`;
  const said: ApiComment = { id: 1 + api.state.comments.length, issue: theIssue().number, body, user: { login }, created_at: at, updated_at: at };
  api.state.comments.push(said);
  const payload = { action: 'created', issue: theIssue(), comment: { id: said.id, body, author_association: association, user: said.user } };
  return run({ event: 'issue_comment', payload });
}

async function close(): Promise<WorkflowRun> {
  theIssue().state = 'closed';
  return run({ event: 'issues', payload: { action: 'closed', issue: theIssue() } });
}

const answers = () => api.state.comments.filter(({ user }) => user.login === 'github-actions[bot]').map(({ body }) => body);

describe('a game day', () => {
  it('is opened, stamped step by step, closed, and measured', async () => {
    const opened = await open();
    expect(opened.jobs[0]?.summary).toContain('Recovery in six months: not predicted');
    expect(theIssue()).toMatchObject({ title: 'Game day: The database is lost (shop)', labels: [{ name: 'lifeboat-game-day' }] });
    expect(theIssue().body).toContain(`| Newest backup | \`${backup}\`, `);
    expect(theIssue().body).toMatch(/\| Rows proven \| [1-9][\d,]* \|/);
    expect(theIssue().body).toContain('| ✅ yes | A restore was proven this week |');
    expect(theIssue().body).toContain('| ❔ unknown | Everybody on call has restored a database with the runbook |');

    theIssue().body = theIssue().body.replace('Confidence before: ', 'Confidence before: 3').replace('keyboard |  |', 'keyboard | ada |');
    expectEnds(await comment('ada', 0, '/lifeboat step 1 start'), ['open skipped', 'stamp success']);
    expectEnds(await comment('ada', 4, 'It is gone indeed.\n/lifeboat step 1 done no answer from the host\n/lifeboat step 2 start'), [
      'open skipped',
      'stamp success',
    ]);
    expectEnds(await comment('grace', 5, `/lifeboat step 2 done \`$(touch pwned)\` ${'"; exit 1; #'} | <img> @everyone`), [
      'open skipped',
      'stamp success',
    ]);
    for (const [step, minute] of [
      [4, 6],
      [6, 20],
    ] as const) {
      await comment('grace', minute, `/lifeboat step ${step} start`);
      await comment('grace', minute + 10, `/lifeboat step ${step} done`);
    }
    const { body } = theIssue();
    expect(body).toContain('- [x] Step 1: Declare the incident\n- [x] Step 2: Choose the backup\n- [ ] Step 3: Make the new database');
    expect(body).toContain('| 1 | Declare the incident | 09:00:00 | 09:04:00 | 4 min | ada | no answer from the host |');
    expect(body).toContain('| 2 | Choose the backup | 09:04:00 | 09:05:00 | 1 min | ada, grace | &#96;&#36;(touch pwned)&#96;');
    expect(body).toContain('keyboard | ada |');
    expect(body).toContain('| Recovery | 30 min | RTO 1 h | ✅ met |');
    expect(answers()).toEqual([]);

    theIssue().body = body.replace('Confidence after: ', 'Confidence after: 8');
    const closed = await close();
    expectEnds(closed, ['open skipped', 'stamp success']);
    expect(closed.jobs[1]?.summary).toContain('## Game day database-lost is over: 4 of 7 steps done.');
    expect(api.state.pulls).toMatchObject([{ head: { ref: 'lifeboat/game-day-1' }, base: { ref: 'main' }, title: 'Record the game day of #1' }]);
    expect(api.state.branches.get('lifeboat/game-day-1')?.get(FILE)).toMatch(
      /\n\| 2026-11-20 \| database-lost \| shop \| 4 of 7 \| 30 min \| met \(1 h\) \| .* \| 3 → 8 \| \[#1\]\(https:\/\/github\.com\/octo\/shop\/issues\/1\) \|\n$/,
    );
    expect(api.state.files.has(FILE)).toBe(false);
    expect(answers()).toEqual([expect.stringContaining(`Recorded by ${api.state.pulls[0]?.html_url}`)]);

    expectEnds(await close(), ['open skipped', 'stamp success']);
    expect(api.state.pulls).toHaveLength(1);
    expect(
      api.state.branches
        .get('lifeboat/game-day-1')
        ?.get(FILE)
        ?.match(/issues\/1\)/g),
    ).toHaveLength(1);
  });

  it('catches up on comments whose runs were lost', async () => {
    await open();
    for (const [minute, body] of [
      [1, '/lifeboat step 1 start'],
      [2, '/lifeboat step 1 done'],
    ] as const) {
      const at = `2026-11-20T09:0${minute}:00Z`;
      api.state.comments.push({ id: minute, issue: 1, body, user: { login: 'ada' }, created_at: at, updated_at: at });
    }
    await comment('ada', 3, '/lifeboat step 2 start');
    expect(theIssue().body).toContain('| 1 | Declare the incident | 09:01:00 | 09:02:00 |');
    expect(theIssue().body).toContain('| 2 | Choose the backup | 09:03:00 |');
  });

  it('listens only to people who may write', async () => {
    await open();
    const before = theIssue().body;
    expectEnds(await comment('mallory', 1, '/lifeboat step 1 start', 'NONE'), ['open skipped', 'stamp skipped']);
    expectEnds(await comment('eve', 2, '/lifeboat step 1 start', 'MEMBER'), ['open skipped', 'stamp success']);
    expect(theIssue().body).toBe(before);
    expect(answers()).toEqual([]);
    await comment('ada', 3, '/lifeboat step 1 start');
    expect(theIssue().body).toContain('| 1 | Declare the incident | 09:03:00 |');
  });

  it('does not listen on other issues, nor on pull requests', async () => {
    await open();
    const said = { id: 1, body: '/lifeboat step 1 start', author_association: 'OWNER', user: { login: 'ada' } };
    const others = [
      { ...theIssue(), labels: [] },
      { ...theIssue(), pull_request: {} },
    ];
    for (const issue of others) {
      expectEnds(await run({ event: 'issue_comment', payload: { action: 'created', issue, comment: said } }), ['open skipped', 'stamp skipped']);
    }
  });

  it('answers a command that it cannot take', async () => {
    await open();
    await comment('ada', 1, '/lifeboat step 1 done');
    expect(answers()).toEqual([expect.stringContaining('Step 1 was never started')]);
  });

  it('is opened once', async () => {
    await open();
    const again = await open();
    expect(api.state.issues).toHaveLength(1);
    expect(again.jobs[0]?.summary).toContain('is still open');
  });

  it("plays the scenario that was played longest ago, and the team's own before the project's", async () => {
    const own = `
title: The office burns
story: It burns.
runbook: database-lost.md
targets: { rto: 10m }
roles: [{ role: Lead, does: leads }]
day-before: [Nothing]
steps: [{ title: Run, do: Run., evidence: air, recovered: true }]
`;
    const played = ['bucket-lost', 'database-lost', 'github-down', 'key-lost', 'wrong-delete'].map((name) => `| 2026-05-01 | ${name} | shop |`);
    await open({}, { 'runbooks/drills/zz-fire.yml': own, [FILE]: played.join('\n') });
    expect(theIssue().title).toBe('Game day: The office burns (shop)');
    expect(theIssue().body).toContain('RTO 10 min');
  });

  it('leaves the row in a comment where no pull request may be made', async () => {
    await open();
    await comment('ada', 0, '/lifeboat step 1 start');
    api.state.mayMakePulls = false;
    const closed = await close();
    expectEnds(closed, ['open skipped', 'stamp success']);
    expect(closed.jobs[1]?.annotations.map(({ message }) => message).join()).toContain('not permitted to create');
    expect(answers()[0]).toMatch(/Append this row to `runbooks\/drills\/measurements\.md`:\n\n```\n\| 2026-11-20 \| database-lost \|/);
  });

  it('looks for the newest backup in the copies too', async () => {
    const copy = await temporaryStore();
    const config = `storage: ${storage}\ncopies: [{ storage: '${copy.url}' }]\ndatabases: { shop: {} }\n`;
    await open({ scenario: 'bucket-lost' }, { 'lifeboat.yml': config });
    expect(theIssue().body).toContain(`| ❌ no | The newest backup is in two places | it is not in ${literal(copy.url)} |`);
    theIssue().state = 'closed';
    await cp(new URL(storage), new URL(copy.url), { recursive: true });
    await open({ scenario: 'bucket-lost' }, { 'lifeboat.yml': config });
    expect(api.state.issues[1]?.body).toContain('| ✅ yes | The newest backup is in two places |');
  });

  it('that never began is not measured', async () => {
    await open();
    await close();
    expect(api.state.pulls).toEqual([]);
    expect(answers()).toEqual([expect.stringContaining('nothing was measured')]);
  });

  it('fails with what is wrong when its hidden lines were edited away', async () => {
    await open();
    const whole = theIssue().body;
    theIssue().body = whole.replace(/"steps":\[\{.*?\]/, '"steps":[null]');
    expect(theIssue().body).not.toBe(whole);
    expectEnds(await comment('ada', 0, '/lifeboat step 1 start'), ['open skipped', 'stamp failure']);
    theIssue().body = 'gone';
    const end = await comment('ada', 1, '/lifeboat step 1 start');
    expectEnds(end, ['open skipped', 'stamp failure']);
    expect(end.jobs[1]?.annotations.map(({ message }) => message).join()).toContain('hidden lines were edited away');
  });
});
