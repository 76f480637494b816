import type { Manifest, Selection } from '../format/manifest.ts';
import { withSession } from '../postgres/connect.ts';
import {
  readDatabaseFacts,
  readExtensions,
  readIndexes,
  readNotDumped,
  readObjects,
  readRoles,
  readSequences,
  readSuperuserOwners,
  readTableSizes,
} from '../postgres/inventory.ts';
import { readProvider } from '../postgres/provider.ts';
import { holdsRows, isLockable } from '../postgres/relations.ts';
import { joinSnapshot, liftTimeouts, type Snapshot } from '../postgres/snapshot.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import type { Provider } from '../providers/profiles.ts';

/** What has to be known before the first pg_dump starts. */
export interface Groundwork {
  readonly facts: Awaited<ReturnType<typeof readDatabaseFacts>>;
  /** Heap and TOAST bytes by oid, of every table with rows of its own. */
  readonly sizes: ReadonlyMap<number, number>;
  /** Who runs the server; `null` for a plain Postgres. */
  readonly provider: Provider | null;
}

export async function readGroundwork(target: ConnectionTarget, snapshot: Snapshot): Promise<Groundwork> {
  const facts = await readDatabaseFacts(snapshot.session);
  const sizes = await readTableSizes(snapshot.session, snapshot.relations.filter(holdsRows));
  return { facts, sizes, provider: await readProvider(snapshot.session, target.host) };
}

export type Inventory = Pick<Manifest, 'roles' | 'superusers' | 'extensions' | 'indexes' | 'objects' | 'notes'>;

/**
 * What the database holds beside rows; read while they are being dumped. In a session of its own: the locks that it takes, on indexes of
 * materialized views for one, must not last as long as the dump.
 */
export async function readInventory(target: ConnectionTarget, snapshot: Snapshot, run: InventoryRun, signal: AbortSignal): Promise<Inventory> {
  const { relations } = snapshot;
  // printing a view's definition locks what it reads from
  const session = await joinSnapshot(target, snapshot, { lock: relations.filter(isLockable), lockTimeoutMs: run.lockTimeoutMs, signal });
  try {
    return {
      roles: await readRoles(session),
      superusers: await readSuperuserOwners(session),
      extensions: run.selection.schemas.length === 0 ? await readExtensions(session) : [],
      indexes: await readIndexes(session, relations),
      objects: await readObjects(session, relations, run.selection),
      notes: await readNotDumped(session),
    };
  } finally {
    await session.close();
  }
}

/**
 * What the sequences hold at this moment. Outside any transaction: a lock on a sequence that lasted would make whoever drops it wait for
 * us, pg_dump wait for them, and us wait for pg_dump.
 */
export async function readSequencesNow(target: ConnectionTarget, snapshot: Snapshot, run: InventoryRun, signal: AbortSignal) {
  return withSession(target, { signal }, async (session) => {
    await liftTimeouts(session);
    await session.query(`SET lock_timeout = ${run.lockTimeoutMs}`);
    return readSequences(session, snapshot.relations);
  });
}

interface InventoryRun {
  readonly selection: Selection;
  readonly lockTimeoutMs: number;
}
