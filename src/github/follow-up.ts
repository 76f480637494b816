import { ApiError, type GitHubApi, openApi } from './api.ts';
import { type Happening, reportFailure, reportRecovery } from './failure-issue.ts';
import { beat, type Notice, notify } from './notify.ts';
import { namelessDatabase, type Tracked as TrackedOutcome } from './shell.ts';

/** How a run ended. */
export interface FollowUpOutcome {
  readonly verb: string;
  readonly database: string;
  readonly ok: boolean;
  /** One sentence, plain text. */
  readonly headline: string;
  /** Markdown, escaped. */
  readonly body: string;
}

export interface FollowUpSettings {
  /** Whether a failure opens an issue. Without one, nothing remembers a failure, and no recovery is told to notify-url. */
  readonly issue: boolean;
  readonly token: string | undefined;
  /** A secret, as heartbeatUrl is. */
  readonly notifyUrl: string | undefined;
  readonly heartbeatUrl: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/**
 * Tells those who wait for it: the issue of this database and verb, notify-url of a failure and of the recovery from it, heartbeat-url of
 * every success. Never throws, because a backup that was made must not fail over this.
 * @returns warnings for the log; no secret is in them
 */
export async function followUp(outcome: FollowUpOutcome, settings: FollowUpSettings): Promise<string[]> {
  const { notifyUrl, heartbeatUrl, signal, environment } = settings;
  if (signal.aborted) return ['The run was stopped: no issue was opened or closed, and nobody was notified.'];
  const happening: Happening = { ...outcome, nameless: namelessDatabase(environment), runUrl: runUrl(environment), at: new Date() };
  const tracked = settings.issue ? await track(outcome.ok, happening, settings) : { warning: null, recovered: false };
  const warnings = [tracked.warning];
  if (notifyUrl && (!outcome.ok || tracked.recovered)) {
    const notice: Notice = { ...happening, state: outcome.ok ? 'recovered' : 'failed', repository: environment['GITHUB_REPOSITORY'] || null };
    warnings.push(await notify(notifyUrl, notice, signal));
  }
  if (heartbeatUrl && outcome.ok) warnings.push(await beat(heartbeatUrl, signal));
  return warnings.filter((warning) => warning !== null);
}

/**
 * The same for what stays open until it is done: only its issue, because nothing has failed.
 * @returns warnings for the log
 */
export async function followTracked(tracked: TrackedOutcome, settings: FollowUpSettings): Promise<string[]> {
  const { subject, open, title, news, markdown, ...rest } = tracked;
  if (!settings.issue || settings.signal.aborted) return [];
  const happening: Happening = {
    ...rest,
    verb: subject,
    body: markdown,
    runUrl: runUrl(settings.environment),
    at: new Date(),
    tracked: { title, news },
  };
  const { warning } = await track(!open, happening, settings);
  return warning === null ? [] : [warning];
}

interface Tracked {
  readonly warning: string | null;
  readonly recovered: boolean;
}

async function track(ok: boolean, happening: Happening, { token, environment, signal }: FollowUpSettings): Promise<Tracked> {
  const no = ok ? 'No issue was closed' : 'No issue was opened or brought up to date';
  if (!token) return { warning: `${no}: there is no token; give the input github-token, or set issue to false.`, recovered: false };
  const api = openApi({ token, environment, signal });
  if (api === null) return { warning: `${no}: GITHUB_REPOSITORY names no repository.`, recovered: false };
  try {
    return { warning: null, recovered: await told(api, ok, happening) };
  } catch (error) {
    return { warning: `${no}: ${reasonOf(error)}`, recovered: false };
  }
}

async function told(api: GitHubApi, ok: boolean, happening: Happening): Promise<boolean> {
  if (ok) return (await reportRecovery(api, happening)).length > 0;
  await reportFailure(api, happening);
  return false;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return 'it was stopped, or something unforeseen went wrong.';
  if (error.kind === 'permission' && error.status !== 401)
    return `${error.message} Give the job "permissions: issues: write", or set issue to false.`;
  if (error.status === 410) return `${error.message} Issues are switched off in this repository: set issue to false.`;
  return error.message;
}

function runUrl(environment: FollowUpSettings['environment']): string | null {
  const {
    GITHUB_SERVER_URL: server = 'https://github.com',
    GITHUB_REPOSITORY: repository,
    GITHUB_RUN_ID: run,
    GITHUB_RUN_ATTEMPT: attempt,
  } = environment;
  if (!repository || !run) return null;
  return `${server}/${repository}/actions/runs/${run}${attempt && attempt !== '1' ? `/attempts/${attempt}` : ''}`;
}
