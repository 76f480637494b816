import { findBackup, listDatabases } from '../catalog/backups.ts';
import { defaultJobs } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { compactTime } from '../format/layout.ts';
import type { CopyStore } from '../options/copies.ts';
import type { CopyOptions } from '../options/copy.ts';
import { assertElsewhere } from '../storage/copies.ts';
import { openStoreFor } from '../storage/from-options.ts';
import type { Store } from '../storage/store.ts';
import { copyToDestination } from './destination.ts';
import type { CopyWish } from './plan.ts';
import type { CopyToStore } from './to-store.ts';

export interface CopyResult {
  /** Every store has everything that it should. */
  readonly ok: boolean;
  readonly storage: string;
  readonly databases: readonly string[];
  /** One for each store that was copied to. */
  readonly copies: readonly CopyToStore[];
}

/**
 * Brings the backups that other stores lack, streaming from store to store. What could not be copied is told in the Result, and the rest
 * is copied; whatever is wrong with what was asked for is thrown.
 * @throws LifeboatError `bad-option`, `same-store`, `no-backups`, `unknown-backup`, and those of the store that is read
 */
export async function copy(options: CopyOptions, context: Context, now: Date = new Date()): Promise<CopyResult> {
  const { environment, signal } = context;
  const stores = storesOf(options);
  await assertElsewhere(options, stores, environment);
  const from = await openStoreFor(options, environment);
  try {
    const databases = options.database.length > 0 ? [...options.database] : await listDatabases(from, signal);
    const wish = await wishOf(from, databases, options, context, now);
    const copies: CopyToStore[] = [];
    for (const store of stores) {
      copies.push(await copyToDestination(store, { from, databases, wish, jobs: options.jobs ?? defaultJobs() }, context, keyOf(options)));
    }
    return { ok: copies.every(({ ok }) => ok), storage: from.url, databases, copies };
  } finally {
    await from.close();
  }
}

/** Those of lifeboat.yml and those given by hand; the flags for one store are for the one that is given by hand. */
function storesOf({ to, toS3Endpoint, toS3Region, toS3PathStyle, lockDays, lockMode }: CopyOptions): CopyStore[] {
  if (to.length === 0) {
    throw new LifeboatError('bad-option', 'There is no store to copy to.', 'Name one: --to s3://other-bucket/prefix, or copies: in lifeboat.yml.');
  }
  return to.map((store) => ({
    ...(toS3Endpoint === undefined ? {} : { s3Endpoint: toS3Endpoint }),
    ...(toS3Region === undefined ? {} : { s3Region: toS3Region }),
    ...(toS3PathStyle === undefined ? {} : { s3PathStyle: toS3PathStyle }),
    ...(lockDays === undefined ? {} : { lockDays, lockMode }),
    ...store,
  }));
}

function keyOf({ toAccessKeyId, toSecretAccessKey }: CopyOptions) {
  return {
    ...(toAccessKeyId === undefined ? {} : { accessKeyId: toAccessKeyId }),
    ...(toSecretAccessKey === undefined ? {} : { secretAccessKey: toSecretAccessKey }),
  };
}

/** A name that is mistyped is worth an error, with the nearest. */
async function wishOf(from: Store, databases: readonly string[], options: CopyOptions, { signal }: Context, now: Date): Promise<CopyWish> {
  const [database] = databases;
  if (options.backup !== undefined) {
    if (database === undefined || databases.length > 1) {
      throw new LifeboatError('bad-option', '--backup is of one database.', 'Name it: --database NAME.');
    }
    return { backup: (await findBackup(from, database, options.backup, signal)).id };
  }
  if (options.database.length === 1) await findBackup(from, options.database[0] ?? '', 'latest', signal);
  return options.within === undefined ? {} : { notBefore: compactTime(new Date(now.getTime() - options.within * 1000)) };
}
