import { exitStatusOf, LifeboatError } from '../errors.ts';
import { ACTIONS, type ActionName, describeInputs, type SettingsOf } from '../options/actions.ts';
import { linesOf } from '../options/value.ts';
import { redact } from '../postgres/secrets.ts';
import { literal } from '../report/markdown/escape.ts';
import { problemMarkdown } from '../report/markdown/problem.ts';
import { errorProblems, type Problem } from '../report/problem.ts';
import { annotate } from './annotations.ts';
import { docsLink } from './docs.ts';
import { inputVariable } from './inputs.ts';
import { writeOutputs } from './outputs.ts';
import { EVERY_DATABASE, namelessDatabase, type Outcome, type Shell, type Told, type Tracked } from './shell.ts';
import { writeSummary } from './summary.ts';

/** Outputs, summary, whoever waits to hear of it, and annotations; answers with the exit status. Nothing here makes a success a failure. */
export async function tellOutcome<A extends ActionName>(outcome: Outcome<A>, settings: SettingsOf<A>, shell: Shell): Promise<number> {
  const { environment, secrets, log } = shell;
  log.close();
  log.info(outcome.headline);
  warn(writeOutputs(secrets.hideInResult(outcome.outputs) as Outcome<A>['outputs'], environment), shell);
  const lines = (await summarize(outcome.markdown, shell)).trim().split('\n');
  const more = lines.length > MOST_LINES ? [`and ${lines.length - MOST_LINES} more lines, in the summary`] : [];
  log.group('Summary', [...lines.slice(0, MOST_LINES), ...more]);
  await followUpAll(outcome.each ?? [outcome], settings, shell);
  if (outcome.tracked !== undefined) await followTrackedOne(outcome.tracked, settings, shell);
  print(outcome.problems ?? [], shell);
  return outcome.ok ? 0 : 1;
}

/** The same for what was thrown. `options` and `settings` are null when they could not be read. */
export async function tellFailure(error: unknown, options: object | null, settings: object | null, shell: Shell): Promise<number> {
  const { name, environment, log, controller } = shell;
  log.close();
  const problems = problemsIn(error, shell);
  const [first, ...others] = problems;
  if (others.length > 0)
    log.group(
      'What went wrong',
      problems.map(({ message }) => message),
    );
  const database = await databaseMeant(options, shell);
  const what = `${name[0]?.toUpperCase()}${name.slice(1)}${isOfDatabase(name) ? ` of ${database ?? 'a database'}` : ''}`;
  const headline = `${what} ${controller.signal.aborted ? 'was stopped' : 'failed'}`;
  const markdown = problemMarkdown(headline, problems, docsLink(first.code ?? 'bug', environment));
  await summarize(markdown, shell);
  if (settings !== null && !controller.signal.aborted) {
    const told: Told = { database: database ?? namelessDatabase(environment), ok: false, headline: `${headline}: ${first.message}`, markdown };
    await followUpAll([told], settings, shell);
  }
  print(problems, shell);
  return exitStatusOf(error);
}

/** What has a store has a database: setup-postgres and matrix have neither. */
function isOfDatabase(name: ActionName): boolean {
  return describeInputs(ACTIONS[name]).some((input) => input.name === 'storage');
}

function takesSeveral(name: ActionName): boolean {
  return describeInputs(ACTIONS[name]).some((input) => input.name === 'database' && input.kind === 'list');
}

function problemsIn(error: unknown, { name, secrets, log }: Shell): [Problem, ...Problem[]] {
  if (error instanceof LifeboatError) {
    const problems = errorProblems(error).map((problem) => ({ ...problem, remedy: asInputs(problem.remedy, name) }));
    return secrets.hideIn(problems) as [Problem, ...Problem[]];
  }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' };
  for (const line of (stack ?? '').split('\n')) log.info(line);
  const remedy = 'Please report this with the stack that is in the log; the backup or restore that was under way does not count.';
  return [{ level: 'error', code: 'bug', title: 'bug', message: `pg-lifeboat itself went wrong: ${secrets.hide(message)}`, remedy }];
}

/** A remedy speaks of the command line's flags, which are inputs here. */
function asInputs(remedy: string, name: ActionName): string {
  const flags = describeInputs(ACTIONS[name]).map(({ flag }) => flag);
  return remedy.replaceAll(/(?<![\w-])--([a-z][a-z0-9-]*)/g, (written, flag: string) => (flags.includes(flag) ? `\`${flag}\`` : written));
}

