import type { Manifest, Selection } from '../format/manifest.ts';
import {
  readDatabaseFacts,
  readExtensions,
  readIndexes,
  readNotDumped,
  readObjects,
  readRoles,
  readSequences,
  readTableSizes,
} from '../postgres/inventory.ts';
import { holdsRows } from '../postgres/relations.ts';
import type { Snapshot } from '../postgres/snapshot.ts';

/** What has to be known before the first pg_dump starts. */
export interface Groundwork {
  readonly facts: Awaited<ReturnType<typeof readDatabaseFacts>>;
  /** Heap and TOAST bytes by oid, of every table with rows of its own. */
  readonly sizes: ReadonlyMap<number, number>;
}

export async function readGroundwork(snapshot: Snapshot): Promise<Groundwork> {
  const facts = await readDatabaseFacts(snapshot.session);
  const sizes = await readTableSizes(snapshot.session, snapshot.relations.filter(holdsRows));
  return { facts, sizes };
}

export type Inventory = Pick<Manifest, 'roles' | 'extensions' | 'sequences' | 'indexes' | 'objects' | 'notes'>;

/** What the database holds beside rows; read while they are being dumped. */
export async function readInventory(snapshot: Snapshot, selection: Selection): Promise<Inventory> {
  const { session, relations } = snapshot;
  return {
    sequences: await readSequences(session, relations),
    roles: await readRoles(session),
    extensions: selection.schemas.length === 0 ? await readExtensions(session) : [],
    indexes: await readIndexes(session, relations),
    objects: await readObjects(session, relations, selection),
    notes: await readNotDumped(session),
  };
}
