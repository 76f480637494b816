/** One index as the catalogue has it. */
export interface IndexFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly tableOid: number;
  /** The table lies in the index's own schema. */
  readonly table: string;
  /** `btree`, `hash`, `gin`, … */
  readonly method: string;
  /** As pg_get_indexdef prints it; `null` when the table was locked against reading. */
  readonly definition: string | null;
  /** `null` when the relation was locked against reading. */
  readonly bytes: number | null;
  /** reltuples: an estimate; -1 when never analyzed. */
  readonly tuples: number;
  readonly tableTuples: number;
  readonly fillfactor: number | null;
  /** B-trees only; `null` when not set, which means on. */
  readonly deduplicateItems: boolean | null;
  readonly columns: readonly IndexColumn[];
  /** Of a partial index. */
  readonly predicate: string | null;
  readonly unique: boolean;
  readonly nullsNotDistinct: boolean;
  readonly primary: boolean;
  readonly exclusion: boolean;
  readonly immediate: boolean;
  readonly valid: boolean;
  readonly ready: boolean;
  readonly live: boolean;
  readonly replicaIdentity: boolean;
  readonly clustered: boolean;
  /** It has no storage of its own: its leaves do. */
  readonly partitioned: boolean;
  readonly parentOid: number | null;
  /** The constraint that it implements. */
  readonly constraint: { readonly name: string; readonly type: 'primary key' | 'unique' | 'exclusion' } | null;
  /** The extension that owns it. */
  readonly extension: string | null;
  readonly temporary: boolean;
  /** Of this server since its counters' reset; `null` on an index without storage. */
  readonly scans: number | null;
}

/** Key columns first, then those of INCLUDE. */
export interface IndexColumn {
  /** In the table; 0 for an expression. */
  readonly attnum: number;
  /** In the index, from 1: where statistics of an expression are kept. */
  readonly position: number;
  /** As it stands in the definition: the column's name, or the expression. */
  readonly text: string;
  readonly key: boolean;
  readonly type: string;
  readonly typeOid: number;
  /** typlen, typalign and attstorage of what the index stores. */
  readonly length: number;
  readonly align: 'c' | 's' | 'i' | 'd';
  readonly storage: string;
  readonly opclassOid: number;
  /** 0 for a type without collation. */
  readonly collationOid: number;
  readonly collationDeterministic: boolean;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Whether its opclass has a support function `equalimage` that says yes, and so allows deduplication. */
  readonly equalimage: boolean;
}