/** Of the summary, in the log. */
const MOST_LINES = 300;

async function summarize(markdown: string, shell: Shell): Promise<string> {
  const text = hideInMarkdown(markdown, shell);
  warn(await writeSummary(text, shell.environment), shell);
  return text;
}

/** Without a job that may be told of, as for a restore, nobody is. Loaded last, because most runs end without it having anything to do. */
async function followUpAll(told: readonly Told[], settings: object, shell: Shell): Promise<void> {
  if (!('issue' in settings)) return;
  const { issue, githubToken, notifyUrl, heartbeatUrl } = settings as FollowUpSettings;
  const { followUp } = await import('./follow-up.ts');
  const { name, environment, controller, secrets } = shell;
  const isAllWell = told.every(({ ok }) => ok);
  for (const [i, { database, ok, headline, markdown }] of told.entries()) {
    const body = hideInMarkdown(markdown, shell);
    const heartbeat = isAllWell && i === told.length - 1 ? heartbeatUrl : undefined;
    const rest = { issue, token: githubToken, notifyUrl, heartbeatUrl: heartbeat, environment, signal: controller.signal };
    const warnings = await followUp({ verb: name, database, ok, headline: secrets.hide(headline), body }, rest);
    for (const warning of warnings) warn(warning, shell);
  }
}

async function followTrackedOne(tracked: Tracked, settings: object, shell: Shell): Promise<void> {
  if (!('issue' in settings)) return;
  const { issue, githubToken } = settings as FollowUpSettings;
  const { followTracked } = await import('./follow-up.ts');
  const { environment, controller, secrets } = shell;
  const { news, title, headline } = tracked;
  const hidden = { title: secrets.hide(title), headline: secrets.hide(headline), news: news === null ? null : secrets.hide(news) };
  const told = { ...tracked, ...hidden, markdown: hideInMarkdown(tracked.markdown, shell) };
  const rest = { issue, token: githubToken, notifyUrl: undefined, heartbeatUrl: undefined, environment, signal: controller.signal };
  for (const warning of await followTracked(told, rest)) warn(warning, shell);
}

interface FollowUpSettings {
  readonly issue: boolean;
  readonly githubToken?: string;
  readonly notifyUrl?: string;
  readonly heartbeatUrl?: string;
}

function print(problems: readonly Problem[], { log, environment, commands, secrets }: Shell): void {
  const warnings = log.warnings.map((message): Problem => ({ level: 'warning', code: null, title: 'warning', message, remedy: '' }));
  const all = secrets.hideIn([...problems, ...warnings]) as Problem[];
  annotate(all, (problem) => docsLink(problem.code ?? 'bug', environment), commands);
}

/** In Markdown a secret may stand as it is, or escaped. */
function hideInMarkdown(markdown: string, { secrets }: Shell): string {
  const all = secrets.all();
  return redact(markdown, [...all, ...all.map(literal)]);
}

function warn(message: string | null, { log }: Shell): void {
  if (message !== null) log.warn(message);
}

/** The name under which an issue is kept, also when the inputs were not worth reading. */
async function databaseMeant(options: object | null, { name, environment }: Shell): Promise<string | null> {
  const { database, databaseUrl } = (options ?? {}) as { database?: unknown; databaseUrl?: string };
  if (typeof database === 'string') return database;
  const named = environment[inputVariable('database')]?.trim();
  // It may be of several databases; what kept it from all of them is over when the next one reaches the store.
  const several = Array.isArray(database) ? database.map(String) : linesOf(named);
  if (takesSeveral(name)) return several.length === 1 ? (several[0] ?? null) : EVERY_DATABASE;
  if (named) return named;
  const url = describeInputs(ACTIONS[name]).some((input) => input.name === 'databaseUrl')
    ? databaseUrl || environment[inputVariable('database-url')]?.trim() || environment['DATABASE_URL']?.trim()
    : undefined;
  if (!url) return null;
  try {
    const { parseDatabaseUrl } = await import('../postgres/url.ts');
    return parseDatabaseUrl(url, environment).database;
  } catch {
    return null;
  }
}
