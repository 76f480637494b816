import { findBackup, listBackupIds, listDatabases } from '../catalog/backups.ts';
import { defaultJobs } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { readIdentities } from '../encryption/identities.ts';
import { LifeboatError } from '../errors.ts';
import { backupFolder } from '../format/layout.ts';
import type { VerifyOptions } from '../options/verify.ts';
import { openFrom } from '../storage/copies.ts';
import type { Store } from '../storage/store.ts';
import { type VerifiedBackup, type VerifyJob, verifyBackup } from './verify-backup.ts';

export interface VerifyResult {
  /** Every backup is intact, or was deleted meanwhile. */
  readonly ok: boolean;
  readonly storage: string;
  readonly databases: readonly string[];
  /** By database, newest first. */
  readonly backups: readonly VerifiedBackup[];
  /** Stored bytes that were read. */
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Reads every part of one or all backups and checks its digests, without a database: bit rot is found between drills, and while another
 * backup is still whole. A backup that is damaged, or that could not be read, is a Result with `ok: false`.
 * @throws LifeboatError `bad-option`, `no-backups`, `unknown-backup`, and what the store says before the first backup is read
 */
export async function verify(options: VerifyOptions, context: Context): Promise<VerifyResult> {
  const { signal, log } = context;
  const identities = await readIdentities(options);
  const store = await openFrom(options, context.environment);
  try {
    const started = performance.now();
    const databases = options.database.length > 0 ? [...options.database] : await listDatabases(store, signal);
    const wanted = await chooseBackups(store, databases, options, signal);
    const total = await bytesOf(store, wanted, signal);
    let done = 0;
    const onBytes = (more: number) => {
      done += more;
      log.progress({ phase: 'verify', done: Math.min(done, total), total, unit: 'bytes' });
    };
    log.info(`Verifying ${wanted.length === 1 ? '1 backup' : `${wanted.length} backups`} in ${store.url}.`);
    const backups = await verifyAll(
      wanted,
      { store, identities, publicKeys: options.publicKey, jobs: options.jobs ?? defaultJobs(), onBytes },
      context,
    );
    return {
      ok: backups.every(({ verdict }) => verdict === 'intact' || verdict === 'gone'),
      storage: store.url,
      databases,
      backups,
      bytes: backups.reduce((sum, { bytes }) => sum + bytes, 0),
      seconds: Math.round(performance.now() - started) / 1000,
    };
  } finally {
    await store.close();
  }
}

interface Wanted {
  readonly database: string;
  readonly id: string;
}

/** What was found up to here is worth being told also when the store is gone afterwards. */
async function verifyAll(wanted: readonly Wanted[], job: Omit<VerifyJob, 'database'>, context: Context): Promise<VerifiedBackup[]> {
  const backups: VerifiedBackup[] = [];
  let stop: string | null = null;
  for (const { database, id } of wanted) {
    if (stop !== null) {
      backups.push(notExamined(database, id, stop));
      continue;
    }
    try {
      const verified = await verifyBackup({ ...job, database }, id, context);
      for (const { object, message } of verified.findings) context.log.info(`Backup ${id} of ${database}: ${object}: ${message}`);
      backups.push(verified);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof LifeboatError)) throw error;
      backups.push(notExamined(database, id, error.message));
      if (error.code === 'store-unreachable' || error.code === 'bucket-missing') stop = error.message;
    }
  }
  return backups;
}

function notExamined(database: string, id: string, reason: string): VerifiedBackup {
  return { database, id, verdict: 'not-examined', parts: 0, bytes: 0, findings: [], notExamined: [{ object: 'the backup', reason }] };
}

/** A name that is mistyped is worth an error, with the nearest. */
async function chooseBackups(store: Store, databases: readonly string[], options: VerifyOptions, signal: AbortSignal): Promise<Wanted[]> {
  const [database] = databases;
  if (options.backup !== undefined) {
    if (database === undefined || databases.length > 1) {
      throw new LifeboatError('bad-option', '--backup is of one database.', 'Name it: --database NAME.');
    }
    const ids = await listBackupIds(store, database, signal);
    // also one whose manifest cannot be read any more
    if (ids.includes(options.backup)) return [{ database, id: options.backup }];
    if (options.backup === 'latest' && ids[0] !== undefined) return [{ database, id: ids[0] }];
    return [{ database, id: (await findBackup(store, database, options.backup, signal)).id }];
  }
  const wanted: Wanted[] = [];
  for (const name of databases) wanted.push(...(await listBackupIds(store, name, signal)).map((id) => ({ database: name, id })));
  if (wanted.length === 0 && database !== undefined) await findBackup(store, database, 'latest', signal);
  return wanted;
}

/** What is to be read, as the store lists it. */
async function bytesOf(store: Store, wanted: readonly Wanted[], signal: AbortSignal): Promise<number> {
  let sum = 0;
  for (const { database, id } of wanted) {
    for await (const { key, bytes } of store.list(backupFolder(database, id), { signal })) if (/\.zst(?:\.age)?$/.test(key)) sum += bytes;
  }
  return sum;
}
