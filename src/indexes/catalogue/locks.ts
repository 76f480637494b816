import { LifeboatError } from '../../errors.ts';
import type { Session } from '../../postgres/connect.ts';

const ATTEMPTS = 3;
const AT_ONCE = 1000;

/** What a reader waits for. */
const READING = ['AccessExclusiveLock'];
/** What waits too whoever asks a sequence for its last value: it takes a ROW EXCLUSIVE lock for that. */
export const ASKING_SEQUENCES = ['ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'];

/** Relations of this database that somebody holds, or stands in line for, in a mode that a reader would have to wait for. */
export async function lockedRelations(session: Session, modes: readonly string[] = READING): Promise<ReadonlySet<number>> {
  const rows = await session.query<{ oid: number }>(
    `SELECT DISTINCT l.relation::int8::float8 AS oid
      FROM pg_catalog.pg_locks l
     WHERE l.locktype = 'relation' AND l.mode = ANY ($1)
       AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`,
    [modes],
  );
  return new Set(rows.map(({ oid }) => oid));
}

/**
 * Runs a query that opens relations, as pg_relation_size and pg_get_indexdef do. It would wait behind an ACCESS EXCLUSIVE lock, so it gets
 * only what is not locked; for a lock that comes in between, the session has a lock_timeout.
 * @param opens the relation that the query opens for each of them
 * @param read gets some of them at a time
 * @param modes what it would wait for
 * @returns rows by oid; what is missing was locked, or has been dropped
 */
export async function readUnlocked<Row extends { readonly oid: number }>(
  session: Session,
  oids: readonly number[],
  opens: (oid: number) => number,
  read: (oids: readonly number[]) => Promise<Row[]>,
  modes = READING,
): Promise<Map<number, Row>> {
  const found = new Map<number, Row>();
  for (let start = 0; start < oids.length; start += AT_ONCE) {
    for (const row of await readSome(session, oids.slice(start, start + AT_ONCE), opens, read, modes)) found.set(row.oid, row);
  }
  return found;
}

async function readSome<Row>(
  session: Session,
  oids: readonly number[],
  opens: (oid: number) => number,
  read: (oids: readonly number[]) => Promise<Row[]>,
  modes: readonly string[],
): Promise<Row[]> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const locked = await lockedRelations(session, modes);
    const free = oids.filter((oid) => !locked.has(opens(oid)));
    try {
      return free.length === 0 ? [] : await read(free);
    } catch (error) {
      if (!(error instanceof LifeboatError) || (error.code !== 'lock-timeout' && !isGone(error))) throw error;
    }
  }
  return [];
}

/** A relation was dropped after the query had begun, which Postgres takes for an internal error: "could not open relation with OID". */
function isGone({ details, message }: LifeboatError): boolean {
  return details['sqlstate'] === 'XX000' && message.includes('could not open relation with OID');
}
