import { getExecOutput } from '@actions/exec';
import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { Command } from './plan.ts';

/** Runs a command to its end and answers with its standard output. Throws `client-failed` when it fails. */
export type Run = (command: Command) => Promise<string>;

const MOST_LINES = 10;

/** Commands by the runner's own library; what they print is text in the log and nothing else. */
export function runner({ log, environment, signal }: Context): Run {
  return async ({ program, args, env = {} }) => {
    signal.throwIfAborted();
    const last: string[] = [];
    const line = (text: string) => {
      log.output(program, text);
      last.push(text);
      if (last.length > MOST_LINES) last.shift();
    };
    const stopped = Promise.withResolvers<never>();
    const stop = () => stopped.reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const running = getExecOutput(program, [...args], {
        silent: true,
        ignoreReturnCode: true,
        env: { ...definedOf(environment), ...env },
        listeners: { stdline: line, errline: line },
      });
      const { exitCode, stdout } = await Promise.race([running, stopped.promise]);
      if (exitCode === 0) return stdout;
      throw failed(`${program} ${args.join(' ')}`, `ended with ${exitCode}`, last);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof LifeboatError ? error : failed(`${program} ${args.join(' ')}`, 'could not be started', [(error as Error).message]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };
}

function failed(command: string, how: string, last: readonly string[]): LifeboatError {
  return new LifeboatError(
    'client-failed',
    [`${command} ${how}${last.length === 0 ? '.' : ':'}`, ...last].join('\n'),
    "Read the command's last lines; when a mirror or a lock was busy, run the job again.",
    { details: { last } },
  );
}

function definedOf(environment: Context['environment']): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
