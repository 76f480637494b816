import type { ActionName, OutputsOf } from '../options/actions.ts';
import type { Problem } from '../report/problem.ts';
import type { Secrets } from '../shell/secrets.ts';
import type { Commands } from './commands.ts';
import type { RunnerLog } from './log.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What an action's run has at hand from its first moment on. */
export interface Shell {
  readonly name: ActionName;
  readonly process: NodeJS.Process;
  readonly environment: Environment;
  readonly secrets: Secrets;
  readonly commands: Commands;
  readonly log: RunnerLog;
  readonly controller: AbortController;
}

/** What an issue is about when it is about no database in particular. */
export const EVERY_DATABASE = 'every database';

/** What an issue is about when a run failed before it knew its database. The next success in the same workflow closes it. */
export function namelessDatabase(environment: Environment): string {
  return `a database of workflow ${environment['GITHUB_WORKFLOW'] || 'unknown'}`;
}

/** What an issue or a message tells of one database. */
export interface Told {
  readonly database: string;
  readonly ok: boolean;
  /** One sentence of plain text. */
  readonly headline: string;
  /** Escaped. */
  readonly markdown: string;
}

/** What stays open until it is done, in an issue of its own that every run brings up to date: nothing has failed. */
export interface Tracked {
  /** What the issue is about, beside the database: one issue of each. */
  readonly subject: string;
  readonly database: string;
  /** Of the issue, plain text. */
  readonly title: string;
  /** Whether anything is left to do; without, the issue is closed. */
  readonly open: boolean;
  readonly headline: string;
  /** Escaped. */
  readonly markdown: string;
  /** One sentence for those who follow the issue; `null` when this run brings them nothing new. */
  readonly news: string | null;
}

/** How an action ended, unless it threw. Its Markdown is the run's summary. */
export interface Outcome<A extends ActionName> extends Told {
  readonly outputs: OutputsOf<A>;
  /** Why it is not ok; for annotations. */
  readonly problems?: readonly Problem[];
  /** When it was about several databases: what is told of each. */
  readonly each?: readonly Told[];
  readonly tracked?: Tracked;
}
