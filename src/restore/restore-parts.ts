import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import type { Installation } from '../postgres/programs.ts';
import { createWorkFolder } from '../postgres/scratch-folder.ts';
import { temporaryError } from '../postgres/temporary-error.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import { analyze } from './analyze.ts';
import { type ArchiveEntry, indexEntries, parseArchiveList, postDataSteps } from './archive-list.ts';
import { openPart, type PartSource } from './open-part.ts';
import { listArchive, pgRestore } from './pg-restore.ts';
import type { NameOfEntry, RestoreProblem } from './problems.ts';
import { dataArguments, schemaEntries, type TableChoice } from './tables.ts';

export interface RestoreJob extends PartSource {
  /** An empty database, or one where the chosen tables are missing. */
  readonly target: ConnectionTarget;
  /** Whose pg_restore to use: of the dump's major or newer. */
  readonly installation: Installation;
  readonly jobs: number;
  /** For every run of pg_restore: `--no-owner`, `--no-tablespaces`. */
  readonly args: readonly string[];
  /** `null` for everything. */
  readonly tables: TableChoice | null;
  /** Called when every index is built, before ANALYZE writes over what their builds have counted. */
  readonly whenBuilt?: () => Promise<void>;
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
  const folder = await createWorkFolder();
  const problems: RestoreProblem[] = [];
  const phases: Phase[] = [];
  const phase = async (name: string, work: () => Promise<RestoreProblem[]>) => {
    const started = performance.now();
    problems.push(...(await work()));
    phases.push({ name, seconds: Math.round(performance.now() - started) / 1000 });
    context.log.info(`${name}: ${phases.at(-1)?.seconds} s`);
  };
  try {
    const path = join(folder, 'schema.dump');
    let archive: SchemaArchive = { path, entries: [] };
    await phase('pre-data', async () => {
      await fetchSchema(job, path, context);
      const entries = parseArchiveList(await listArchive(job.installation, path, context));
      const { prerequisites, chosen } = job.tables === null ? { prerequisites: [], chosen: entries } : schemaEntries(entries, job.tables);
      archive = { path, entries: chosen };
      return [
        ...(prerequisites.length === 0 ? [] : await restorePrerequisites(job, { path, entries: prerequisites }, context)),
        ...(await restoreSection(job, archive, 'pre-data', [], context)),
      ];
    });
    await phase('data', async () => {
      const { problems, remaining } = await restoreData(job, archive, context);
      archive = { path, entries: remaining };
      return problems;
    });
    await phase('post-data', () => restorePostData(job, archive, context));
    await job.whenBuilt?.();
    await phase('analyze', async () => {
      await analyze(job.target, job.jobs, context.signal);
      return [];
    });
    return { phases, problems };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The schema part on disk, and those of its entries that are to be restored. */
interface SchemaArchive {
  readonly path: string;
  readonly entries: readonly ArchiveEntry[];
}

async function fetchSchema(job: RestoreJob, path: string, context: Context): Promise<void> {
  const part = job.manifest.parts.find((candidate) => candidate.kind === 'schema');
  if (part === undefined) throw new Error(`the manifest of ${job.manifest.id} names no schema part`);
  const stream = await openPart(job, part, context.signal);
  await pipeline(stream, createWriteStream(path, { mode: 0o600 })).catch((error: unknown) => {
    throw temporaryError(error, dirname(path));
  });
}

/** What the chosen tables need may well be there: the target often is the database that lost them. */
async function restorePrerequisites(job: RestoreJob, archive: SchemaArchive, context: Context): Promise<RestoreProblem[]> {
  const problems = await restoreSection(job, archive, 'pre-data', [], context);
  return problems.map((problem) => (/already exists/.test(problem.message) ? { ...problem, harmless: 'it was there already' } : problem));
}

async function restoreSection(
  job: RestoreJob,
  archive: SchemaArchive,
  section: string,
  args: readonly string[],
  context: Context,
): Promise<RestoreProblem[]> {
  const list = `${archive.path}.${randomUUID()}.list`;
  await writeFile(list, archive.entries.map(({ line }) => `${line}\n`).join(''));
  const lines = new Map(archive.entries.map(({ id, line }) => [id, line]));
  const nameOf: NameOfEntry = ({ id }) => /^\d+; \d+ \d+ (.*)$/.exec(lines.get(id) ?? '')?.[1];
  return pgRestore({ ...job, nameOf, args: [...job.args, `--section=${section}`, `--use-list=${list}`, ...args, archive.path] }, context);
}

async function restorePostData(job: RestoreJob, { path, entries }: SchemaArchive, context: Context): Promise<RestoreProblem[]> {
  const { before, attachments, after } = postDataSteps(entries);
  const problems = await restoreSection(job, { path, entries: before }, 'post-data', [`--jobs=${job.jobs}`], context);
  if (attachments.length === 0) return problems;
  problems.push(...(await restoreSection(job, { path, entries: attachments }, 'post-data', [], context)));
  if (after.length > 0) problems.push(...(await restoreSection(job, { path, entries: after }, 'post-data', [`--jobs=${job.jobs}`], context)));
  return problems;
}

/**
 * Restores the data parts side by side. Whoever has no more part to restore builds indexes of the tables that are in already, one by one,
 * as long as another part is still coming; `remaining` are the entries that were not restored on the way.
 */
async function restoreData(
  job: RestoreJob,
  archive: SchemaArchive,
  context: Context,
): Promise<{ problems: RestoreProblem[]; remaining: readonly ArchiveEntry[] }> {
  const runs = job.manifest.parts
    .filter((part) => part.kind === 'data')
    .flatMap((part) => (job.tables === null ? [{ part, args: [] }] : dataArguments(job.tables, part).map((args) => ({ part, args }))));
  const total = runs.reduce((bytes, { part }) => bytes + part.plain.bytes, 0);
  const done = runs.map(() => 0);
  const problems: RestoreProblem[] = [];
  const tables = new Map(job.manifest.tables.map((table) => [table.oid, `TABLE DATA ${table.schema} ${table.name}`]));
  const nameOf: NameOfEntry = ({ oid }) => tables.get(oid);
  const remaining = new Set(archive.entries);
  let waiting = runs.length;
  let coming = runs.length;
  const restoreOne = (run: (typeof runs)[number], i: number) => async (signal: AbortSignal) => {
    waiting--;
    const input = await openPart(job, run.part, signal, (bytes) => {
      done[i] = bytes;
      context.log.progress({ phase: 'restore', done: done.reduce((a, b) => a + b, 0), total, unit: 'bytes' });
    });
    problems.push(...(await pgRestore({ ...job, nameOf, args: [...job.args, '--section=data', ...run.args], input }, { ...context, signal })));
    coming--;
    if (job.tables !== null) return;
    for (const entry of indexEntries(archive.entries, run.part, job.manifest)) {
      if (waiting > 0 || coming === 0) return;
      remaining.delete(entry);
      problems.push(...(await restoreSection(job, { ...archive, entries: [entry] }, 'post-data', [], { ...context, signal })));
    }
  };
  await allOrNothing(context.signal, inTurns(runs.map(restoreOne), job.jobs));
  return { problems, remaining: [...remaining] };
}
