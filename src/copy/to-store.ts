import { type FoundBackup, readBackup } from '../catalog/backups.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { isOtherRotation } from '../format/rotation.ts';
import type { Store } from '../storage/store.ts';
import { copyBackup, differs } from './copy-backup.ts';
import { listFolders } from './listing.ts';
import { type CopyTask, type CopyWish, planCopies } from './plan.ts';

/** Why something was not copied. */
export interface CopyProblem {
  readonly code: LifeboatError['code'];
  readonly message: string;
  readonly remedy: string;
}

export interface CopiedBackup {
  readonly database: string;
  readonly id: string;
  /**
   * `copied`: the other store had none of it, or no manifest. `completed`: it lacked proofs, signatures or parts. `there`: nothing to do.
   * `gone`: deleted meanwhile by a prune. `not-tried`: the other store could not be reached any more.
   */
  readonly outcome: 'copied' | 'completed' | 'there' | 'gone' | 'failed' | 'not-tried';
  /** Written. */
  readonly bytes: number;
  readonly objects: number;
  /** Parts that an interrupted copy had left there whole. */
  readonly reused: number;
  readonly problem?: CopyProblem;
}

export interface CopyToStore {
  readonly ok: boolean;
  readonly storage: string;
  /** By database, newest first. */
  readonly backups: readonly CopiedBackup[];
  /** Written. */
  readonly bytes: number;
  readonly seconds: number;
  /** Why nothing, or nothing more, could be copied there. */
  readonly problem: CopyProblem | null;
}

export interface CopyToStoreJob {
  readonly from: Store;
  readonly to: Store;
  readonly databases: readonly string[];
  readonly wish: CopyWish;
  readonly jobs: number;
}

/** After these no further backup is worth a try. */
const THE_END = ['store-unreachable', 'store-wrong-region', 'bucket-missing', 'disk-full'];

/**
 * Brings what another store lacks, newest first. One backup that cannot be copied does not keep the others from it.
 * @throws what the store that is read says when it is listed, and the signal's reason
 */
export async function copyToStore(job: CopyToStoreJob, context: Context): Promise<CopyToStore> {
  const { to } = job;
  const { log } = context;
  const started = performance.now();
  const backups: CopiedBackup[] = [];
  const planned = await planAll(job, context);
  let { problem } = planned;
  const onBytes = startMeter(planned.tasks, to, log);
  for (const { database, task } of planned.tasks) {
    const copied: CopiedBackup =
      problem === null ? await copyOne({ ...job, database, onBytes }, task, context) : { database, id: task.id, outcome: 'not-tried', ...NOTHING };
    backups.push(copied);
    if (copied.problem !== undefined) log.info(`Backup ${task.id} of ${database} was not copied to ${to.url}: ${copied.problem.message}`);
    if (copied.problem !== undefined && THE_END.includes(copied.problem.code)) problem = copied.problem;
  }
  return {
    ok: problem === null && backups.every(({ outcome }) => outcome !== 'failed' && outcome !== 'not-tried'),
    storage: to.url,
    backups,
    bytes: backups.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: Math.round(performance.now() - started) / 1000,
    problem,
  };
}

const NOTHING = { bytes: 0, objects: 0, reused: 0 } as const;

interface Planned {
  readonly tasks: readonly { readonly database: string; readonly task: CopyTask }[];
  readonly problem: CopyProblem | null;
}

/** What is wrong with the other store is told of it; what is wrong with the first is thrown. */
async function planAll({ from, to, databases, wish }: CopyToStoreJob, { signal, log }: Context): Promise<Planned> {
  const tasks: { database: string; task: CopyTask }[] = [];
  for (const database of databases) {
    const source = await listFolders(from, database, signal);
    try {
      const there = await listFolders(to, database, signal);
      tasks.push(...planCopies(source, there, wish).map((task) => ({ database, task })));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LifeboatError)) throw error;
      log.info(`Nothing was copied to ${to.url}: ${error.message}`);
      return { tasks: [], problem: problemOf(error) };
    }
  }
  return { tasks, problem: null };
}

async function copyOne(job: Parameters<typeof copyBackup>[0], task: CopyTask, context: Context): Promise<CopiedBackup> {
  const of = { database: job.database, id: task.id };
  try {
    if (task.kind === 'there') return { ...of, outcome: 'there', ...NOTHING };
    if (task.kind === 'differs') throw differs(`Backup ${task.id} of ${job.database} has another manifest in ${job.to.url}.`);
    return { ...of, ...(await copyBackup(job, task, context)) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof LifeboatError)) throw error;
    const problem = error.code === 'copy-differs' ? await judgeDifference(job, task.id, error, context.signal) : error;
    return { ...of, ...NOTHING, ...(problem === null ? { outcome: 'there' } : { outcome: 'failed', problem: problemOf(problem) }) };
  }
}

/** Another manifest may be that of the same backup, encrypted anew in each store by itself: `null` if it was for the same recipients. */
async function judgeDifference(
  { from, to, database }: Parameters<typeof copyBackup>[0],
  id: string,
  difference: LifeboatError,
  signal: AbortSignal,
): Promise<LifeboatError | null> {
  const [here, there] = [await readIfPossible(from, database, id, signal), await readIfPossible(to, database, id, signal)];
  if (here === null || there === null || !isOtherRotation(here, there)) return difference;
  if (isSameSet(here.manifest.recipients, there.manifest.recipients)) return null;
  return new LifeboatError(
    'copy-differs',
    `Backup ${id} of ${database} is encrypted for other recipients in ${to.url}: rotate-recipients was at work in one of the stores only.`,
    'Nothing there was replaced. Run lifeboat rotate-recipients there too, with --storage and its URL, or delete the copy and copy again.',
  );
}

async function readIfPossible(...[store, database, id, signal]: Parameters<typeof readBackup>): Promise<FoundBackup | null> {
  try {
    return await readBackup(store, database, id, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof LifeboatError) return null;
    throw error;
  }
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}

function problemOf({ code, message, remedy }: LifeboatError): CopyProblem {
  return { code, message, remedy };
}

function startMeter(tasks: readonly { readonly task: CopyTask }[], to: Store, log: Context['log']): (more: number) => void {
  const total = tasks.reduce((sum, { task }) => sum + ('bytes' in task ? task.bytes : 0), 0);
  let done = 0;
  return (more) => {
    done += more;
    log.progress({ phase: `copy to ${to.url}`, done: Math.min(done, total), total, unit: 'bytes' });
  };
}
