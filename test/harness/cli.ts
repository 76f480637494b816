import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { clusterOf } from './postgres.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js');

export interface CliOptions {
  /** Beside what every run gets; nothing else of this process's environment is passed on. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it runs: a folder without a lifeboat.yml unless one is meant. */
  readonly folder: string;
  /** For Node, before the script. */
  readonly nodeOptions?: readonly string[];
}

export interface CliEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRun {
  readonly child: ChildProcess;
  readonly ended: Promise<CliEnd>;
}

const started: ChildProcess[] = [];

/** Starts the command line as a user would, in a process of its own. */
export function startCli(args: readonly string[], { environment = {}, folder, nodeOptions = [] }: CliOptions): CliRun {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  const child = spawn(process.execPath, [...nodeOptions, MAIN, ...args], {
    cwd: folder,
    env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), LIFEBOAT_PG_BINDIR: clusterOf().installation.bindir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output.stderr += chunk;
  });
  const ended = new Promise<CliEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...output }));
  });
  return { child, ended };
}

/** One JSON object on one line, and nothing else; anything more fails the test. */
export function onlyJson(stdout: string): Record<string, unknown> {
  if (!/^\{[^\n]*\}\n$/.test(stdout)) throw new Error(`not one line of JSON: ${JSON.stringify(stdout.slice(0, 2000))}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

export function urlOf({ host, port, user, password, database }: ConnectionTarget): string {
  return `postgres://${user}:${encodeURIComponent(password ?? '')}@${host}:${port}/${encodeURIComponent(database)}?sslmode=disable`;
}

/** Pids of the programs of this name that a process has started; a stand-in or a loader may be what runs them. */
export async function childrenOf(pid: number | undefined, program: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, own, parent, command = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === pid && command.includes(`/${program} `) ? [Number(own)] : [];
  });
}

/** A test that failed midway must not leave its process to the next. */
afterEach(() => {
  for (const child of started.splice(0)) if (child.exitCode === null) child.kill('SIGTERM');
});
