import { randomInt } from 'node:crypto';
import { type FoundBackup, findBackup, listBackupIds, readBackup } from '../catalog/backups.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { timeOfBackupId } from '../format/layout.ts';
import type { DrillOptions } from '../options/drill.ts';
import { openCopies, openFrom } from '../storage/copies.ts';
import { openStoreFor } from '../storage/from-options.ts';
import type { Store } from '../storage/store.ts';

/** What lies in one store: ids of backups, newest first. */
export interface Shelf {
  readonly storage: string;
  readonly ids: readonly string[];
}

export interface Draw {
  readonly storage: string;
  readonly id: string;
  /** For the log: which one was drawn, from what. */
  readonly why: string;
}

/**
 * Chooses the backup to drill, then by chance one of the stores that have it. `random` is never the newest, unless there is no other: the
 * newest is drilled anyhow. Pure, but for the chance; `null` when no store has it.
 * @param pick a whole number from 0, below the given one
 */
export function drawBackup(shelves: readonly Shelf[], which: string, pick: (below: number) => number): Draw | null {
  const all = [...new Set(shelves.flatMap(({ ids }) => ids))].sort().reverse();
  const older = all.slice(1);
  const pool = which === 'random' ? (older.length > 0 ? older : all) : which === 'latest' ? all.slice(0, 1) : all.filter((id) => id === which);
  const id = pool.length === 0 ? undefined : pool[which === 'random' ? pick(pool.length) : 0];
  if (id === undefined) return null;
  const having = shelves.filter(({ ids }) => ids.includes(id));
  const shelf = having[having.length === 1 ? 0 : pick(having.length)];
  if (shelf === undefined) return null;
  const chosen =
    which !== 'random'
      ? `backup ${id}`
      : older.length > 0
        ? `backup ${id}, by chance one of ${older.length} older than the newest`
        : `backup ${id}, although it is the newest: there is no other`;
  const where = shelves.length === 1 ? '' : `, from ${shelf.storage}, one of ${having.length} of ${shelves.length} stores that have it`;
  return { storage: shelf.storage, id, why: `Drew ${chosen}${where}.` };
}

export interface Drawn {
  readonly store: Store;
  readonly found: FoundBackup;
  /** ISO time that the RPO is measured by; `null` for that of the backup itself. */
  readonly newestAt: string | null;
}

/**
 * Opens the store that a drill draws its backup from. The proof goes there too: it proves the bytes that lie there, and says nothing of
 * those in another store, where a retention trusts its own proofs.
 * @throws as `findBackup`, and what a store says that was named; of `any`, only where none can be read
 */
export async function openDrawn(options: DrillOptions, context: Context, pick: (below: number) => number = randomInt): Promise<Drawn> {
  const { signal, log } = context;
  const isAny = options.from === 'any';
  const stores = isAny ? await openAll(options, context) : [await openFrom(options, context.environment)];
  let chosen: Store | null = null;
  try {
    if (!isAny && options.backup !== 'random') {
      chosen = stores[0] as Store;
      return { store: chosen, found: await findBackup(chosen, options.database, options.backup, signal), newestAt: null };
    }
    const shelves = await readShelves(stores, options.database, context);
    const draw = drawBackup(shelves, options.backup, pick);
    // says what is wrong, with the nearest id or name
    if (draw === null) return await notThere(stores[0] as Store, options, signal);
    log.info(draw.why);
    chosen = stores.find(({ url }) => url === draw.storage) as Store;
    const [newest = draw.id] = shelves
      .flatMap(({ ids }) => ids)
      .sort()
      .reverse();
    const newestAt = options.backup === 'random' ? timeOfBackupId(newest) : null;
    return { store: chosen, found: await readBackup(chosen, options.database, draw.id, signal), newestAt };
  } catch (error) {
    chosen = null;
    throw error;
  } finally {
    for (const store of stores) if (store !== chosen) await store.close();
  }
}

async function openAll(options: DrillOptions, { environment }: Context): Promise<Store[]> {
  return [await openStoreFor(options, environment), ...(await openCopies(options, environment))];
}

/** One store of several that cannot be read is warned of: the others are there for that day. */
async function readShelves(stores: readonly Store[], database: string, { signal, log }: Context): Promise<Shelf[]> {
  const shelves: Shelf[] = [];
  let failure: unknown = null;
  for (const store of stores) {
    try {
      shelves.push({ storage: store.url, ids: await listBackupIds(store, database, signal) });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof LifeboatError) || stores.length === 1) throw error;
      log.warn(`Nothing can be drawn from ${store.url}: ${error.message}`);
      failure ??= error;
    }
  }
  if (shelves.length === 0) throw failure;
  return shelves;
}

async function notThere(store: Store, { database, backup }: DrillOptions, signal: AbortSignal): Promise<never> {
  await findBackup(store, database, backup === 'random' ? 'latest' : backup, signal);
  throw new Error(`backup ${backup} was not drawn although it is there`);
}
