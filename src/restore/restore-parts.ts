import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import type { Manifest } from '../format/manifest.ts';
import type { Installation } from '../postgres/programs.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import type { Store } from '../storage/store.ts';
import { analyze } from './analyze.ts';
import { openPart } from './open-part.ts';
import { listArchive, pgRestore } from './pg-restore.ts';
import type { RestoreProblem } from './problems.ts';
import { chooseEntries, dataArguments, type TableChoice } from './tables.ts';

export interface RestoreJob {
  readonly store: Store;
  /** The database's name in the store. */
  readonly database: string;
  readonly manifest: Manifest;
  /** An empty database, or one where the chosen tables are missing. */
  readonly target: ConnectionTarget;
  /** Whose pg_restore to use: of the dump's major or newer. */
  readonly installation: Installation;
  readonly jobs: number;
  /** For every run of pg_restore: `--no-owner`, `--no-tablespaces`. */
  readonly args: readonly string[];
  /** `null` for everything. */
  readonly tables: TableChoice | null;
}

export interface Phase {
  readonly name: string;
  readonly seconds: number;
}

export interface Restored {
  readonly phases: readonly Phase[];
  readonly problems: readonly RestoreProblem[];
}

/**
 * Fills the target from the store: pre-data, the data parts side by side, post-data, and statistics.
 * Only the schema archive, which holds no rows, touches the disk: pg_restore -j cannot read a pipe.
 * @throws LifeboatError of a part that is missing or was changed; what pg_restore could not do is in the answer
 */
export async function restoreParts(job: RestoreJob, context: Context): Promise<Restored> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-restore-'));
  const problems: RestoreProblem[] = [];
  const phases: Phase[] = [];
  const phase = async (name: string, work: () => Promise<RestoreProblem[]>) => {
    const started = performance.now();
    problems.push(...(await work()));
    phases.push({ name, seconds: Math.round(performance.now() - started) / 1000 });
    context.log.info(`${name}: ${phases.at(-1)?.seconds} s`);
  };
  try {
    const archive = join(folder, 'schema.dump');
    await phase('pre-data', async () => {
      await fetchSchema(job, archive, context);
      return restoreSchema(job, 'pre-data', archive, [], context);
    });
    await phase('data', () => restoreData(job, context));
    await phase('post-data', () => restoreSchema(job, 'post-data', archive, [`--jobs=${job.jobs}`], context));
    await phase('analyze', async () => {
      await analyze(job.target, job.jobs, context.signal);
      return [];
    });
    return { phases, problems };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchSchema(job: RestoreJob, archive: string, context: Context): Promise<void> {
  const part = job.manifest.parts.find((candidate) => candidate.kind === 'schema');
  if (part === undefined) throw new Error(`the manifest of ${job.manifest.id} names no schema part`);
  await pipeline(await openPart(job, part, context.signal), createWriteStream(archive, { mode: 0o600 }));
}

async function restoreSchema(
  job: RestoreJob,
  section: string,
  archive: string,
  args: readonly string[],
  context: Context,
): Promise<RestoreProblem[]> {
  const chosen = job.tables === null ? [] : [`--use-list=${await writeList(job, job.tables, archive, context)}`];
  return pgRestore({ ...job, args: [...job.args, `--section=${section}`, ...args, ...chosen, archive] }, context);
}

async function writeList(job: RestoreJob, tables: TableChoice, archive: string, context: Context): Promise<string> {
  const path = `${archive}.list`;
  await writeFile(path, chooseEntries(await listArchive(job.installation, archive, context), tables, job.manifest));
  return path;
}

async function restoreData(job: RestoreJob, context: Context): Promise<RestoreProblem[]> {
  const runs = job.manifest.parts
    .filter((part) => part.kind === 'data')
    .flatMap((part) => (job.tables === null ? [{ part, args: [] }] : dataArguments(job.tables, part).map((args) => ({ part, args }))));
  const total = runs.reduce((bytes, { part }) => bytes + part.plain.bytes, 0);
  const done = runs.map(() => 0);
  const problems: RestoreProblem[] = [];
  const restoreOne = (run: (typeof runs)[number], i: number) => async (signal: AbortSignal) => {
    const input = await openPart(job, run.part, signal, (bytes) => {
      done[i] = bytes;
      context.log.progress({ phase: 'restore', done: done.reduce((a, b) => a + b, 0), total, unit: 'bytes' });
    });
    problems.push(...(await pgRestore({ ...job, args: [...job.args, '--section=data', ...run.args], input }, { ...context, signal })));
  };
  await allOrNothing(context.signal, inTurns(runs.map(restoreOne), job.jobs));
  return problems;
}
