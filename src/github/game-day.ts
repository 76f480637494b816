import { readFile } from 'node:fs/promises';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { GameDay } from '../game-day/game-day.ts';
import { withMeasurement } from '../game-day/measurements.ts';
import { gameDayPage, readConfidence, totalsTable, withClock } from '../game-day/page.ts';
import { MEASUREMENTS, prepareGameDay } from '../game-day/prepare.ts';
import { stampSteps } from '../game-day/stamps.ts';
import { computeTotals, type Totals } from '../game-day/totals.ts';
import type { GameDayOptions } from '../options/game-day.ts';
import { counted } from '../report/format.ts';
import { literal } from '../report/markdown/escape.ts';
import { predictionText } from '../report/prediction.ts';
import { ApiError, type GitHubApi, openApi } from './api.ts';
import { changeByPullRequest } from './append-by-pull-request.ts';
import { findOpenGameDay, type GameDayIssue, openGameDay, readGameDay, readStampingComments } from './game-day-issue.ts';
import type { Outcome } from './shell.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type GameDayOutcome = Outcome<'game-day'>;

interface Event {
  readonly action?: string;
  readonly issue?: { readonly number: number };
  readonly comment?: { readonly id: number };
}

/**
 * What an event means for a game day: a comment on its issue stamps a step, closing the issue measures it, anything else opens one.
 * @param shipped folders of the project's own scenarios
 * @throws LifeboatError, also for what GitHub refused: here it is what the run is for
 */
export async function playGameDay(
  options: GameDayOptions,
  token: string | undefined,
  shipped: readonly string[],
  context: Context,
): Promise<GameDayOutcome> {
  const { environment, signal } = context;
  const api = token ? openApi({ token, environment, signal }) : null;
  if (api === null) throw refused('There is no token, or no repository.', 'Give the input github-token, and run it in GitHub Actions.');
  try {
    const event = await readEvent(environment);
    const number = event.issue?.number;
    const name = environment['GITHUB_EVENT_NAME'];
    if (name === 'issue_comment' && number !== undefined) return await stamp(api, await issueOf(api, number), event.comment?.id ?? 0);
    if (name === 'issues' && event.action === 'closed' && number !== undefined) return await close(api, await issueOf(api, number), options, context);
    return await open(api, options, shipped, context);
  } catch (error) {
    if (error instanceof ApiError)
      throw refused(error.message, 'Check the permissions of the job: issues, contents and pull-requests: write.', error);
    throw error;
  }
}

async function open(api: GitHubApi, options: GameDayOptions, shipped: readonly string[], context: Context): Promise<GameDayOutcome> {
  const now = new Date();
  const preparation = await prepareGameDay(options, { runbooksUrl: runbooksUrl(context.environment), shipped }, now, context);
  const { day, checklist, prediction } = preparation;
  const before = await findOpenGameDay(api, day);
  const issue = before ?? (await openGameDay(api, day, gameDayPage(preparation, now)));
  const missing = checklist.filter(({ verdict }) => verdict !== 'yes');
  const lines = [
    `## Game day: ${literal(day.title)}`,
    '',
    before === undefined ? `Opened ${link(issue)}.` : `${link(issue)} is still open, and nothing was opened beside it.`,
    '',
    `Recovery in six months: ${literal(predictionText(prediction))}.`,
    ...(missing.length === 0 ? [] : ['', 'Not ready:', '', ...missing.map(({ title, evidence }) => `- ${literal(title)}: ${literal(evidence)}`)]),
  ];
  const headline =
    before === undefined ? `Game day ${day.scenario} is open: #${issue.number}.` : `Game day ${day.scenario} is still open: #${issue.number}.`;
  return outcome(day, issue, headline, lines.join('\n'), null);
}

async function stamp(api: GitHubApi, issue: GameDayIssue, commentId: number): Promise<GameDayOutcome> {
  const day = dayOf(issue);
  const { steps, problems } = stampSteps(day, await readStampingComments(api, issue));
  await showClock(api, issue, day, steps);
  const wrong = problems.get(commentId) ?? [];
  if (wrong.length > 0) await api.post(`/issues/${issue.number}/comments`, { body: wrong.join('\n\n') });
  const totals = computeTotals(day, steps);
  const headline = `${counted(totals.done, 'step')} of ${totals.steps} done in #${issue.number}${wrong.length > 0 ? '; the comment could not be understood whole' : ''}.`;
  return outcome(day, issue, headline, [`## ${literal(headline)}`, '', ...totalsTable(day, totals)].join('\n'), totals);
}

