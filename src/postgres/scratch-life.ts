import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { removeFolder, type ScratchFolder } from './scratch-folder.ts';
import type { ServiceUser } from './service-user.ts';

/** How a child ended; `error` when it never began. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

export interface LivingChild {
  readonly pid: number | undefined;
  readonly ended: Promise<ChildEnd>;
}

/** The children of one scratch, of which at most one lives at a time, and the way to end them. */
export interface Life {
  /** What the child prints goes to the log of the folder. Throws when the scratch is being stopped. */
  run(program: 'initdb' | 'postgres', args: readonly string[]): LivingChild;
  readonly stopping: boolean;
  stop(): Promise<void>;
  /** Lets the child live on when this process ends. */
  release(): void;
  /** For the exit of this process, where nothing can be awaited. */
  stopNow(): void;
}

export function lifeOf(folder: ScratchFolder, bindir: string, user: ServiceUser | null, environment: Record<string, string>): Life {
  let child: ChildProcess | undefined;
  let name = '';
  let ended: Promise<unknown> = Promise.resolve();
  let stopped: Promise<void> | undefined;

  const kill = (signal: NodeJS.Signals): void => {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      // initdb runs children of its own: its whole process group is meant. A postmaster ends its children by itself.
      process.kill(-child.pid, signal);
    } catch {
      child.kill(signal);
    }
  };
  const stop = async (): Promise<void> => {
    // SIGQUIT is the immediate shutdown: nothing is written, since nothing is kept.
    kill(name === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
    await within(ended, 1000);
    kill('SIGKILL');
    await within(ended, 250);
    await removeFolder(folder);
  };

  return {
    run(program, args) {
      if (stopped) throw new Error('it is being stopped');
      const log = openSync(folder.log, 'a', 0o600);
      const started = spawn(join(bindir, program), args, {
        cwd: folder.path,
        env: environment,
        // A ^C in the terminal is for us: we end the server when we are done with it.
        detached: true,
        stdio: ['ignore', log, log],
        ...(user ? { uid: user.uid, gid: user.gid } : {}),
      });
      closeSync(log);
      child = started;
      name = program;
      const end = new Promise<ChildEnd>((resolve) => {
        started.once('error', (error) => resolve({ code: null, signal: null, error }));
        started.once('exit', (code, signal) => resolve({ code, signal }));
      });
      ended = end;
      return { pid: started.pid, ended: end };
    },
    get stopping() {
      return stopped !== undefined;
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
    release() {
      child?.unref();
    },
    stopNow() {
      kill('SIGKILL');
      folder.removeNow();
    },
  };
}

function within(promise: Promise<unknown>, ms: number): Promise<unknown> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
