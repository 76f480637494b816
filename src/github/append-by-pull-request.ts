import { ApiError, type GitHubApi } from './api.ts';

export interface FileChange {
  /** In the repository. */
  readonly path: string;
  /** One for each change: asking for it again goes on where the last one was lost. */
  readonly branch: string;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  /** From the file's text, `null` when there is none yet, to its new text. */
  readonly change: (text: string | null) => string;
}

interface Repository {
  readonly default_branch: string;
}
interface Ref {
  readonly object: { readonly sha: string };
}
interface Contents {
  readonly content: string;
  readonly sha: string;
}
interface PullRequest {
  readonly html_url: string;
  readonly head: { readonly ref: string };
}

/**
 * Changes one file of the default branch by a pull request. Needs the permissions `contents: write` and `pull-requests: write`.
 * @returns the pull request's address
 * @throws ApiError
 */
export async function changeByPullRequest(api: GitHubApi, { path, branch, title, body, change }: FileChange): Promise<string> {
  const { default_branch: base } = await api.get<Repository>('');
  const { object } = await api.get<Ref>(`/git/ref/heads/${base}`);
  await unlessThere(() => api.post('/git/refs', { ref: `refs/heads/${branch}`, sha: object.sha }, { repeatable: true }));
  const before = await contentsOf(api, path, branch);
  const text = before === null ? null : Buffer.from(before.content, 'base64').toString('utf8');
  const after = change(text);
  if (after !== text) {
    const content = Buffer.from(after).toString('base64');
    await api.put(`/contents/${encodeURI(path)}`, { message: title, content, branch, ...(before === null ? {} : { sha: before.sha }) });
  }
  const made = await unlessThere(() => api.post<PullRequest>('/pulls', { title, body, head: branch, base }, { repeatable: true }));
  if (made !== null) return made.html_url;
  const open = await api.list<PullRequest>(`/pulls?state=open&base=${encodeURIComponent(base)}`);
  const ours = open.find(({ head }) => head.ref === branch);
  if (ours === undefined) throw new ApiError('other', 422, `GitHub made no pull request of ${branch}, and has none.`);
  return ours.html_url;
}

async function contentsOf(api: GitHubApi, path: string, ref: string): Promise<Contents | null> {
  try {
    return await api.get<Contents>(`/contents/${encodeURI(path)}?ref=${encodeURIComponent(ref)}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** `null` when it is there already: GitHub answers with 422. */
async function unlessThere<T>(make: () => Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) return null;
    throw error;
  }
}
