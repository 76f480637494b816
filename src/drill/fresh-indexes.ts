import type { Context } from '../context.ts';
import type { ManifestIndex } from '../format/manifest.ts';
import type { Proof } from '../format/proof.ts';
import { modelIndexes } from '../indexes/bloat/model-indexes.ts';
import type { Modelled } from '../indexes/bloat/modelled.ts';
import { withCarefulSession } from '../indexes/catalogue/session.ts';
import { withSession } from '../postgres/connect.ts';
import { displayName } from '../postgres/identifiers.ts';
import type { ConnectionTarget } from '../postgres/url.ts';

/** What a drill knows of the indexes that it built beside what the catalogue says; by displayName. */
export interface KnownOfBuilt {
  /** What builds counted. */
  readonly tuples: ReadonlyMap<string, number>;
  readonly modelled: ReadonlyMap<string, Modelled>;
}

/** What a proof keeps of the indexes that its drill built: the one place where their names are written. Pure. */
export function freshIndexes(source: readonly ManifestIndex[], restored: readonly ManifestIndex[], known: KnownOfBuilt): Proof['indexes'] {
  const definitions = new Map(source.map((index) => [displayName(index), index.definition]));
  return restored.map((index) => {
    const { schema, name, bytes, pages } = index;
    const tuples = known.tuples.get(displayName(index));
    const modelled = known.modelled.get(displayName(index));
    const size = { bytes, pages, tuples: tuples ?? index.tuples, ...(tuples === undefined ? {} : { counted: true }) };
    return {
      schema,
      name,
      ...size,
      ...(modelled === undefined ? {} : { modelled }),
      asDefined: index.valid && definitions.get(displayName(index)) === index.definition,
    };
  });
}

/** How many tuples the builds of partial B-trees have counted, by displayName; of others it is the rows of their tables. */
export async function readBuiltTuples(target: ConnectionTarget, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const rows = await withSession(target, { signal }, (session) => session.query<{ schema: string; name: string; tuples: number }>(BUILT_SQL));
  return new Map(rows.map((row) => [displayName(row), row.tuples]));
}

/** What the model makes of every index, by displayName. A drill is about rows: it never fails over this. */
export async function readModelled(target: ConnectionTarget, { signal, log }: Context): Promise<ReadonlyMap<string, Modelled>> {
  try {
    return await withCarefulSession(target, signal, (session) => modelIndexes(session, signal));
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    log.warn(`What the statistics say of the rebuilt indexes could not be read, and reports will go by their tuples alone: ${why}`);
    return new Map();
  }
}

const BUILT_SQL = `
  SELECT n.nspname AS schema, x.relname AS name, x.reltuples::float8 AS tuples
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
    JOIN pg_catalog.pg_am m ON m.oid = x.relam AND m.amname = 'btree'
   WHERE i.indpred IS NOT NULL AND x.relkind = 'i' AND x.oid >= 16384
     AND coalesce(pg_catalog.pg_stat_get_last_analyze_time(i.indrelid), pg_catalog.pg_stat_get_last_autoanalyze_time(i.indrelid)) IS NULL
`;
