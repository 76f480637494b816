import { checkSigningKey } from '../catalog/trust.ts';
import { defaultJobs } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { readIdentities } from '../encryption/identities.ts';
import { readRecipients } from '../encryption/recipients.ts';
import { LifeboatError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';
import type { RotateRecipientsOptions } from '../options/rotate-recipients.ts';
import { openStoreFor } from '../storage/from-options.ts';
import { lockFor, lockingStore } from '../storage/lock.ts';
import type { Store } from '../storage/store.ts';
import { deleteLeftovers, type Remaining } from './obsolete.ts';
import { planRotation, type Step } from './plan.ts';
import { type RotationJob, reencrypt } from './reencrypt.ts';

export interface RotatedBackup {
  readonly id: string;
  /** `blocked`: it could not be read or is not trusted, and is as it was; `why` says so. */
  readonly outcome: 'rotated' | 'would-rotate' | 'already' | 'blocked';
  readonly why?: string;
  /** Whom its parts were for before; empty when they were not encrypted. */
  readonly from: readonly string[];
  /** As stored before. */
  readonly bytes: number;
  /** Old objects that would not go, and why. */
  readonly remaining: readonly Remaining[];
}

export interface RotateRecipientsResult {
  /** Nothing was blocked. */
  readonly ok: boolean;
  readonly applied: boolean;
  readonly storage: string;
  readonly database: string;
  readonly recipients: readonly string[];
  /** Newest first. */
  readonly backups: readonly RotatedBackup[];
  /** Whether a delete only hides an object, whose version stays until a lifecycle rule removes it; `null` where that may not be asked. */
  readonly versions: boolean | null;
}

/**
 * Encrypts existing backups for other recipients, or for the first time; without `apply`, only says which. Their proofs stay valid.
 * @throws LifeboatError `bad-option`, `no-backups`, `identity-missing`, `identity-wrong` and those of signatures when nothing at all could be
 *   read, those of a part, and whatever the store says
 */
export async function rotateRecipients(options: RotateRecipientsOptions, context: Context, now: Date = new Date()): Promise<RotateRecipientsResult> {
  const store = await openStoreFor(options, context.environment);
  try {
    return await rotateStore(store, options, context, now);
  } finally {
    await store.close();
  }
}

/** The same, in a store that is open already. */
export async function rotateStore(
  store: Store,
  options: Omit<RotateRecipientsOptions, 'storage'>,
  context: Context,
  now: Date = new Date(),
): Promise<RotateRecipientsResult> {
  const { signal, log } = context;
  const { database, apply } = options;
  const recipients = await readRecipients(options);
  if (recipients.length === 0) throw forNobody();
  const identities = await readIdentities(options);
  checkSigningKey(options);
  const protection = await store.protection({ signal });
  const lock = await lockFor(store, options, now, signal);
  const plan = await planRotation(store, options, { ...options, recipients, identities }, signal);
  const total = plan.reduce((sum, step) => sum + (step.kind === 'rotate' ? bytesOf(step.backup.manifest) : 0), 0);
  let done = 0;
  const job: RotationJob = {
    store: lock === undefined ? store : lockingStore(store, lock),
    locks: protection.locks === true,
    recipients,
    identities,
    now,
    jobs: options.jobs ?? defaultJobs(),
    onBytes(more) {
      done += more;
      log.progress({ phase: 'encrypt anew', done, total, unit: 'bytes' });
    },
  };
  const backups: RotatedBackup[] = [];
  for (const step of await takeAll(plan, job, options, context)) {
    if (step.kind === 'blocked') log.warn(`Backup ${step.id} is left as it is: ${step.error.message}`);
    backups.push(step.kind === 'blocked' ? blocked(step) : step.taken);
  }
  for (const { object, reason } of backups.flatMap(({ remaining }) => remaining))
    log.warn(`${object} is no longer needed, and is still there: ${reason}`);
  const ok = backups.every(({ outcome }) => outcome !== 'blocked');
  return { ok, applied: apply, storage: store.url, database, recipients, backups, versions: protection.versions };
}

type Blocked = Extract<Step, { kind: 'blocked' }>;

/** @throws LifeboatError what is wrong with the newest, when something is wrong with all */
async function takeAll(
  plan: readonly Step[],
  job: RotationJob,
  options: Pick<RotateRecipientsOptions, 'apply' | 'signingKey'>,
  context: Context,
): Promise<(Blocked | { readonly kind: 'taken'; readonly taken: RotatedBackup })[]> {
  const done: Awaited<ReturnType<typeof takeAll>> = [];
  for (const step of plan) {
    if (step.kind === 'blocked') {
      done.push(step);
      continue;
    }
    const { id, manifest } = step.backup;
    try {
      done.push({ kind: 'taken', taken: await takeStep(step, job, options, context) });
    } catch (error) {
      if (!(error instanceof LifeboatError) || !OF_ONE_BACKUP.test(error.code) || context.signal.aborted) throw error;
      // gone meanwhile: a prune was there
      if (error.code !== 'manifest-missing') done.push({ kind: 'blocked', id, from: manifest.recipients, error });
    }
  }
  const [first] = done;
  if (first?.kind === 'blocked' && done.every(({ kind }) => kind === 'blocked')) throw first.error;
  return done;
}

/** What is wrong with one backup keeps no other from being encrypted anew: the key that leaked opens those too. */
const OF_ONE_BACKUP = /^(?:part-(?:corrupt|missing)|already-exists|manifest-.*)$/;

async function takeStep(
  step: Exclude<Step, Blocked>,
  job: RotationJob,
  { apply, signingKey }: Pick<RotateRecipientsOptions, 'apply' | 'signingKey'>,
  { signal, log }: Context,
): Promise<RotatedBackup> {
  const { backup, kind } = step;
  const told = { id: backup.id, from: backup.manifest.recipients, bytes: bytesOf(backup.manifest) };
  if (!apply) return { ...told, outcome: kind === 'rotate' ? 'would-rotate' : 'already', remaining: [] };
  if (kind === 'already') return { ...told, outcome: 'already', remaining: await deleteLeftovers(job, backup, job.now, signal) };
  log.info(`Encrypting backup ${backup.id} anew.`);
  return { ...told, outcome: 'rotated', remaining: await reencrypt(job, backup, step.isSigned ? signingKey : undefined, signal) };
}

function blocked({ id, from, error }: Blocked): RotatedBackup {
  return { id, outcome: 'blocked', why: error.message, from, bytes: 0, remaining: [] };
}

function bytesOf({ parts }: Manifest): number {
  return parts.reduce((sum, part) => sum + part.stored.bytes, 0);
}

function forNobody(): LifeboatError {
  return new LifeboatError(
    'bad-option',
    'Nobody was named to encrypt for.',
    'Name the new recipients: --encrypt-to age1…, or --encrypt-to-file FILE.',
  );
}
