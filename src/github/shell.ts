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

/** How an action ended, unless it threw. Its Markdown is the run's summary. */
export interface Outcome<A extends ActionName> extends Told {
  readonly outputs: OutputsOf<A>;
  /** Why it is not ok; for annotations. */
  readonly problems?: readonly Problem[];
  /** When it was about several databases: what is told of each. */
  readonly each?: readonly Told[];
}