async function close(api: GitHubApi, issue: GameDayIssue, { scenarios }: GameDayOptions, context: Context): Promise<GameDayOutcome> {
  const day = dayOf(issue);
  const { steps } = stampSteps(day, await readStampingComments(api, issue));
  await showClock(api, issue, day, steps);
  const totals = computeTotals(day, steps);
  const table = totalsTable(day, totals);
  if (totals.startedAt === null) {
    const headline = `#${issue.number} was closed before its first step began: nothing was measured.`;
    await api.post(`/issues/${issue.number}/comments`, { body: headline });
    return outcome(day, issue, headline, `## ${literal(headline)}`, totals);
  }
  const measured = { day, totals, issue: { number: issue.number, url: issue.html_url }, confidence: readConfidence(issue.body ?? '') };
  const path = `${scenarios}/${MEASUREMENTS}`;
  const where = await changeByPullRequest(api, {
    path,
    branch: `lifeboat/game-day-${issue.number}`,
    title: `Record the game day of #${issue.number}`,
    body: `What was measured in ${issue.html_url}.`,
    change: (text) => withMeasurement(text, measured),
  }).catch((error: unknown) => {
    if (!(error instanceof ApiError)) throw error;
    context.log.warn(`No pull request could be made: ${error.message}`);
    return null;
  });
  const row = withMeasurement(null, measured).trimEnd().split('\n').at(-1) ?? '';
  const recorded =
    where === null ? `No pull request could be made. Append this row to \`${path}\`:\n\n\`\`\`\n${row}\n\`\`\`` : `Recorded by ${where}.`;
  await api.post(`/issues/${issue.number}/comments`, { body: [...table, '', recorded].join('\n') });
  const headline = `Game day ${day.scenario} is over: ${totals.done} of ${totals.steps} steps done.`;
  return outcome(day, issue, headline, [`## ${literal(headline)}`, '', ...table, '', recorded].join('\n'), totals);
}

/** Another run may show the same at the same moment: both have read all comments. */
async function showClock(api: GitHubApi, issue: GameDayIssue, day: GameDay, steps: Parameters<typeof withClock>[2]): Promise<void> {
  const page = withClock(issue.body ?? '', day, steps);
  if (page === null) throw unreadable(issue);
  if (page !== issue.body) await api.patch(`/issues/${issue.number}`, { body: page });
}

function issueOf(api: GitHubApi, number: number): Promise<GameDayIssue> {
  return api.get(`/issues/${number}`);
}

function dayOf(issue: GameDayIssue): GameDay {
  const day = readGameDay(issue);
  if (day === null) throw unreadable(issue);
  return day;
}

function unreadable(issue: GameDayIssue): LifeboatError {
  return new LifeboatError(
    'game-day-unreadable',
    `Issue #${issue.number} is not a game day's, or its hidden lines were edited away.`,
    "Bring the issue's first lines and its lifeboat:steps markers back from the history of its text, or open a new game day.",
    { details: { issue: issue.number } },
  );
}

function refused(message: string, remedy: string, cause?: unknown): LifeboatError {
  return new LifeboatError('github-failed', message, remedy, { cause });
}

async function readEvent(environment: Environment): Promise<Event> {
  const path = environment['GITHUB_EVENT_PATH'];
  return path ? (JSON.parse(await readFile(path, 'utf8')) as Event) : {};
}

function runbooksUrl(environment: Environment): string {
  const repository = environment['LIFEBOAT_REPOSITORY'] || environment['GITHUB_ACTION_REPOSITORY'] || environment['GITHUB_REPOSITORY'] || '';
  const version = environment['LIFEBOAT_COMMIT'] || environment['GITHUB_ACTION_REF'] || environment['GITHUB_SHA'] || 'main';
  return `${environment['GITHUB_SERVER_URL'] || 'https://github.com'}/${repository}/blob/${version}/runbooks`;
}

function link({ number, html_url }: GameDayIssue): string {
  return `[#${number}](${html_url})`;
}

function outcome(day: GameDay, issue: GameDayIssue, headline: string, markdown: string, totals: Totals | null): GameDayOutcome {
  return {
    ok: true,
    database: day.database ?? '',
    headline,
    markdown,
    outputs: {
      issue: issue.number,
      url: issue.html_url,
      scenario: day.scenario,
      'recovery-seconds': totals?.recoverySeconds ?? '',
      'rto-met': totals?.rtoMet ?? '',
      'rpo-met': totals?.rpoMet ?? '',
    },
  };
}
