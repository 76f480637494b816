import { createTerminalLog, type TerminalLog } from '../../src/cli/terminal.ts';
import type { Context } from '../../src/context.ts';
import { COLOURED, PLAIN, type Style } from '../../src/report/terminal/style.ts';

/** Where the demo is shown. */
export interface Stage {
  readonly style: Style;
  readonly log: TerminalLog;
  /** A numbered headline. */
  act(title: string): void;
  /** Text of ours, which may be coloured. */
  say(text: string): void;
  /** The command that does what is about to happen. */
  command(line: string): void;
}

export function createStage({ stdout, env }: NodeJS.Process, acts: number): Stage {
  const style = stdout.isTTY && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? COLOURED : PLAIN;
  const newLog = (): TerminalLog =>
    createTerminalLog({
      write: (text) => stdout.write(text),
      columns: () => (stdout.isTTY ? stdout.columns : null),
      verbose: false,
      hide: (text) => text,
      style,
    });
  let log = newLog();
  let shown = 0;
  const say = (text: string) => {
    log.close();
    stdout.write(`${text}\n`);
  };
  return {
    style,
    log: {
      info: (message) => log.info(message),
      warn: (message) => log.warn(message),
      output: (program, line) => log.output(program, line),
      progress: (progress) => log.progress(progress),
      close: () => log.close(),
    },
    say,
    act(title) {
      // What was under way in the act before is over.
      log.close();
      log = newLog();
      shown += 1;
      say(`\n${style.strong(`${shown}/${acts} ${title}`)}`);
    },
    command: (line) => say(style.faint(`$ ${line}`)),
  };
}

/** The demo talks to nothing but its own servers, whatever the environment says about others. */
export function demoContext(log: Context['log'], signal: AbortSignal, environment: NodeJS.ProcessEnv): Context {
  const own = Object.entries(environment).filter(([name]) => !/^PG|^DATABASE_URL$|^SCRATCH_DATABASE_URL$/.test(name));
  // What a child says when it is stopped is no news.
  const output = (program: string, line: string) => (signal.aborted ? undefined : log.output(program, line));
  return { log: { ...log, output }, signal, environment: Object.fromEntries(own) };
}
