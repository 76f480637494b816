import { randomBytes } from 'node:crypto';

/**
 * Workflow commands are lines like any other: whoever can name a table could name it `::set-output name=x::y`.
 * So they are stopped for the whole run, and resumed for the moment in which one of ours is printed.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
 */
export interface Commands {
  /** Prints workflow commands, through @actions/core. */
  issue(print: () => void): void;
  /** Hands the log back to whatever comes after. */
  resume(): void;
}

/** Stops commands at once. */
export function stopCommands(write: (text: string) => void): Commands {
  let token = '';
  const stop = () => {
    token = randomBytes(16).toString('hex');
    write(`::stop-commands::${token}\n`);
  };
  const resume = () => write(`::${token}::\n`);
  stop();
  return {
    resume,
    issue(print) {
      resume();
      try {
        print();
      } finally {
        stop();
      }
    },
  };
}
