import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';

/** One bash that a person would have open: what a block exports or where it changes to is there in the next one. */
export interface Shell {
  /** Runs a block to its end. With `exit` 0 every command of it must succeed; otherwise its last one must end so. */
  run(script: string, exit: number): Promise<BlockEnd>;
  /** Ends it and whatever it started. */
  close(): Promise<void>;
}

export interface BlockEnd {
  /** `null`: it took too long, and was ended. */
  readonly status: number | null;
  /** Standard output and error, as they would stand on a terminal. */
  readonly printed: string;
  readonly seconds: number;
}

const MOST_SECONDS = 180;

/** @param signal ends it too: what it started is no part of this process's group, and would outlive it */
export function openShell(folder: string, environment: Readonly<Record<string, string>>, signal: AbortSignal): Shell {
  const child = spawn('bash', ['--noprofile', '--norc'], {
    cwd: folder,
    env: environment,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
  ended.catch(() => {});
  const statuses = createInterface({ input: child.stdio[3] as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const stdin = child.stdin as Writable;
  // a bash that has ended reads no more
  stdin.on('error', () => {});
  stdin.write('set -o pipefail\n');
  const endGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // all of it has ended
    }
  };
  signal.addEventListener('abort', endGroup, { once: true });
  let blocks = 0;
  return {
    async run(script, exit) {
      blocks += 1;
      const file = join(folder, `.block-${blocks}`);
      await writeFile(`${file}.sh`, `${script}\n`);
      const started = performance.now();
      stdin.write(`set ${exit === 0 ? '-e' : '+e'}; . ${file}.sh > ${file}.out 2>&1 < /dev/null; echo $? >&3\n`);
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        endGroup();
      }, MOST_SECONDS * 1000);
      const answer = await statuses.next();
      clearTimeout(timer);
      const status = answer.done ? await ended : Number(answer.value);
      const printed = await readFile(`${file}.out`, 'utf8').catch(() => '');
      return { status: late ? null : status, printed, seconds: (performance.now() - started) / 1000 };
    },
    async close() {
      signal.removeEventListener('abort', endGroup);
      endGroup();
      await ended.catch(() => {});
    },
  };
}
