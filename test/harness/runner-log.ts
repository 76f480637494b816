/** A workflow command that the runner would have obeyed. */
export interface ObeyedCommand {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

export interface RunnerLog {
  readonly commands: readonly ObeyedCommand[];
  /** Lines that are only text. */
  readonly text: readonly string[];
  /** Whether commands were handed back at the end. */
  readonly resumed: boolean;
}

/**
 * Reads standard output as the runner does: which lines are commands, in which form, and between which tokens none is
 * (src/Runner.Worker/ActionCommandManager.cs and src/Runner.Common/ActionCommand.cs of actions/runner).
 */
export function readRunnerLog(stdout: string): RunnerLog {
  const commands: ObeyedCommand[] = [];
  const text: string[] = [];
  let stoppedBy: string | null = null;
  for (const line of stdout.split('\n')) {
    const command = parse(line);
    if (stoppedBy !== null) {
      if (command?.name === stoppedBy) stoppedBy = null;
      else text.push(line);
    } else if (command?.name === 'stop-commands') stoppedBy = command.data;
    else if (command === null) text.push(line);
    else commands.push(command);
  }
  return { commands, text, resumed: stoppedBy === null };
}

function parse(line: string): ObeyedCommand | null {
  const [, name, properties = '', data = ''] = /^\s*::([^\s:]+)(?: (.*?))?::(.*)$/.exec(line) ?? /##\[([^\s\]]+)(?: (.*?))?\](.*)$/.exec(line) ?? [];
  if (name === undefined) return null;
  const pairs = properties
    .split(',')
    .flatMap((pair) => (pair === '' ? [] : [[pair.slice(0, pair.indexOf('=')), unescaped(pair.slice(pair.indexOf('=') + 1))]]));
  return { name, properties: Object.fromEntries(pairs), data: unescaped(data) };
}

function unescaped(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%3A', ':').replaceAll('%2C', ',').replaceAll('%25', '%');
}
