import { listDatabases } from '../catalog/backups.ts';
import type { Context } from '../context.ts';
import type { Finding } from '../format/proof.ts';
import type { WatchOptions } from '../options/watch.ts';
import { openStoreFor } from '../storage/from-options.ts';
import type { Store } from '../storage/store.ts';
import { type FreshnessLimits, judgeFreshness, type WatchedDatabase } from './freshness.ts';
import { readDatabase } from './read-store.ts';

/** A workflow that should run on a schedule. */
export interface WatchedWorkflow {
  /** `.github/workflows/backup.yml` */
  readonly file: string;
  readonly schedules: readonly string[];
  /** ISO time at which its last scheduled run began; `null` when it never did. */
  readonly lastRunAt: string | null;
  /** ISO time at which it was last due; `null` when it never was. */
  readonly dueAt: string | null;
  readonly findings: readonly Finding[];
}

export interface WorkflowsLook {
  readonly workflows: readonly WatchedWorkflow[];
  /** What should have been looked at, and could not be. */
  readonly unseen: readonly Unseen[];
}

export interface Unseen {
  readonly object: string;
  readonly reason: string;
}

export interface NotExamined extends Unseen {
  /** Whether it should have been examined: then the watch is not ok without it. */
  readonly expected: boolean;
}

/** Looks at the scheduled workflows of the repository; `files` narrows it down to these, which must be there. */
export type LookAtWorkflows = (files: readonly string[], now: Date, context: Context) => Promise<WorkflowsLook>;

export interface WatchResult {
  /** No finding, and everything that was asked for was examined. */
  readonly ok: boolean;
  /** A database's newest backup or newest proof is too old, or there is none. */
  readonly stale: boolean;
  readonly storage: string;
  /** ISO time that ages are counted from. */
  readonly at: string;
  readonly limits: FreshnessLimits;
  readonly databases: readonly WatchedDatabase[];
  /** `null` when nobody was to look at workflows. */
  readonly workflows: readonly WatchedWorkflow[] | null;
  readonly notExamined: readonly NotExamined[];
  /** All of them: of the store, of databases, of workflows. */
  readonly findings: readonly Finding[];
}

/**
 * Looks whether backups and proofs are as young as they have to be, and whether what should make them still runs: it notices the job that
 * never started.
 * @param lookAtWorkflows how to look at them; `null` where there are none to look at
 */
export async function watch(options: WatchOptions, context: Context, lookAtWorkflows: LookAtWorkflows | null): Promise<WatchResult> {
  const now = new Date();
  const limits = { maxBackupAgeSeconds: options.maxBackupAge, maxProofAgeSeconds: options.maxProofAge };
  const store = await openStoreFor(options, context.environment);
  try {
    const { databases, folders } = await lookAtStore(store, options, limits, now, context);
    const look = await workflowsOf(options, now, context, lookAtWorkflows);
    const notExamined = [...folders, ...look.notExamined];
    const ofDatabases = [...(databases.length === 0 ? [nothingAtAll(store)] : []), ...databases.flatMap(({ findings }) => findings)];
    const findings = [...ofDatabases, ...(look.workflows ?? []).flatMap((workflow) => workflow.findings)];
    return {
      ok: findings.length === 0 && !notExamined.some(({ expected }) => expected),
      stale: ofDatabases.length > 0,
      storage: store.url,
      at: now.toISOString(),
      limits,
      databases,
      workflows: look.workflows,
      notExamined,
      findings,
    };
  } finally {
    await store.close();
  }
}

async function lookAtStore(
  store: Store,
  { database: wanted, publicKey }: Pick<WatchOptions, 'database' | 'publicKey'>,
  limits: FreshnessLimits,
  now: Date,
  { signal }: Context,
) {
  const names = wanted.length > 0 ? [...new Set(wanted)] : await listDatabases(store, signal);
  const databases: WatchedDatabase[] = [];
  const folders: NotExamined[] = [];
  for (const name of names) {
    const stored = await readDatabase(store, name, publicKey, signal);
    // Whoever asks for a database expects backups of it; a folder that nobody asked for may be anything.
    if (stored === null && wanted.length === 0) folders.push({ object: name, reason: 'this folder of the store holds no backups', expected: false });
    else databases.push(judgeFreshness(name, stored?.backups ?? [], stored?.proofs ?? [], limits, now));
  }
  return { databases, folders };
}

async function workflowsOf(
  { schedules, workflow }: WatchOptions,
  now: Date,
  context: Context,
  lookAtWorkflows: LookAtWorkflows | null,
): Promise<{ workflows: readonly WatchedWorkflow[] | null; notExamined: readonly NotExamined[] }> {
  const object = 'scheduled workflows';
  if (schedules === false) return { workflows: null, notExamined: [{ object, reason: 'they were not to be looked at', expected: false }] };
  if (lookAtWorkflows !== null) {
    const { workflows, unseen } = await lookAtWorkflows(workflow, now, context);
    return { workflows, notExamined: unseen.map((one) => ({ ...one, expected: true })) };
  }
  // Asked for by hand and not to be had is not the same as not asked for.
  const expected = schedules === true || workflow.length > 0;
  return { workflows: null, notExamined: [{ object, reason: 'only the action watch, in GitHub Actions, can ask whether they ran', expected }] };
}

function nothingAtAll({ url }: Store): Finding {
  return { object: url, message: 'The store holds no backup of any database.' };
}
