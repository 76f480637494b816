import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FollowUpOutcome, type FollowUpSettings, followUp } from '../../src/github/follow-up.ts';
import { markerOf } from '../../src/github/issue-body.ts';
import { type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';

const NIGHT = { GITHUB_RUN_ID: '4711', GITHUB_RUN_ATTEMPT: '1' };
let api: GitHubApiStandIn;
let hooks: Hooks;

beforeEach(async () => {
  [api, hooks] = await Promise.all([startGithubApi(), startHooks()]);
});
afterEach(() => Promise.all([api.close(), hooks.close()]));

const FAILED: FollowUpOutcome = {
  verb: 'backup',
  database: 'shop',
  ok: false,
  headline: 'db.example.com refused the password.',
  body: '### What to do',
};
const DONE: FollowUpOutcome = { ...FAILED, ok: true, headline: 'Backed up shop.', body: '## Backed up shop' };

function settings(change: Partial<FollowUpSettings> = {}): FollowUpSettings {
  return {
    issue: true,
    token: api.state.token,
    notifyUrl: undefined,
    heartbeatUrl: undefined,
    environment: { ...api.environment, ...NIGHT },
    signal: new AbortController().signal,
    ...change,
  };
}

const open = () => api.state.issues.filter(({ state }) => state === 'open');

describe('the issue of a failure', () => {
  test('is opened once, brought up to date by further failures, and closed on recovery', async () => {
    expect(await followUp(FAILED, settings())).toEqual([]);
    expect(api.state.labels).toMatchObject([{ name: 'lifeboat', description: expect.stringMatching(/pg-lifeboat/) }]);
    const [issue] = open();
    expect(issue?.title).toBe('Backup of shop failed');
    expect(issue?.labels).toEqual([{ name: 'lifeboat' }]);
    expect(issue?.body).toMatch(/^<!-- lifeboat:backup:shop -->\n/);
    expect(issue?.body).toContain('refused the password');
    expect(issue?.body).toContain('https://github.com/octo/shop/actions/runs/4711');

    const first = /"first":"([^"]+)"/.exec(issue?.body ?? '')?.[1];
    const again = { ...FAILED, headline: 'The bucket is gone.' };
    expect(await followUp(again, settings({ environment: { ...api.environment, GITHUB_RUN_ID: '4712', GITHUB_RUN_ATTEMPT: '2' } }))).toEqual([]);
    expect(api.state.issues).toHaveLength(1);
    expect(issue?.body).toContain('The bucket is gone.');
    expect(issue?.body).not.toContain('refused the password');
    expect(issue?.body).toContain('/actions/runs/4712/attempts/2');
    expect(issue?.body).toContain(`"count":2,"first":"${first}"`);
    expect(issue?.title).toBe('Backup of shop failed (2 times)');

    expect(await followUp(DONE, settings())).toEqual([]);
    expect(issue).toMatchObject({ state: 'closed', state_reason: 'completed' });
    expect(api.state.comments.at(-1)?.body).toContain('/actions/runs/4711');

    expect(await followUp(FAILED, settings())).toEqual([]);
    expect(api.state.issues.map(({ state }) => state)).toEqual(['closed', 'open']);
  });

  test('gets a comment at most once a day', async () => {
    await followUp(FAILED, settings());
    await followUp(FAILED, settings());
    expect(api.state.comments).toEqual([]);
    const [issue] = open();
    if (issue) issue.body = issue.body.replace(/"told":"[^"]+"/, '"told":"2026-01-01T02:00:00.000Z"');
    await followUp(FAILED, settings());
    await followUp(FAILED, settings());
    expect(api.state.comments).toHaveLength(1);
    expect(api.state.comments[0]?.body).toMatch(/Failed again, 3 times now: \[this run\]/);
  });

  test('is of one database and one verb', async () => {
    for (const verb of ['backup', 'drill', 'watch'])
      for (const database of ['shop', 'crm']) await followUp({ ...FAILED, verb, database }, settings());
    expect(open()).toHaveLength(6);
    await followUp({ ...DONE, verb: 'drill', database: 'crm' }, settings());
    expect(open().map(({ title }) => title)).not.toContain('Drill of crm failed');
    expect(open()).toHaveLength(5);
  });

  test.each(['-->', '--', 'a b:c', '<!--', '☃️ "\'`|\n', '\ud800', '%2D', '!-', 'backup:shop --> x'])(
    'is found again for a database called %j',
    async (database) => {
      await followUp({ ...FAILED, database: 'another' }, settings());
      await followUp({ ...FAILED, database }, settings());
      await followUp({ ...FAILED, database }, settings());
      expect(open()).toHaveLength(2);
      expect(open()[1]?.body.split('\n')[0]).toMatch(/^<!-- lifeboat:backup:(?:(?!--|[<>\s]).)+ -->$/);
      await followUp({ ...DONE, database }, settings());
      expect(open()).toHaveLength(1);
    },
  );

  test('is not one that only quotes the marker, a pull request, or what lacks the label', async () => {
    await followUp(FAILED, settings());
    const real = open()[0]?.number;
    const strange = { title: 'x', state: 'open', state_reason: null, created_at: '', updated_at: '', html_url: '' } as const;
    const marker = markerOf('backup', 'shop');
    const label = [{ name: 'lifeboat' }];
    api.state.issues.unshift({ ...strange, number: 100, body: `> ${marker}`, labels: label });
    api.state.issues.unshift({ ...strange, number: 101, body: marker, labels: label, pull_request: {} });
    api.state.issues.unshift({ ...strange, number: 102, body: marker, labels: [] });
    await followUp(DONE, settings());
    expect(api.state.issues.filter(({ state }) => state === 'closed').map(({ number }) => number)).toEqual([real]);
  });

  test('is found behind more than a hundred others', async () => {
    for (let i = 0; i < 105; i += 1) await followUp({ ...FAILED, database: `d${i}` }, settings());
    await followUp({ ...FAILED, database: 'd104' }, settings());
    expect(open()).toHaveLength(105);
  });

  test('stays one when two runs open it at the same moment', async () => {
    const bothHaveLooked = Promise.withResolvers<void>();
    let about = 0;
    api.state.before = async (request) => {
      if (request !== 'POST /repos/octo/shop/issues') return;
      about += 1;
      if (about === 2) bothHaveLooked.resolve();
      await bothHaveLooked.promise;
    };
    const runs = ['The one.', 'The other.'].map((headline) => followUp({ ...FAILED, headline }, settings()));
    expect(await Promise.all(runs)).toEqual([[], []]);
    expect(open()).toHaveLength(1);
    expect(open()[0]?.number).toBe(1);
    expect(api.state.issues).toHaveLength(2);
    expect(api.state.issues[1]).toMatchObject({ state: 'closed', state_reason: 'not_planned' });
    expect(api.state.comments).toMatchObject([{ issue: 2, body: expect.stringContaining('#1') }]);
  });

  test('that a crashed race left twice is one again after the next failure', async () => {
    await followUp(FAILED, settings());
    const [first] = open();
    if (first) api.state.issues.push({ ...first, number: 2 });
    await followUp(FAILED, settings());
    expect(open().map(({ number }) => number)).toEqual([1]);
  });

  test('keeps its place in a body of any length, with fences and folds closed', async () => {
    const body = `<details>\n\n\`\`\`\n${'x'.repeat(99)}\n`.repeat(1) + `${'y'.repeat(99)}\n`.repeat(2000);
    expect(await followUp({ ...FAILED, body }, settings())).toEqual([]);
    const text = open()[0]?.body ?? '';
    expect(text.length).toBeLessThanOrEqual(65_536);
    expect(text.match(/^```/gm)).toHaveLength(2);
    expect(text).toContain('</details>');
    expect(text).toMatch(/pg-lifeboat keeps this up to date/);
  });

  test('mentions nobody and breaks nothing, whatever the headline and the name', async () => {
    await followUp({ ...FAILED, database: '|<img>@all', headline: '@octocat #1 <script> | --> ::warning::x' }, settings());
    const body = (open()[0]?.body ?? '').split('\n').slice(2).join('\n');
    expect(body).not.toMatch(/@octocat|@all|<img|<script|#1\b/);
  });
});

describe('what keeps it from being opened is a warning', () => {
  test.each(['none', 'read'] as const)('when the permission is %s', async (issues) => {
    api.state.permissions.issues = issues;
    const [warning, ...more] = await followUp(FAILED, settings());
    expect(more).toEqual([]);
    expect(warning).toMatch(/permissions: issues: write/);
    expect(api.state.issues).toEqual([]);
  });

  test('when the repository is not to be seen', async () => {
    const environment = { ...api.environment, GITHUB_REPOSITORY: 'octo/other' };
    expect(await followUp(FAILED, settings({ environment }))).toEqual([expect.stringMatching(/404.*permissions: issues: write/)]);
  });

  test('when the token is wrong, and it is not told', async () => {
    const [warning = ''] = await followUp(FAILED, settings({ token: 'ghs_another_secret' }));
    expect(warning).toMatch(/401: Bad credentials/);
    expect(warning).not.toContain('ghs_another_secret');
  });

  test('when there is none, or no repository', async () => {
    expect(await followUp(FAILED, settings({ token: undefined }))).toEqual([expect.stringMatching(/no token/)]);
    expect(await followUp(FAILED, settings({ environment: {} }))).toEqual([expect.stringMatching(/GITHUB_REPOSITORY/)]);
  });

  test('when issues are switched off', async () => {
    api.state.issuesEnabled = false;
    expect(await followUp(FAILED, settings())).toEqual([expect.stringMatching(/switched off/)]);
  });

  test('when nobody answers there', async () => {
    const environment = { ...api.environment, GITHUB_API_URL: 'http://127.0.0.1:9' };
    expect(await followUp(FAILED, settings({ environment }))).toEqual([expect.stringMatching(/could not be reached/)]);
  });

  test('when the run has been stopped, and nothing is asked any more', async () => {
    expect(await followUp(FAILED, settings({ signal: AbortSignal.abort(new Error('stopped')) }))).toEqual([expect.stringMatching(/stopped/)]);
    expect(api.state.requests).toEqual([]);
  });

  test('not when a fault passes: it is asked again', async () => {
    api.state.faults.push({ status: 502 }, { status: 403, headers: { 'retry-after': '0' }, message: 'You have exceeded a secondary rate limit' });
    expect(await followUp(FAILED, settings())).toEqual([]);
    expect(open()).toHaveLength(1);
  });

  test('when the limit lasts longer than anybody waits', async () => {
    api.state.faults.push({ status: 429, headers: { 'retry-after': '3600' }, message: 'slow down' });
    expect(await followUp(FAILED, settings())).toEqual([expect.stringMatching(/429: slow down/)]);
  });

  test('not when nobody asked for an issue', async () => {
    expect(await followUp(FAILED, settings({ issue: false, token: undefined }))).toEqual([]);
    expect(api.state.requests).toEqual([]);
  });
});

describe('notify-url and heartbeat-url', () => {
  const both = () => ({ notifyUrl: `${hooks.url}/notify?key=s3cret`, heartbeatUrl: `${hooks.url}/ping?key=s3cret` });

  test('hear of a failure, of the recovery, and of successes only', async () => {
    expect(await followUp(DONE, settings(both()))).toEqual([]);
    expect(hooks.seen.splice(0)).toEqual([{ request: 'GET /ping?key=s3cret', body: null }]);

    expect(await followUp(FAILED, settings(both()))).toEqual([]);
    expect(hooks.seen.splice(0)).toMatchObject([{ request: 'POST /notify?key=s3cret', body: { state: 'failed', database: 'shop', verb: 'backup' } }]);

    expect(await followUp(DONE, settings(both()))).toEqual([]);
    expect(hooks.seen.splice(0)).toMatchObject([{ body: { state: 'recovered', headline: 'Backed up shop.' } }, { request: 'GET /ping?key=s3cret' }]);
  });

  test('are tried although the issue could not be opened', async () => {
    api.state.permissions.issues = 'none';
    expect(await followUp(FAILED, settings(both()))).toHaveLength(1);
    expect(hooks.seen).toHaveLength(1);
  });

  test.each(['http://127.0.0.1:9/s3cret', 'mailto:s3cret@example.com', 's3cret', 'http://[s3cret'])(
    'warn about %s without telling it',
    async (url) => {
      const failed = await followUp(FAILED, settings({ notifyUrl: url }));
      const done = await followUp({ ...DONE, database: 'other' }, settings({ heartbeatUrl: url }));
      expect(failed).toEqual([expect.stringMatching(/^notify-url/)]);
      expect(done).toEqual([expect.stringMatching(/^heartbeat-url/)]);
      expect([...failed, ...done].join()).not.toContain('s3cret');
    },
  );

  test('warn when they are refused', async () => {
    hooks.status = 404;
    expect(await followUp(FAILED, settings(both()))).toEqual(['notify-url answered with 404.']);
  });
});

interface Hooks {
  readonly url: string;
  status: number;
  readonly seen: { readonly request: string; readonly body: unknown }[];
  close(): Promise<void>;
}

async function startHooks(): Promise<Hooks> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    hooks.seen.push({ request: `${request.method} ${request.url}`, body: body === '' ? null : JSON.parse(body) });
    response.writeHead(hooks.status).end('no');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const hooks: Hooks = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, status: 200, seen: [], close };
  return hooks;
}
