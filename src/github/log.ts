import { endGroup, startGroup } from '@actions/core';
import type { Log } from '../context.ts';
import { visible } from '../report/format.ts';
import { createMeter } from '../shell/meter.ts';
import { isWorthSaying, MOST_OUTPUT } from '../shell/worth-saying.ts';
import type { Commands } from './commands.ts';

export interface RunnerLogOptions {
  readonly write: (text: string) => void;
  readonly commands: Commands;
  /** Takes secrets out of a text. */
  readonly hide: (text: string) => string;
  /** Everything that programs print, as RUNNER_DEBUG asks for. */
  readonly verbose: boolean;
  /** Milliseconds. */
  readonly now?: () => number;
}

export interface RunnerLog extends Log {
  /** What was warned of, for annotations. */
  readonly warnings: readonly string[];
  /** Several lines, folded. */
  group(title: string, lines: readonly string[]): void;
  close(): void;
}

const LINE_EVERY_MS = 30_000;

/** The log of a run on a runner: a group for each phase, everything else as text on lines of its own. Workflow commands must be stopped. */
export function createRunnerLog({ write, commands, hide, verbose, now = () => performance.now() }: RunnerLogOptions): RunnerLog {
  const meter = createMeter(now);
  const warnings: string[] = [];
  const phases = new Set<string>();
  let open = false;
  let lastShown = now();
  let printed = 0;

  const say = (text: string) => write(`${asText(visible(hide(text)))}\n`);
  const close = () => {
    if (open) commands.issue(endGroup);
    open = false;
  };
  const begin = (title: string) => {
    close();
    commands.issue(() => startGroup(visible(hide(title))));
    open = true;
  };
  return {
    warnings,
    info: say,
    warn(message) {
      const text = hide(message);
      if (!warnings.includes(text)) warnings.push(text);
      say(`warning: ${message}`);
    },
    output(program, line) {
      if (!verbose && !isWorthSaying(line)) return;
      printed += 1;
      if (verbose || printed <= MOST_OUTPUT) say(line.startsWith(`${program}:`) ? line : `${program}: ${line}`);
    },
    progress(progress) {
      meter.update(progress);
      if (!phases.has(progress.phase)) {
        phases.add(progress.phase);
        begin(progress.phase);
      }
      if (now() - lastShown < LINE_EVERY_MS) return;
      lastShown = now();
      say(meter.line());
    },
    group(title, lines) {
      begin(title);
      for (const line of lines) say(line);
      close();
    },
    close() {
      close();
      const more = printed - MOST_OUTPUT;
      if (!verbose && more > 0) say(`${more} more lines like these were not shown; a run with debug logging shows them.`);
    },
  };
}

/** Commands are stopped, but the page that shows the log has colours and folds of its own for lines that begin like one. */
function asText(line: string): string {
  return /^\s*(?:::|##\[)/.test(line) ? `| ${line}` : line;
}
