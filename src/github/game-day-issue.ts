import { z } from 'zod';
import type { GameDay } from '../game-day/game-day.ts';
import type { StampingComment } from '../game-day/stamps.ts';
import { ApiError, type GitHubApi } from './api.ts';
import { markerOf } from './issue-body.ts';

export interface GameDayIssue {
  readonly number: number;
  readonly title: string;
  readonly body: string | null;
  readonly state: 'open' | 'closed';
  readonly html_url: string;
  readonly labels: readonly { readonly name: string }[];
  readonly pull_request?: unknown;
}

interface Comment {
  readonly id: number;
  readonly body: string;
  readonly user: { readonly login: string } | null;
  readonly created_at: string;
  readonly updated_at: string;
}

const nullableText = z.string().nullable();
const gameDay: z.ZodType<GameDay> = z.object({
  scenario: z.string(),
  title: z.string(),
  database: nullableText,
  openedAt: z.iso.datetime(),
  targets: z.object({ rtoSeconds: z.number(), rpoSeconds: z.number() }),
  steps: z.array(z.object({ title: z.string(), recovered: z.boolean() })).min(1),
  snapshotAt: nullableText,
  drillSeconds: z.number().nullable(),
});

export const GAME_DAY_LABEL = 'lifeboat-game-day';

/** The issue of a game day that is under way. @throws ApiError */
export async function findOpenGameDay(api: GitHubApi, day: GameDay): Promise<GameDayIssue | undefined> {
  const issues = await api.list<GameDayIssue>(`/issues?labels=${GAME_DAY_LABEL}&state=open&sort=created&direction=asc`);
  return issues.find(({ pull_request, body }) => pull_request === undefined && (body ?? '').startsWith(marker(day)));
}

/** Opens the issue. @throws ApiError */
export async function openGameDay(api: GitHubApi, day: GameDay, page: string): Promise<GameDayIssue> {
  const title = `Game day: ${day.title}${day.database === null ? '' : ` (${day.database})`}`;
  return api.post('/issues', { title: title.slice(0, 200), body: `${head(day)}\n${page}`, labels: [GAME_DAY_LABEL] });
}

/** `null` for an issue that is not a game day's, or whose first lines were edited. */
export function readGameDay({ body, labels, pull_request }: GameDayIssue): GameDay | null {
  if (pull_request !== undefined || !labels.some(({ name }) => name === GAME_DAY_LABEL)) return null;
  const [, json = ''] = /^<!-- lifeboat:game-day:[^\n]* -->\r?\n<!-- lifeboat-game-day (\{[^\n]*\}) -->/.exec(body ?? '') ?? [];
  try {
    return gameDay.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

/** Comments with a command in them, of people who may write to the repository. @throws ApiError */
export async function readStampingComments(api: GitHubApi, issue: GameDayIssue): Promise<StampingComment[]> {
  const comments = await api.list<Comment>(`/issues/${issue.number}/comments`);
  const commands = comments.filter(({ body }) => /^\/lifeboat\b/im.test(body));
  const mayWrite = new Map<string, boolean>();
  for (const { user } of commands) {
    const login = user?.login ?? '';
    if (!mayWrite.has(login)) mayWrite.set(login, login !== '' && (await canWrite(api, login)));
  }
  return commands
    .filter(({ user }) => mayWrite.get(user?.login ?? ''))
    .map((comment) => ({
      id: comment.id,
      by: comment.user?.login ?? '',
      at: comment.created_at,
      text: comment.body,
      edited: comment.updated_at !== comment.created_at,
    }));
}

/** GitHub says `write` of somebody who maintains, too. */
async function canWrite(api: GitHubApi, login: string): Promise<boolean> {
  try {
    const { permission } = await api.get<{ permission: string }>(`/collaborators/${encodeURIComponent(login)}/permission`);
    return permission === 'write' || permission === 'admin';
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return false;
    throw error;
  }
}

function marker(day: GameDay): string {
  return markerOf('game-day', `${day.scenario} ${day.database ?? ''}`);
}

/** A `>` inside could end the comment. */
function head(day: GameDay): string {
  return `${marker(day)}\n<!-- lifeboat-game-day ${JSON.stringify(day).replaceAll('>', '\\u003e')} -->`;
}
