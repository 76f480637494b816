import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { execa } from 'execa';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { childEnvironment } from './environment.ts';
import { fromStderr, withoutRowValues } from './errors.ts';
import { type Installation, installHint } from './programs.ts';
import { type ConnectionTarget, libpqEnvironment } from './url.ts';

export interface ProgramOptions {
  readonly installation: Installation;
  readonly program: 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'psql';
  /** Never a secret: every user of the machine can read them. */
  readonly args: readonly string[];
  readonly target?: ConnectionTarget;
  readonly context: Context;
  /** A non-zero exit status resolves `done` instead of rejecting it. */
  readonly allowFailure?: boolean;
}

export interface ProgramEnd {
  /** The last 200 lines, without row values. */
  readonly stderr: readonly string[];
  /** How many lines there were. */
  readonly stderrLines: number;
  readonly exitCode: number;
}

export interface RunningProgram {
  /** The raw pipe: nothing is buffered. It must be read to its end, or the program waits for ever. */
  readonly stdout: Readable;
  readonly stdin: Writable;
  /**
   * Rejects with a mapped LifeboatError on failure, death by a signal or a program that is not there; with the signal's reason on abort,
   * once the program is gone.
   */
  readonly done: Promise<ProgramEnd>;
}

const KEPT_LINES = 200;

/** Starts a client program. Output counts only after `done` has resolved. */
export function startProgram({ installation, program, args, target, context, allowFailure = false }: ProgramOptions): RunningProgram {
  const { log, signal, environment } = context;
  const child = execa(join(installation.bindir, program), args, {
    env: { ...childEnvironment(environment), ...(target ? libpqEnvironment(target) : {}) },
    extendEnv: false,
    buffer: false,
    reject: false,
    stripFinalNewline: false,
    cancelSignal: signal,
    forceKillAfterDelay: 500,
  });
  // The reader of stdin may end first (pg_restore stops at an error): its exit status says why, the pipe's EPIPE does not.
  child.stdin.on('error', () => {});
  // A worker of pg_restore -j may outlive its leader by a moment and hold the pipes open: after an abort nobody waits for that.
  const letGo = (): void => {
    if (!signal.aborted || (child.nodeChildProcess.exitCode === null && child.nodeChildProcess.signalCode === null)) return;
    for (const stream of [child.stdout, child.stderr, child.stdin]) stream.destroy();
  };
  child.nodeChildProcess.once('exit', letGo);
  signal.addEventListener('abort', letGo, { once: true });
  const stderr = collectLines(child.stderr, (line) => log.output(program, line));

  const finish = async (): Promise<ProgramEnd> => {
    const result = await child;
    const { lines, count } = await stderr;
    if (signal.aborted) throw signal.reason;
    if (result.exitCode !== undefined && (result.exitCode === 0 || allowFailure))
      return { stderr: lines, stderrLines: count, exitCode: result.exitCode };
    if (result.exitCode === undefined && result.signal === undefined) throw notStarted(program, installation, result.cause);
    throw fromStderr(program, lines, { code: result.exitCode ?? null, signal: result.signal ?? null }, target);
  };
  const done = finish().finally(() => signal.removeEventListener('abort', letGo));
  // Whoever starts several programs awaits them one after the other; a failure in between must not end the process.
  done.catch(() => {});
  return { stdout: child.stdout, stdin: child.stdin, done };
}

async function collectLines(stream: Readable, tell: (line: string) => void): Promise<{ lines: string[]; count: number }> {
  const lines: string[] = [];
  let count = 0;
  let rest = '';
  const take = (raw: string): void => {
    const line = withoutRowValues(raw.trimEnd().slice(0, 4000));
    count += 1;
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    tell(line);
  };
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream) {
      const pieces = (rest + chunk).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) take(piece);
      // A line that never ends must not fill the memory.
      if (rest.length > 65_536) rest = rest.slice(0, 4000);
    }
  } catch {
    // The pipe broke with the program; its end says why.
  }
  if (rest !== '') take(rest);
  return { lines, count };
}

function notStarted(program: string, installation: Installation, cause: unknown): LifeboatError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const options = { details: { program, bindir: installation.bindir, system: code }, cause };
  if (code === 'ENOENT') {
    const hint = installHint(installation.client?.major ?? installation.server?.major ?? 17);
    return new LifeboatError('client-missing', `${program} is not in ${installation.bindir}.`, hint, options);
  }
  return new LifeboatError(
    'client-failed',
    `${program} in ${installation.bindir} could not be started (${code}).`,
    'Check that it may be executed.',
    options,
  );
}
