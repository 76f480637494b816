import { createHash } from 'node:crypto';
import { type Answer, type Call, found, invalid, ok, paged, type Route, refusal, wrapped } from './answers.ts';
import type { ApiPull } from './state.ts';

export const REPOSITORY_ROUTES: readonly Route[] = [
  [/^GET $/, ['contents', 'read'], ({ state }) => ok({ full_name: state.repository, default_branch: state.defaultBranch })],
  [/^GET \/actions\/workflows$/, ['actions', 'read'], (call) => wrapped(paged(call.state.workflows, call), 'workflows', call.state.workflows.length)],
  [/^GET \/actions\/workflows\/([^/]+)\/runs$/, ['actions', 'read'], listRuns],
  [/^GET \/contents\/(.+)$/, ['contents', 'read'], readContents],
  [/^PUT \/contents\/(.+)$/, ['contents', 'write'], putContents],
  [/^GET \/git\/ref\/heads\/(.+)$/, ['contents', 'read'], readRef],
  [/^POST \/git\/refs$/, ['contents', 'write'], makeRef],
  [
    /^GET \/pulls$/,
    ['pulls', 'read'],
    (call) =>
      paged(
        call.state.pulls.filter(({ state }) => state === (call.query.get('state') ?? 'open')),
        call,
      ),
  ],
  [/^POST \/pulls$/, ['pulls', 'write'], makePull],
  [/^GET \/collaborators\/([^/]+)\/permission$/, ['contents', 'read'], permissionOf],
];

function listRuns(call: Call): Answer {
  const { state, args, query } = call;
  const workflow = found(state.workflows.find(({ id, path }) => String(id) === args[0] || path.endsWith(`/${args[0]}`)));
  const event = query.get('event');
  const runs = state.runs
    .filter((run) => run.workflow_id === workflow.id && (event === null || run.event === event))
    .sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  return wrapped(paged(runs, call), 'workflow_runs', runs.length);
}

function readContents({ state, args, query }: Call): Answer {
  const path = args[0] ?? '';
  const content = found(filesOf(state, query.get('ref')).get(path));
  const encoded = Buffer.from(content).toString('base64').replaceAll(/.{60}/g, '$&\n');
  return ok({ type: 'file', path, encoding: 'base64', content: encoded, sha: shaOf(content) });
}

/** As GitHub does, it refuses to replace a file of which the caller has not seen the newest version. */
function putContents({ state, args, body }: Call): Answer {
  const path = args[0] ?? '';
  const files = filesOf(state, typeof body['branch'] === 'string' ? body['branch'] : null);
  const before = files.get(path);
  if (before !== undefined && body['sha'] !== shaOf(before))
    throw refusal(before === undefined || body['sha'] === undefined ? 422 : 409, 'sha does not match');
  const content = Buffer.from(String(body['content']), 'base64').toString('utf8');
  files.set(path, content);
  return { status: before === undefined ? 201 : 200, body: { content: { path, sha: shaOf(content) } } };
}

function readRef({ state, args }: Call): Answer {
  const branch = args[0] ?? '';
  filesOf(state, branch);
  return ok({ ref: `refs/heads/${branch}`, object: { type: 'commit', sha: shaOf(branch) } });
}

function makeRef({ state, body }: Call): Answer {
  const [, branch = ''] = /^refs\/heads\/(.+)$/.exec(String(body['ref'])) ?? [];
  if (branch === '' || typeof body['sha'] !== 'string') throw invalid('Reference', 'invalid');
  if (branch === state.defaultBranch || state.branches.has(branch)) throw refusal(422, 'Reference already exists');
  state.branches.set(branch, new Map(state.files));
  return { status: 201, body: { ref: body['ref'], object: { sha: body['sha'] } } };
}

function makePull({ state, body, url }: Call): Answer {
  if (!state.mayMakePulls) throw refusal(403, 'GitHub Actions is not permitted to create or approve pull requests.');
  const [head, base] = [String(body['head']), String(body['base'])];
  if (!state.branches.has(head) || base !== state.defaultBranch) throw invalid('PullRequest', 'invalid');
  if (state.pulls.some((pull) => pull.head.ref === head && pull.state === 'open')) throw invalid('PullRequest', 'custom');
  const number = 500 + state.pulls.length;
  const pull: ApiPull = {
    number,
    title: String(body['title']),
    body: String(body['body'] ?? ''),
    html_url: `https://github.com${url.pathname.replace(/^\/repos/, '').replace(/s$/, '')}/${number}`,
    head: { ref: head },
    base: { ref: base },
    state: 'open',
  };
  state.pulls.push(pull);
  return { status: 201, body: pull };
}

function permissionOf({ state, args }: Call): Answer {
  return ok({ permission: state.collaborators[args[0] ?? ''] ?? 'read', user: { login: args[0] } });
}

function filesOf(state: Call['state'], branch: string | null): Map<string, string> {
  return branch === null || branch === state.defaultBranch ? state.files : found(state.branches.get(branch));
}

function shaOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
