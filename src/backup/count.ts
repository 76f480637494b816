import { allOrNothing, balance } from '../concurrency.ts';
import { holdsRows, type Relation } from '../postgres/relations.ts';
import { countLargeObjects, countRows, type RowCount, readColumns } from '../postgres/rows.ts';
import { joinSnapshot, type Snapshot } from '../postgres/snapshot.ts';
import type { ConnectionTarget } from '../postgres/url.ts';

export interface Counts {
  /** By oid. */
  readonly tables: ReadonlyMap<number, RowCount>;
  readonly largeObjects: { readonly count: number; readonly checksum: string | null } | null;
}

export interface CountOptions {
  readonly sessions: number;
  readonly checksums: boolean;
  readonly largeObjects: boolean;
  readonly lockTimeoutMs: number;
  /** Heap and TOAST bytes by oid, to share the work out. */
  readonly sizes: ReadonlyMap<number, number>;
}

const TABLES_PER_SAVEPOINT = 50;

/** Counts (and checksums) every table whose rows are dumped, in sessions that see the snapshot. */
export async function countSnapshot(target: ConnectionTarget, snapshot: Snapshot, options: CountOptions, signal: AbortSignal): Promise<Counts> {
  const counted = snapshot.relations.filter((relation) => holdsRows(relation) && relation.leftOut === null);
  const columns = options.checksums
    ? await readColumns(
        snapshot.session,
        counted.map((relation) => relation.oid),
      )
    : null;
  const shares = balance(counted, (relation) => options.sizes.get(relation.oid) ?? 0, options.sessions).filter((share) => share.length > 0);
  const tables = new Map<number, RowCount>();
  let largeObjects: Counts['largeObjects'] = null;

  const countShare = (share: readonly Relation[]) => async (shared: AbortSignal) => {
    const session = await joinSnapshot(target, snapshot, { lock: share, lockTimeoutMs: options.lockTimeoutMs, signal: shared });
    try {
      await session.query('SAVEPOINT counted');
      for (const [i, relation] of share.entries()) {
        tables.set(relation.oid, await countRows(session, relation, columns === null ? null : (columns.get(relation.oid) ?? [])));
        // lets go of the locks on their indexes, which planning takes: the server's lock table is for others too
        if (i % TABLES_PER_SAVEPOINT === TABLES_PER_SAVEPOINT - 1) await session.query('ROLLBACK TO SAVEPOINT counted');
      }
    } finally {
      await session.close();
    }
  };
  const countObjects = async (shared: AbortSignal) => {
    const session = await joinSnapshot(target, snapshot, { lock: [], lockTimeoutMs: options.lockTimeoutMs, signal: shared });
    try {
      largeObjects = await countLargeObjects(session, options.checksums);
    } finally {
      await session.close();
    }
  };
  await allOrNothing(signal, [...shares.map(countShare), ...(options.largeObjects ? [countObjects] : [])]);
  return { tables, largeObjects };
}
