import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { databaseArgument } from '../postgres/connection-string.ts';
import type { Installation } from '../postgres/programs.ts';
import { startProgram } from '../postgres/run.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import { type NameOfEntry, type RestoreProblem, readProblems } from './problems.ts';

export interface PgRestore {
  readonly installation: Installation;
  readonly target: ConnectionTarget;
  readonly args: readonly string[];
  /** The archive, when it does not come from a file that is named in the arguments. */
  readonly input?: Readable;
  readonly nameOf?: NameOfEntry;
}

/**
 * One run of pg_restore. It goes on after an error, as pg_restore does, and every error is told of in the answer.
 * @throws the input's own failure (`part-corrupt`, say), with pg_restore stopped; `client-failed` when it ended without saying why
 */
export async function pgRestore(run: PgRestore, context: Context): Promise<RestoreProblem[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const lines: string[] = [];
  const log = {
    ...context.log,
    output(program: string, line: string) {
      lines.push(line);
      if (!isRunningCommentary(line)) context.log.output(program, line);
    },
  };
  const program = startProgram({
    installation: run.installation,
    program: 'pg_restore',
    args: [`--dbname=${databaseArgument(run.target.database)}`, '--no-password', '--verbose', ...run.args],
    target: run.target,
    context: { ...context, log, signal },
    allowFailure: true,
  });
  program.stdout.resume();
  try {
    if (run.input === undefined) program.stdin.end();
    else await feedProgram(run.input, program.stdin);
    const { exitCode, stderr } = await program.done;
    const problems = readProblems(lines, run.nameOf);
    if (exitCode !== 0 && problems.length === 0) throw endedSilently(exitCode, stderr);
    return problems;
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await program.done.catch(() => {});
  }
}

/** Only with --verbose does it say which entry an error belongs to, and then it also says what it does all the time. */
function isRunningCommentary(line: string): boolean {
  return /^pg_restore(?:\.exe)?: (?!error|warning|hint|detail)/.test(line);
}

/** The table of contents of an archive on disk, as `pg_restore --list --verbose` prints it. */
export async function listArchive(installation: Installation, archive: string, context: Context): Promise<string> {
  const program = startProgram({ installation, program: 'pg_restore', args: ['--list', '--verbose', archive], context });
  program.stdin.end();
  const [list] = await Promise.all([text(program.stdout), program.done]);
  return list;
}

/**
 * Hands all of `input` to a program, and reads on to its end when the program wants no more: the digests at the end must be checked
 * whatever the reader needed. The program sees an end of file only after that.
 */
async function feedProgram(input: Readable, stdin: Writable): Promise<void> {
  let gone = false;
  const closed = new Promise<void>((resolve) => {
    const end = () => {
      gone = true;
      resolve();
    };
    stdin.once('close', end);
    stdin.once('error', end);
  });
  for await (const chunk of input) {
    if (gone) continue;
    if (!stdin.write(chunk as Buffer)) await Promise.race([closed, new Promise<void>((resolve) => stdin.once('drain', resolve))]);
  }
  if (!gone) stdin.end();
}

function endedSilently(exitCode: number, stderr: readonly string[]): LifeboatError {
  return new LifeboatError(
    'client-failed',
    `pg_restore ended with status ${exitCode}: ${stderr.at(-1) ?? 'it said nothing'}.`,
    'See the last lines of pg_restore.',
    {
      details: { exitCode, stderr },
    },
  );
}
