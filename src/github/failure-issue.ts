import { literal } from '../report/markdown/escape.ts';
import { ApiError, type GitHubApi } from './api.ts';
import { type IssueState, issueBody, markerOf, readState } from './issue-body.ts';

/** What happened, as an issue tells it. */
export interface Happening {
  /** What was done: `backup`, `drill`, `watch`. One issue per database and verb. */
  readonly verb: string;
  readonly database: string;
  /** Under which name a failure before the database was known is kept; a success closes that issue too. */
  readonly nameless?: string;
  /** One sentence, plain text. */
  readonly headline: string;
  /** Markdown, escaped. */
  readonly body: string;
  readonly runUrl: string | null;
  readonly at: Date;
  /** When it is no failure, but something that stays open: what the issue is called, and what is new about it. */
  readonly tracked?: { readonly title: string; readonly news: string | null };
}

interface Issue {
  readonly number: number;
  readonly body: string | null;
  readonly created_at: string;
  readonly html_url: string;
  readonly pull_request?: unknown;
}

const LABEL = 'lifeboat';

/**
 * Opens the issue of this database and verb, or brings the one that is open up to date: never a second one.
 * Somebody who follows it hears of further failures once a day.
 * @returns its address
 * @throws ApiError
 */
export async function reportFailure(api: GitHubApi, happening: Happening): Promise<string> {
  const [open, ...younger] = await openIssues(api, happening);
  // From a run that raced with another and was stopped before it saw that.
  for (const issue of younger) await closeDuplicate(api, issue, open?.number ?? 0);
  return open === undefined ? create(api, happening) : update(api, open, happening);
}

/**
 * Closes what is open, with a comment that names the run.
 * @returns the addresses of what was open
 * @throws ApiError
 */
export async function reportRecovery(api: GitHubApi, happening: Happening): Promise<string[]> {
  const open = await openIssues(api, happening, happening.nameless);
  for (const issue of open) {
    await api.post(`/issues/${issue.number}/comments`, { body: closingComment(happening) });
    await api.patch(`/issues/${issue.number}`, { state: 'closed', state_reason: 'completed' });
  }
  return open.map((issue) => issue.html_url);
}

/** The oldest first. Whoever wants to plant an issue of this kind would have to be allowed to label it. */
async function openIssues(api: GitHubApi, { verb, database }: Happening, also = database): Promise<Issue[]> {
  const issues = await api.list<Issue>(`/issues?labels=${LABEL}&state=open&sort=created&direction=asc`);
  const markers = [markerOf(verb, database), markerOf(verb, also)];
  const isOurs = (body: string) => markers.some((marker) => body.trimStart().startsWith(marker));
  return issues.filter((issue) => issue.pull_request === undefined && isOurs(issue.body ?? '')).sort((a, b) => a.number - b.number);
}

async function create(api: GitHubApi, happening: Happening): Promise<string> {
  await ensureLabel(api);
  const at = happening.at.toISOString();
  const state: IssueState = { count: 1, first: at, told: at };
  // Sent again when it got no answer: a duplicate is found and closed right below.
  const made = await api.post<Issue>('/issues', { ...issueBody(happening, state), labels: [LABEL] }, { repeatable: true });
  // Another run may have done the same at the same moment. Both see both now, and both keep the older.
  const [oldest = made] = await openIssues(api, happening);
  if (oldest.number >= made.number) return made.html_url;
  await closeDuplicate(api, made, oldest.number);
  return update(api, oldest, happening);
}

async function update(api: GitHubApi, issue: Issue, happening: Happening): Promise<string> {
  const before = readState(issue.body ?? '') ?? { count: 1, first: issue.created_at, told: issue.created_at };
  const at = happening.at.toISOString();
  const sameDay = before.told.slice(0, 10) === at.slice(0, 10);
  const state: IssueState = { count: before.count + 1, first: before.first, told: sameDay ? before.told : at };
  await api.patch(`/issues/${issue.number}`, issueBody(happening, state));
  const news = newsOf(happening, state, sameDay);
  if (news !== null) await api.post(`/issues/${issue.number}/comments`, { body: news });
  return issue.html_url;
}

/** Of what stays open there is news when something about it is new; of a failure, once a day. */
function newsOf(happening: Happening, { count }: IssueState, sameDay: boolean): string | null {
  if (happening.tracked === undefined) return sameDay ? null : `Failed again, ${count} times now: ${runOf(happening)}.`;
  return happening.tracked.news === null ? null : `${literal(happening.tracked.news)} See ${runOf(happening)}.`;
}

function closingComment(happening: Happening): string {
  return happening.tracked === undefined
    ? `Recovered: ${runOf(happening)} succeeded.`
    : `Nothing is left to do: ${runOf(happening)} found nothing more.`;
}

async function closeDuplicate(api: GitHubApi, issue: Issue, of: number): Promise<void> {
  await api.post(`/issues/${issue.number}/comments`, { body: `Two runs failed at the same moment: this is about the same as #${of}.` });
  await api.patch(`/issues/${issue.number}`, { state: 'closed', state_reason: 'not_planned' });
}

async function ensureLabel(api: GitHubApi): Promise<void> {
  try {
    await api.get(`/labels/${LABEL}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    await api
      .post('/labels', { name: LABEL, color: 'd93f0b', description: 'A backup, drill or watch of pg-lifeboat that failed' })
      .catch((refused: unknown) => {
        // 422: another run has made it in between
        if (!(refused instanceof ApiError) || refused.status !== 422) throw refused;
      });
  }
}

function runOf({ runUrl }: Happening): string {
  return runUrl === null ? 'a run' : `[this run](${runUrl})`;
}
