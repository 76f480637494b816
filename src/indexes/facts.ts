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
  /** As pg_get_indexdef prints it with an empty search path, as in a manifest; `null` when the table was locked against reading. */
  readonly definition: string | null;
  /** Of the main fork; `null` when the index was locked against reading. */
  readonly bytes: number | null;
  /** relpages: how long it was when it was last vacuumed, analyzed or built. */
  readonly pages: number;
  /** One sentence on why `definition` or `bytes` is null; `null` when neither is. */
  readonly unread: string | null;
  /** reltuples: an estimate; -1 when never analyzed. */
  readonly tuples: number;
  readonly tableTuples: number;
  readonly fillfactor: number | null;
  /** B-trees only; `null` when not set, which means on. */
  readonly deduplicateItems: boolean | null;
  /** All of WITH: `pages_per_range=16`; in the order of their names. */
  readonly parameters: readonly string[];
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
  /** ISO time; `null` before Postgres 16, and when it was never scanned. */
  readonly lastScan: string | null;
}

/** Key columns first, then those of INCLUDE. */
export interface IndexColumn {
  /** In the table; 0 for an expression. */
  readonly attnum: number;
  /** In the index, from 1: where statistics of an expression are kept. */
  readonly position: number;
  /** As it stands in the definition: the column's name, or the expression; of an expression on a table that was locked, `?`. */
  readonly text: string;
  readonly key: boolean;
  readonly type: string;
  readonly typeOid: number;
  /** typlen, typalign and attstorage of what the index stores. */
  readonly length: number;
  readonly align: 'c' | 's' | 'i' | 'd';
  readonly storage: string;
  readonly opclassOid: number;
  /** What its operator class was told: `{siglen=32}`; `null` when nothing. */
  readonly opclassOptions: string | null;
  /** Operators by which it finds equal values; of B-trees and hash indexes. */
  readonly equalityOperators: readonly number[];
  /** 0 for a type without collation. */
  readonly collationOid: number;
  readonly collationDeterministic: boolean;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Whether its opclass has a support function `equalimage` that says yes, and so allows deduplication. */
  readonly equalimage: boolean;
}

/** A table, a partitioned table or a materialized view. */
export interface TableFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned' | 'materialized view';
  /** reltuples: an estimate; -1 when never analyzed. */
  readonly tuples: number;
  /** Whether there are statistics of its columns; `null` where the role may not see them. */
  readonly gathered: boolean | null;
  /** Of the main fork, of a partitioned table those of its partitions; by relpages where the table is locked against reading. */
  readonly bytes: number;
  readonly columns: number;
  /** Counters of this server since their reset; rows and changes of partitions count for their parents too. */
  readonly seqScans: number;
  readonly seqRows: number;
  readonly indexScans: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly liveRows: number;
  readonly changedSinceAnalyze: number;
  /** ISO time of the last ANALYZE, by hand or automatic; `null` when there was none since the counters' reset. */
  readonly analyzedAt: string | null;
}

export interface ForeignKeyFacts {
  readonly oid: number;
  readonly name: string;
  readonly tableOid: number;
  /** Of the referencing table; their names beside. */
  readonly attnums: readonly number[];
  readonly columns: readonly string[];
  /** Of each column: its collation, 0 for a type without; and the operator that looks for its values, `column = $1`. */
  readonly collationOids: readonly number[];
  readonly operators: readonly number[];
  /** The last column is a PERIOD. */
  readonly period: boolean;
  /** The unique index that it refers to. */
  readonly referencedIndexOid: number;
  readonly referencedOid: number;
  readonly referencedSchema: string;
  readonly referencedTable: string;
  /** What a row's deletion does to those that refer to it: `no action`, `restrict`, `cascade`, `set null`, `set default`. */
  readonly onDelete: string;
  /** Of a partition: the partitioned table whose constraint this is. */
  readonly inheritedFrom: { readonly schema: string; readonly name: string } | null;
}

export interface SequenceFacts {
  readonly schema: string;
  readonly name: string;
  /** `null`: never drawn from, or not readable; `unread` tells which. Decimal text. */
  readonly lastValue: string | null;
  readonly unread: string | null;
  /** Whether the role may read what it holds. */
  readonly mayRead: boolean;
  readonly start: string;
  readonly min: string;
  readonly max: string;
  readonly increment: string;
  readonly cycles: boolean;
  /** Its own: `smallint`, `integer` or `bigint`. */
  readonly type: string;
  /** What it fills: the column that it belongs to, and every one whose default is its next number. Of partitions, that of their root. */
  readonly columns: readonly SequenceColumn[];
}

export interface SequenceColumn {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** As it was declared. */
  readonly type: string;
  /** The same but for a domain, which is what it is made of: `integer`, `numeric(5,0)`. */
  readonly baseType: string;
  readonly identity: boolean;
}

export interface AgeFacts {
  readonly database: string;
  /** Transactions since the oldest that is not frozen. */
  readonly xids: number;
  readonly multixacts: number;
  readonly freezeMaxAge: number;
  readonly multixactFreezeMaxAge: number;
  /** Whether it is the database that was asked. */
  readonly own: boolean;
  /** Tables that hold the horizon back, oldest first; of the own database only. */
  readonly oldest: readonly { readonly schema: string; readonly name: string; readonly xids: number; readonly multixacts: number }[];
}

export interface ServerFacts {
  readonly database: string;
  readonly versionNumber: number;
  readonly systemIdentifier: string | null;
  readonly standby: boolean;
  /** ISO time. */
  readonly now: string;
  readonly startedAt: string;
  /** Whether scans and changes are counted (track_counts). */
  readonly counts: boolean;
  /** Since when counters are kept; `null` when Postgres does not know. */
  readonly countersSince: string | null;
  readonly role: string;
  /** Standbys that stream from it right now; neither receivers of WAL alone, nor logical replication, nor base backups. */
  readonly standbys: number;
  /** Indexes of TOAST tables, which nobody judges. */
  readonly toast: { readonly indexes: number; readonly bytes: number };
  /** Oids of the tables that an index is being built on, or dropped from concurrently, right now. */
  readonly building: readonly number[];
}
