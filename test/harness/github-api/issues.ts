import { type Answer, type Call, found, invalid, ok, paged, type Route, refusal } from './answers.ts';
import type { ApiComment, ApiIssue } from './state.ts';

export const ISSUE_ROUTES: readonly Route[] = [
  [/^GET \/labels\/([^/]+)$/, ['issues', 'read'], ({ state, args }) => ok(found(state.labels.find(({ name }) => name === args[0])))],
  [/^POST \/labels$/, ['issues', 'write'], makeLabel],
  [/^GET \/issues$/, ['issues', 'read'], listIssues],
  [/^POST \/issues$/, ['issues', 'write'], makeIssue],
  [/^GET \/issues\/(\d+)$/, ['issues', 'read'], (call) => ok(issueOf(call))],
  [/^PATCH \/issues\/(\d+)$/, ['issues', 'write'], changeIssue],
  [/^GET \/issues\/(\d+)\/comments$/, ['issues', 'read'], listComments],
  [/^POST \/issues\/(\d+)\/comments$/, ['issues', 'write'], makeComment],
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
  const now = new Date().toISOString();
  const comment: ApiComment = {
    id: 1000 + call.state.comments.length,
    issue: issueOf(call).number,
    body,
    user: { login: 'github-actions[bot]' },
    created_at: now,
    updated_at: now,
  };
  call.state.comments.push(comment);
  return { status: 201, body: comment };
}

function listComments(call: Call): Answer {
  const { number } = issueOf(call);
  return paged(
    call.state.comments.filter(({ issue }) => issue === number),
    call,
  );
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
