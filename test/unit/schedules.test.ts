import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { type Context, silentLog } from '../../src/context.ts';
import { cronProblem, lastDue, readSchedules } from '../../src/github/cron.ts';
import { graceOf, judgeSchedule, type ScheduledWorkflow } from '../../src/github/judge-schedule.ts';
import { scheduleWatcher } from '../../src/github/schedules.ts';
import { type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';

const HOUR = 3_600_000;
/** A Friday. */
const NOW = new Date('2026-11-20T12:00:00Z');
const NIGHTLY = '17 2 * * *';

describe('the schedules of a workflow', () => {
  it.each([
    [`on:\n  schedule:\n    - cron: '${NIGHTLY}'\n`, [{ cron: NIGHTLY, timezone: 'UTC' }]],
    [`"on": { schedule: [{ cron: "1 2 * * *" }, { cron: "3 4 * * 0", timezone: Europe/Berlin }], push: {} }`, ['1 2 * * *', '3 4 * * 0']],
    ['on: push', null],
    ['on: [push, workflow_dispatch]', null],
    ['on: { push: { branches: [schedule] } }', null],
    ['name: no trigger', null],
    ['', null],
    ['- a list', null],
    ['on: schedule', /without a cron/],
    ['on: [push, schedule]', /without a cron/],
    ['on: { schedule: }', /without a cron/],
    ['on: { schedule: [] }', /without a cron/],
    ['on: { schedule: [{ cron: 5 }] }', /without a cron/],
    ["on:\n  schedule:\n    - cron: '1 2 3 4 5'\n   broken: [", /is not YAML/],
    ['broken: [', null],
  ])('%j', (text, expected) => {
    const read = readSchedules(text);
    if (expected === null) expect(read).toBeNull();
    else if (expected instanceof RegExp) expect(read).toEqual({ problem: expect.stringMatching(expected) });
    else expect(read).toMatchObject({ schedules: expected.map((one) => (typeof one === 'string' ? { cron: one } : one)) });
  });
});

describe('a cron expression', () => {
  it.each([
    [NIGHTLY, null],
    ['*/5 * * * *', null],
    ['20/15 * * * *', null],
    ['0 9-17 * * MON-FRI', null],
    ['0 0 29 feb *', null],
    ['0 0 31 2 *', /never comes/],
    ['0 25 * * *', /cannot be read/],
    ['17 2 * *', /4 fields/],
    ['0 17 2 * * *', /6 fields/],
    ['@daily', /1 fields/],
    ['0 0 L * *', /GitHub does not know/],
    ['0 0 * * 5#2', /GitHub does not know/],
    ['/10 * * * *', /GitHub does not know/],
    ['', /fields/],
  ])('%j', (cron, expected) => {
    const problem = cronProblem({ cron, timezone: 'UTC' });
    if (expected === null) expect(problem).toBeNull();
    else expect(problem).toMatch(expected);
  });

  it('in a timezone that nobody knows', () => {
    expect(cronProblem({ cron: NIGHTLY, timezone: 'Mars/Olympus' })).toMatch(/timezone/);
  });

  it.each([
    ['0 12 * * *', 'UTC', 0, '2026-11-20T12:00:00.000Z'],
    [NIGHTLY, 'UTC', 0, '2026-11-20T02:17:00.000Z'],
    [NIGHTLY, 'UTC', 10 * HOUR, '2026-11-19T02:17:00.000Z'],
    [NIGHTLY, 'America/New_York', 0, '2026-11-20T07:17:00.000Z'],
    ['30 3 * * 0', 'UTC', 0, '2026-11-15T03:30:00.000Z'],
    ['*/5 * * * *', 'UTC', HOUR, '2026-11-20T11:00:00.000Z'],
  ])('%s %s, %d ms ago or before, was due at %s', (cron, timezone, grace, due) => {
    expect(lastDue({ cron, timezone }, NOW, () => grace)?.at.toISOString()).toBe(due);
  });
});

describe('how late GitHub may be', () => {
  it.each([
    [5 / 60, 1],
    [1, 1],
    [4, 2],
    [24, 3],
    [168, 3],
  ])('every %f h: %d h', (interval, grace) => {
    expect(graceOf(interval * HOUR)).toBe(grace * HOUR);
  });
});

describe('a scheduled workflow', () => {
  const OLD = new Date('2026-01-01T00:00:00Z');
  const workflow = (
    change: Omit<Partial<ScheduledWorkflow>, 'schedules' | 'lastRunAt'> & { crons?: string[]; ran?: string | null },
  ): ScheduledWorkflow => ({
    file: '.github/workflows/backup.yml',
    state: 'active',
    since: OLD,
    ...change,
    schedules: (change.crons ?? [NIGHTLY]).map((cron) => ({ cron, timezone: 'UTC' })),
    lastRunAt: change.ran === null || change.ran === undefined ? null : new Date(change.ran),
  });

  it.each<[string, Parameters<typeof workflow>[0], RegExp[]]>([
    ['ran when it was due', { ran: '2026-11-20T02:21:09Z' }, []],
    ['ran late, but it did', { ran: '2026-11-20T05:40:00Z' }, []],
    [
      'did not run last night',
      { ran: '2026-11-19T02:19:00Z' },
      [/due at 2026-11-20 02:17:00 UTC, 9 h 43 min ago, and last ran .* 2026-11-19 02:19:00/],
    ],
    ['was due two hours ago, and may still come', { crons: ['0 10 * * *'], ran: '2026-11-19T10:03:00Z' }, []],
    ['was due four hours ago, and will not', { crons: ['0 8 * * *'], ran: '2026-11-19T08:03:00Z' }, [/It was due at 2026-11-20 08:00:00/]],
    ['runs every five minutes and missed some', { crons: ['*/5 * * * *'], ran: '2026-11-20T11:05:00Z' }, []],
    ['runs every five minutes and stopped', { crons: ['*/5 * * * *'], ran: '2026-11-20T10:05:00Z' }, [/It was due/]],
    ['is weekly and ran last Sunday', { crons: ['30 3 * * 0'], ran: '2026-11-15T03:44:00Z' }, []],
    ['is weekly and did not run last Sunday', { crons: ['30 3 * * 0'], ran: '2026-11-08T03:44:00Z' }, [/due at 2026-11-15/]],
    ['missed the later of two', { crons: ['0 1 * * *', '0 7 * * *'], ran: '2026-11-20T01:01:00Z' }, [/due at 2026-11-20 07:00/]],
    ['never ran', { ran: null }, [/never run on its schedule/]],
    ['never ran, but is of today', { ran: null, since: new Date('2026-11-20T09:00:00Z') }, []],
    ['was enabled again this morning', { ran: '2026-10-01T02:17:00Z', since: new Date('2026-11-20T09:00:00Z') }, []],
    ['was disabled by GitHub', { state: 'disabled_inactivity', ran: '2026-09-01T02:17:00Z' }, [/60 days/]],
    ['was disabled by hand', { state: 'disabled_manually', ran: '2026-11-20T02:21:09Z' }, [/Somebody/]],
    ['is of a fork', { state: 'disabled_fork' }, [/fork/]],
    ['has an expression that nobody can read', { crons: ['17 2 * * * *'] }, [/"17 2 \* \* \* \*" has 6 fields/]],
    ['has one of them', { crons: ['0 25 * * *', NIGHTLY], ran: '2026-11-18T02:17:00Z' }, [/"0 25 \* \* \*" cannot/, /It was due/]],
    ['is for leap years', { crons: ['0 0 29 2 *'], ran: '2024-02-29T00:10:00Z' }, []],
  ])('that %s', (_, change, expected) => {
    const judged = judgeSchedule(workflow(change), NOW);
    expect(judged.findings.map(({ message }) => message)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    for (const { object } of judged.findings) expect(object).toBe('.github/workflows/backup.yml');
  });
});

describe('the workflows of a repository', () => {
  let api: GitHubApiStandIn;
  let checkout: string;
  beforeEach(async () => {
    api = await startGithubApi();
    checkout = await mkdtemp(join(tmpdir(), 'lifeboat-checkout-'));
  });
  afterEach(async () => {
    await api.close();
    await rm(checkout, { recursive: true, force: true });
  });

  function add(name: string, text: string | null, change: { state?: string; ran?: string } = {}): void {
    const id = api.state.workflows.length + 1;
    const path = name.includes('/') ? name : `.github/workflows/${name}`;
    const longAgo = '2026-01-01T00:00:00Z';
    api.state.workflows.push({ id, name, path, state: change.state ?? 'active', created_at: longAgo, updated_at: longAgo });
    if (text !== null) api.state.files.set(path, text);
    const run = { workflow_id: id, status: 'completed', conclusion: 'success' };
    if (change.ran) api.state.runs.push({ ...run, id: id * 10, event: 'schedule', created_at: change.ran, run_started_at: change.ran });
    api.state.runs.push({ ...run, id: id * 10 + 1, event: 'workflow_dispatch', created_at: NOW.toISOString(), run_started_at: NOW.toISOString() });
  }

  const SCHEDULED = `on:\n  schedule:\n    - cron: '${NIGHTLY}'\n`;
  const RAN = { ran: '2026-11-20T02:21:00Z' };

  interface Settings {
    /** `null`: none. */
    readonly token?: string | null;
    readonly environment?: Record<string, string>;
  }

  function look(files: string[] = [], { token = api.state.token, environment = {} }: Settings = {}) {
    const context: Context = {
      log: silentLog,
      signal: new AbortController().signal,
      environment: { ...api.environment, GITHUB_WORKSPACE: checkout, ...environment },
    };
    return scheduleWatcher(token ?? undefined)(files, NOW, context);
  }

  test('are those with a schedule: each is asked for its own last scheduled run', async () => {
    add('backup.yml', SCHEDULED, RAN);
    add('drill.yml', SCHEDULED, { ran: '2026-11-01T02:21:00Z' });
    add('off.yml', SCHEDULED, { state: 'disabled_inactivity', ...RAN });
    add('ci.yml', 'on: push');
    add('gone.yml', null, { state: 'deleted' });
    add('elsewhere.yml', null);
    add('dynamic/pages/pages-build-deployment', null);
    const { workflows, unseen } = await look();
    expect(unseen).toEqual([]);
    expect(workflows.map(({ file, findings }) => [file.slice(18), findings.length])).toEqual([
      ['backup.yml', 0],
      ['drill.yml', 1],
      ['off.yml', 1],
    ]);
    expect(workflows[0]).toMatchObject({ schedules: [NIGHTLY], lastRunAt: '2026-11-20T02:21:00.000Z', dueAt: '2026-11-20T02:17:00.000Z' });
  });

  test('are all of them, also behind the first hundred', async () => {
    for (let i = 0; i < 105; i += 1) add(`w${i}.yml`, i === 104 ? SCHEDULED : 'on: push', RAN);
    expect((await look()).workflows.map(({ file }) => file)).toEqual(['.github/workflows/w104.yml']);
  });

  test('may be named, and then they must be there and have a schedule', async () => {
    add('backup.yml', SCHEDULED, RAN);
    add('drill.yml', SCHEDULED);
    add('ci.yml', 'on: push');
    const { workflows } = await look(['backup.yml', '.github/workflows/ci.yml', 'wacth.yml']);
    expect(workflows.map(({ file, findings }) => [file, findings.map(({ message }) => message)])).toEqual([
      ['.github/workflows/wacth.yml', ['There is no such workflow.']],
      ['.github/workflows/backup.yml', []],
      ['.github/workflows/ci.yml', ['It has no schedule.']],
    ]);
  });

  test('are read from the checkout where the token may not read the repository', async () => {
    api.state.permissions.contents = 'none';
    add('backup.yml', null, RAN);
    add('drill.yml', null, RAN);
    await mkdir(join(checkout, '.github/workflows'), { recursive: true });
    await writeFile(join(checkout, '.github/workflows/backup.yml'), SCHEDULED);
    const { workflows, unseen } = await look();
    expect(workflows).toMatchObject([{ file: '.github/workflows/backup.yml', findings: [] }]);
    expect(unseen).toEqual([{ object: '.github/workflows/drill.yml', reason: expect.stringMatching(/permissions: contents: read/) }]);
  });

  test.each<[string, Settings, RegExp]>([
    ['without a token', { token: null }, /no token/],
    ['outside of a repository', { environment: { GITHUB_REPOSITORY: '' } }, /no repository/],
    ['with a token that is wrong', { token: 'another' }, /401/],
    ['where nobody answers', { environment: { GITHUB_API_URL: 'http://127.0.0.1:9' } }, /could not be reached/],
  ])('are not examined %s', async (_, settings, reason) => {
    add('backup.yml', SCHEDULED, RAN);
    expect(await look([], settings)).toEqual({
      workflows: [],
      unseen: [{ object: 'scheduled workflows', reason: expect.stringMatching(reason) }],
    });
  });

  test('are not examined without the permission, which is named', async () => {
    api.state.permissions.actions = 'none';
    expect((await look()).unseen[0]?.reason).toMatch(/permissions: actions: read/);
  });
});
