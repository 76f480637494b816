import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Answer, type Call, Refusal, refusal } from './github-api/answers.ts';
import { ISSUE_ROUTES } from './github-api/issues.ts';
import { REPOSITORY_ROUTES } from './github-api/repository.ts';
import type { GitHubState } from './github-api/state.ts';

export type * from './github-api/state.ts';

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
    permissions: { issues: 'write', actions: 'read', contents: 'read', pulls: 'none' },
    issuesEnabled: true,
    labels: [],
    issues: [],
    comments: [],
    collaborators: {},
    branches: new Map(),
    pulls: [],
    mayMakePulls: true,
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
  for (const [route, permission, handle] of [...REPOSITORY_ROUTES, ...ISSUE_ROUTES]) {
    const match = route.exec(`${request.method} ${path}`);
    if (!match) continue;
    const [what, needed] = permission;
    const has = state.permissions[what];
    if (has !== 'write' && has !== needed) throw refusal(403, 'Resource not accessible by integration');
    return handle({ state, args: match.slice(1), query: url.searchParams, body: parse(body), url });
  }
  throw refusal(404, 'Not Found');
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
