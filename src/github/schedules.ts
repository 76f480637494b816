import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import type { LookAtWorkflows, Unseen, WatchedWorkflow, WorkflowsLook } from '../watch/watch.ts';
import { ApiError, type GitHubApi, openApi } from './api.ts';
import { readSchedules } from './cron.ts';
import { judgeSchedule } from './judge-schedule.ts';

interface Workflow {
  readonly id: number;
  readonly path: string;
  readonly state: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A workflow's file as it is on the default branch, from which alone schedules are run. */
type Source = { readonly text: string } | { readonly absent: true } | { readonly reason: string };

const FOLDER = '.github/workflows/';
const AT_ONCE = 4;

/** Looks at every workflow of the repository that has a schedule, through GitHub's API. What it may not see is not examined, never clean. */
export function scheduleWatcher(token: string | undefined): LookAtWorkflows {
  return async (files, now, context) => {
    const nothing = (reason: string): WorkflowsLook => ({ workflows: [], unseen: [{ object: 'scheduled workflows', reason }] });
    if (!token) return nothing('there is no token: give the input github-token');
    const api = openApi({ token, environment: context.environment, signal: context.signal });
    if (api === null) return nothing('GITHUB_REPOSITORY names no repository');
    try {
      return await look(api, files.map(pathOf), now, context);
    } catch (error) {
      if (error instanceof ApiError) return nothing(reasonOf(error, 'actions: read'));
      throw error;
    }
  };
}

async function look(api: GitHubApi, wanted: readonly string[], now: Date, context: Context): Promise<WorkflowsLook> {
  const all = await api.list<Workflow>('/actions/workflows', (page) => (page as { workflows: Workflow[] }).workflows);
  // GitHub's own, of Pages or Dependabot, have no file; those of deleted files are still listed.
  const here = all.filter(({ path, state }) => /^\.github\/workflows\/[^/]+$/.test(path) && state !== 'deleted');
  const chosen = wanted.length === 0 ? here : here.filter(({ path }) => wanted.includes(path));
  const sources = await readSources(api, chosen, context);
  const workflows: WatchedWorkflow[] = wanted
    .filter((path) => !here.some((one) => one.path === path))
    .map((path) => bad(path, 'There is no such workflow.'));
  const unseen: Unseen[] = [];
  for (const [i, workflow] of chosen.entries()) {
    const source = sources[i] ?? { absent: true };
    if ('reason' in source) unseen.push({ object: workflow.path, reason: source.reason });
    const schedule = 'text' in source ? readSchedules(source.text) : null;
    if (schedule !== null && 'problem' in schedule) workflows.push(bad(workflow.path, schedule.problem));
    else if (schedule !== null) {
      const since = new Date(Math.max(Date.parse(workflow.created_at), Date.parse(workflow.updated_at)));
      const lastRunAt = await lastScheduledRun(api, workflow);
      workflows.push(judgeSchedule({ file: workflow.path, state: workflow.state, since, schedules: schedule.schedules, lastRunAt }, now));
    } else if (wanted.length > 0 && !('reason' in source)) workflows.push(bad(workflow.path, 'It has no schedule.'));
  }
  return { workflows, unseen };
}

async function lastScheduledRun(api: GitHubApi, { id }: Workflow): Promise<Date | null> {
  const { workflow_runs: runs } = await api.get<{ workflow_runs: { created_at: string }[] }>(
    `/actions/workflows/${id}/runs?event=schedule&exclude_pull_requests=true&per_page=1`,
  );
  return runs[0] === undefined ? null : new Date(runs[0].created_at);
}

/** From the API; from the checkout where the token may not read the repository, which GitHub answers as if nothing were there. */
async function readSources(api: GitHubApi, workflows: readonly Workflow[], context: Context): Promise<Source[]> {
  const fromApi: Source[] = [];
  for (let i = 0; i < workflows.length; i += AT_ONCE) {
    fromApi.push(...(await Promise.all(workflows.slice(i, i + AT_ONCE).map(({ path }) => readContents(api, path)))));
  }
  const mayRead = fromApi.some((source) => 'text' in source);
  return Promise.all(
    workflows.map(async ({ path }, i): Promise<Source> => {
      const source = fromApi[i] ?? { absent: true };
      if ('text' in source || ('absent' in source && mayRead)) return source;
      const text = await readFile(join(context.environment['GITHUB_WORKSPACE'] ?? '', path), 'utf8').catch(() => null);
      if (text !== null) return { text };
      return 'reason' in source
        ? source
        : { reason: 'its file could not be read: give the job "permissions: contents: read", or check the repository out first' };
    }),
  );
}

async function readContents(api: GitHubApi, path: string): Promise<Source> {
  try {
    const { content } = await api.get<{ content: string }>(`/contents/${path.split('/').map(encodeURIComponent).join('/')}`);
    return { text: Buffer.from(content, 'base64').toString() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.status === 404 ? { absent: true } : { reason: reasonOf(error, 'contents: read') };
  }
}

function bad(file: string, message: string): WatchedWorkflow {
  return { file, schedules: [], lastRunAt: null, dueAt: null, findings: [{ object: file, message }] };
}

function pathOf(file: string): string {
  return file.startsWith(FOLDER) ? file : `${FOLDER}${file}`;
}

function reasonOf({ kind, status, message }: ApiError, permission: string): string {
  return kind === 'permission' && status !== 401 ? `${message} Give the job "permissions: ${permission}".` : message;
}
