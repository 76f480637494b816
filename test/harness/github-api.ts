import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface ApiIssue {
  readonly number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  state_reason: string | null;
  readonly labels: { readonly name: string }[];
  readonly created_at: string;
  updated_at: string;
  readonly html_url: string;
  /** What makes an issue a pull request. */
  readonly pull_request?: object;
}

export interface ApiWorkflow {
  readonly id: number;
  readonly name: string;
  readonly path: string;
  state: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface ApiRun {
  readonly id: number;
  readonly workflow_id: number;
  readonly event: string;
  readonly status: string;
  readonly conclusion: string | null;
  readonly created_at: string;
  readonly run_started_at: string;
}

type Access = 'none' | 'read' | 'write';

/** Everything it keeps: tests may read and change it as they like. */
export interface GitHubState {
  readonly repository: string;
  readonly defaultBranch: string;
  /** The only token that it takes. */
  readonly token: string;
  readonly permissions: { issues: Access; actions: Access; contents: Access };
  issuesEnabled: boolean;
  readonly labels: { name: string; color: string; description: string }[];
  readonly issues: ApiIssue[];
  readonly comments: { readonly issue: number; readonly body: string }[];
  readonly workflows: ApiWorkflow[];
  readonly runs: ApiRun[];
  /** Files of the default branch, by path. */
  readonly files: Map<string, string>;
  /** Answers that the next requests get instead, whatever they ask. */
  readonly faults: { readonly status: number; readonly headers?: Record<string, string>; readonly message?: string }[];
  /** Every request, in order: `POST /repos/octo/shop/issues`. */
  readonly requests: string[];
  /** Called with each request before it is answered: where a test lets another run come in between. */
  before: (request: string) => void | Promise<void>;
}

export interface GitHubApiStandIn {
  readonly url: string;
  readonly state: GitHubState;
  /** What the runner would set, for this server. */
  readonly environment: { readonly GITHUB_API_URL: string; readonly GITHUB_SERVER_URL: string; readonly GITHUB_REPOSITORY: string };
  close(): Promise<void>;
}

/** A server that stands in for GitHub's REST API: one repository's issues, labels, comments, workflows, runs and files, in memory. */
export async function startGithubApi(change: Partial<GitHubState> = {}): Promise<GitHubApiStandIn> {
  const state: GitHubState = {
    repository: 'octo/shop',
    defaultBranch: 'main',
    token: 'ghs_0123456789standin',
    permissions: { issues: 'write', actions: 'read', contents: 'read' },
    issuesEnabled: true,
    labels: [],
    issues: [],
    comments: [],
    workflows: [],
    runs: [],
    files: new Map(),
    faults: [],
    requests: [],
    before: () => {},
    ...change,
  };
  const server = createServer((request, response) => {
    answer(state, request).then(
      (answered) => send(response, answered),
      (error: unknown) => send(response, error instanceof Refusal ? error.answer : refusal(500, String(error)).answer),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    state,
    environment: { GITHUB_API_URL: url, GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: state.repository },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

class Refusal extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`answered with ${answer.status}`);
    this.answer = answer;
  }
}

async function answer(state: GitHubState, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://stand-in');
  const body = await text(request);
  const line = `${request.method} ${url.pathname}`;
  state.requests.push(line);
  const fault = state.faults.shift();
  if (fault) return { status: fault.status, headers: fault.headers ?? {}, body: { message: fault.message ?? 'Server Error' } };
  await state.before(line);
  if (request.headers.authorization !== `Bearer ${state.token}`) throw refusal(401, 'Bad credentials');
  const home = `/repos/${state.repository}`;
  if (url.pathname !== home && !url.pathname.startsWith(`${home}/`)) throw refusal(404, 'Not Found');
  const path = decodeURIComponent(url.pathname.slice(home.length));
  for (const [route, permission, handle] of ROUTES) {
    const match = route.exec(`${request.method} ${path}`);
    if (!match) continue;
    const [what, needed] = permission;
    const has = state.permissions[what];
    if (has !== 'write' && has !== needed) throw refusal(403, 'Resource not accessible by integration');
    return handle({ state, args: match.slice(1), query: url.searchParams, body: parse(body), url });
  }
  throw refusal(404, 'Not Found');
}

interface Call {
  readonly state: GitHubState;
  readonly args: readonly (string | undefined)[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly url: URL;
}

type Permission = readonly ['issues' | 'actions' | 'contents', 'read' | 'write'];

const ROUTES: readonly (readonly [RegExp, Permission, (call: Call) => Answer])[] = [
  [/^GET $/, ['contents', 'read'], ({ state }) => ok({ full_name: state.repository, default_branch: state.defaultBranch })],
  [/^GET \/labels\/([^/]+)$/, ['issues', 'read'], ({ state, args }) => ok(found(state.labels.find(({ name }) => name === args[0])))],
  [/^POST \/labels$/, ['issues', 'write'], makeLabel],
  [/^GET \/issues$/, ['issues', 'read'], listIssues],
  [/^POST \/issues$/, ['issues', 'write'], makeIssue],
  [/^GET \/issues\/(\d+)$/, ['issues', 'read'], (call) => ok(issueOf(call))],
  [/^PATCH \/issues\/(\d+)$/, ['issues', 'write'], changeIssue],
  [
    /^GET \/issues\/(\d+)\/comments$/,
    ['issues', 'read'],
    (call) =>
      paged(
        call.state.comments.filter(({ issue }) => issue === issueOf(call).number),
        call,
      ),
  ],
  [/^POST \/issues\/(\d+)\/comments$/, ['issues', 'write'], makeComment],
  [/^GET \/actions\/workflows$/, ['actions', 'read'], (call) => wrapped(paged(call.state.workflows, call), 'workflows', call.state.workflows.length)],
  [/^GET \/actions\/workflows\/([^/]+)\/runs$/, ['actions', 'read'], listRuns],
  [/^GET \/contents\/(.+)$/, ['contents', 'read'], readContents],
];

function makeLabel({ state, body }: Call): Answer {
  const { name, color, description } = body;
  if (typeof name !== 'string' || typeof color !== 'string' || !/^[0-9a-f]{6}$/i.test(color)) throw invalid('Label', 'invalid');
  if (state.labels.some((label) => label.name.toLowerCase() === name.toLowerCase())) throw invalid('Label', 'already_exists');
  const label = { name, color, description: String(description ?? '') };
  state.labels.push(label);
  return { status: 201, body: label };
}

function listIssues(call: Call): Answer {
  const { state, query } = call;
  if (!state.issuesEnabled) throw refusal(410, 'Issues has been disabled in this repository.');
  const wanted = (query.get('labels') ?? '').split(',').filter((label) => label !== '');
  const which = query.get('state') ?? 'open';
  const found = state.issues
    .filter((issue) => which === 'all' || issue.state === which)
    .filter((issue) => wanted.every((label) => issue.labels.some(({ name }) => name === label)));
  const ascending = query.get('direction') === 'asc';
  return paged(
    found.sort((a, b) => (ascending ? a.number - b.number : b.number - a.number)),
    call,
  );
}

function makeIssue({ state, body, url }: Call): Answer {
  if (!state.issuesEnabled) throw refusal(410, 'Issues has been disabled in this repository.');
  checkTexts(body);
  if (typeof body['title'] !== 'string' || body['title'] === '') throw invalid('Issue', 'missing_field');
  const number = state.issues.reduce((most, issue) => Math.max(most, issue.number), 0) + 1;
  const names = (body['labels'] ?? []) as string[];
  for (const name of names) {
    if (!state.labels.some((label) => label.name === name)) state.labels.push({ name, color: 'ededed', description: '' });
  }
  const now = new Date().toISOString();
  const issue: ApiIssue = {
    number,
    title: body['title'],
    body: String(body['body'] ?? ''),
    state: 'open',
    state_reason: null,
    labels: names.map((name) => ({ name })),
    created_at: now,
    updated_at: now,
    html_url: `https://github.com${url.pathname.replace(/^\/repos/, '')}/${number}`,
  };
  state.issues.push(issue);
  return { status: 201, body: issue };
}

function changeIssue(call: Call): Answer {
  checkTexts(call.body);
  const issue = issueOf(call);
  const { title, body, state, state_reason: reason } = call.body;
  if (state !== undefined && state !== 'open' && state !== 'closed') throw invalid('Issue', 'invalid');
  if (typeof title === 'string') issue.title = title;
  if (typeof body === 'string') issue.body = body;
  if (state !== undefined) issue.state = state;
  if (typeof reason === 'string') issue.state_reason = reason;
  issue.updated_at = new Date().toISOString();
  return ok(issue);
}

function makeComment(call: Call): Answer {
  const { body } = call.body;
  if (typeof body !== 'string' || body === '' || body.length > LONGEST_BODY) throw invalid('IssueComment', 'invalid');
  const comment = { issue: issueOf(call).number, body };
  call.state.comments.push(comment);
  return { status: 201, body: comment };
}

function listRuns(call: Call): Answer {
  const { state, args, query } = call;
  const workflow = found(state.workflows.find(({ id, path }) => String(id) === args[0] || path.endsWith(`/${args[0]}`)));
  const event = query.get('event');
  const runs = state.runs
    .filter((run) => run.workflow_id === workflow.id && (event === null || run.event === event))
    .sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  return wrapped(paged(runs, call), 'workflow_runs', runs.length);
}

function readContents({ state, args }: Call): Answer {
  const path = args[0] ?? '';
  const content = found(state.files.get(path));
  return ok({ type: 'file', path, encoding: 'base64', content: Buffer.from(content).toString('base64').replaceAll(/.{60}/g, '$&\n') });
}

/** GitHub's own, of issues and comments. */
const LONGEST_BODY = 65_536;

function checkTexts({ title, body }: Call['body']): void {
  if (typeof title === 'string' && title.length > 256) throw invalid('Issue', 'invalid');
  if (typeof body === 'string' && body.length > LONGEST_BODY) throw invalid('Issue', 'invalid');
}

function issueOf({ state, args }: Call): ApiIssue {
  return found(state.issues.find(({ number }) => number === Number(args[0])));
}

function paged(all: readonly unknown[], { query, url }: Call): Answer {
  const size = Math.min(100, Number(query.get('per_page') ?? 30));
  const page = Number(query.get('page') ?? 1);
  const next = new URL(url);
  next.searchParams.set('page', String(page + 1));
  return {
    status: 200,
    headers: page * size < all.length ? { link: `<${next.href}>; rel="next"` } : {},
    body: all.slice((page - 1) * size, page * size),
  };
}

function wrapped(answer: Answer, name: string, total: number): Answer {
  return { ...answer, body: { total_count: total, [name]: answer.body } };
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw refusal(404, 'Not Found');
  return value;
}

function refusal(status: number, message: string): Refusal {
  return new Refusal({ status, body: { message, documentation_url: 'https://docs.github.com/rest', status: String(status) } });
}

function invalid(resource: string, code: string): Refusal {
  return new Refusal({ status: 422, body: { message: 'Validation Failed', errors: [{ resource, code }] } });
}

function parse(body: string): Call['body'] {
  if (body === '') return {};
  try {
    return JSON.parse(body) as Call['body'];
  } catch {
    throw refusal(400, 'Problems parsing JSON');
  }
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(JSON.stringify(body));
}
