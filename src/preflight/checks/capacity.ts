import { bytes, counted, seconds } from '../../report/format.ts';
import { fail, type Judgement, judged, only, pass, unknown, warn } from '../judgement.ts';
import { type Prediction, predictionText } from '../predict.ts';

export interface DiskFacts {
  readonly neededBytes: number;
  readonly folder: string;
  /** `null` where the folder cannot be looked at. */
  readonly freeBytes: number | null;
}

/** Whether a drill's scratch would fit on this machine. A backup itself needs no disk. */
export function judgeDisk({ neededBytes, folder, freeBytes }: DiskFacts): Judgement {
  const needs = `A drill needs about ${bytes(neededBytes)} for its scratch`;
  if (freeBytes === null)
    return only(unknown(`${needs}; how much is free in ${folder} cannot be told.`, 'Name a folder that is there with --scratch-folder.'));
  if (freeBytes >= neededBytes) return pass(`${needs}, and ${folder} has ${bytes(freeBytes)} free.`);
  return only(
    warn(
      `${needs}, and ${folder} on this machine has ${bytes(freeBytes)} free.`,
      'Drill on a larger runner, point --scratch-folder at a larger disk, or use another server with --into. A backup needs no disk.',
    ),
  );
}

/** Whether backup and drill end before the job is ended for them. */
export function judgeDuration(prediction: Prediction, limitSeconds: number, databaseBytes: number): Judgement {
  const says = `The database has ${bytes(databaseBytes)}: ${predictionText(prediction)}.`;
  const remedy =
    'Use a runner of your own without such a limit, more --jobs, or leave large tables to a backup of their own with --exclude-table-data.';
  const { backupSeconds, drillSeconds, measured } = prediction;
  const remark = (what: string, predicted: number) => {
    if (predicted <= limitSeconds * 0.7) return null;
    const message = `The ${what} would take about ${seconds(predicted)}, and the limit is ${seconds(limitSeconds)} (--time-limit).`;
    return predicted > limitSeconds && measured ? fail(message, remedy) : warn(message, remedy);
  };
  return judged(says, [remark('backup', backupSeconds), remark('drill', drillSeconds)]);
}

export interface ConnectionFacts {
  readonly jobs: number;
  readonly max: number;
  readonly reserved: number;
  readonly inUse: number;
  /** -1: no limit. */
  readonly roleLimit: number;
  readonly roleInUse: number;
  readonly databaseLimit: number;
  readonly databaseInUse: number;
  readonly superuser: boolean;
}

/** Sessions of a backup at once: pg_dump and a counter for each job, schema, roles, inventory, and the one that holds the snapshot. */
export function sessionsNeeded(jobs: number): number {
  return 2 * jobs + 4;
}

export function judgeConnections(facts: ConnectionFacts): Judgement {
  const needed = sessionsNeeded(facts.jobs);
  const of = `A backup with ${counted(facts.jobs, 'job')} opens up to ${needed} connections`;
  const limits = [
    { what: 'the server', setting: 'max_connections', free: facts.max - facts.reserved - facts.inUse },
    ...(facts.roleLimit < 0 || facts.superuser
      ? []
      : [{ what: 'the role', setting: 'ALTER ROLE … CONNECTION LIMIT', free: facts.roleLimit - facts.roleInUse }]),
    ...(facts.databaseLimit < 0 || facts.superuser
      ? []
      : [{ what: 'the database', setting: 'ALTER DATABASE … CONNECTION LIMIT', free: facts.databaseLimit - facts.databaseInUse }]),
  ].sort((a, b) => a.free - b.free);
  const [tightest] = limits;
  if (tightest === undefined) return pass(`${of}.`);
  const says = `${of}; ${tightest.what} has ${Math.max(0, tightest.free)} free now.`;
  if (tightest.free >= needed + 2) return pass(says);
  const fewer = Math.floor((tightest.free - 6) / 2);
  const remedy = `${fewer >= 1 ? `Use --jobs ${fewer}, or raise` : 'Raise'} it (${tightest.setting}).`;
  return only(tightest.free < needed ? fail(says, remedy) : warn(says, remedy));
}

export interface LockTableFacts {
  /** Tables that a backup locks, partitions among them. */
  readonly tables: number;
  readonly jobs: number;
  readonly locksPerTransaction: number;
  readonly maxConnections: number;
  readonly maxPrepared: number;
}

/** Every pg_dump locks every table, and every lock that somebody holds has a place of its own: twice as many as there are locks. */
export function judgeLockTable({ tables, jobs, locksPerTransaction, maxConnections, maxPrepared }: LockTableFacts): Judgement {
  const places = locksPerTransaction * (maxConnections + maxPrepared);
  const needed = Math.max(tables, Math.ceil((tables * sessionsNeeded(jobs)) / 2));
  const says = `A backup with ${counted(jobs, 'job')} of ${counted(tables, 'table')} takes up to ${needed} places of the lock table's ${places}.`;
  if (needed <= places / 2) return pass(says);
  const enough = Math.ceil((needed * 2) / (maxConnections + maxPrepared) / 64) * 64;
  const remedy = `ALTER SYSTEM SET max_locks_per_transaction = ${enough}; and restart the server; or use fewer --jobs.`;
  return only(needed > places ? fail(says, remedy) : warn(says, remedy));
}
