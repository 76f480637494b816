import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Child {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMinutes: number;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

/** The runner's patience with a step that is to stop: SIGINT, SIGTERM after 7.5 s, SIGKILL after 2.5 s more. */
const PATIENCE_MS = [7_500, 2_500] as const;

/** Runs a step's process and answers with its exit status, or `null` when it was made to stop. */
export function runChild({ command: [program = '', ...args], folder, environment, timeoutMinutes, signal, onLine }: Child): Promise<number | null> {
  const child = spawn(program, args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const timers: NodeJS.Timeout[] = [];
  let stopped = false;
  const send = (name: NodeJS.Signals, whole: boolean) => {
    try {
      process.kill(whole ? -(child.pid as number) : (child.pid as number), name);
    } catch {
      // it is gone
    }
  };
  const stop = () => {
    stopped = true;
    send('SIGINT', false);
    timers.push(setTimeout(() => send('SIGTERM', false), PATIENCE_MS[0]));
    timers.push(setTimeout(() => send('SIGKILL', true), PATIENCE_MS[0] + PATIENCE_MS[1]));
  };
  timers.push(setTimeout(stop, timeoutMinutes * 60_000));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);
  return new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(stopped ? null : (status ?? 1)));
  }).finally(() => {
    signal.removeEventListener('abort', stop);
    for (const timer of timers) clearTimeout(timer);
  });
}
