import type { Session } from '../../postgres/connect.ts';
import type { IndexColumn, IndexFacts } from '../facts.ts';
import { readUnlocked } from './locks.ts';
import { isoTime, NOT_OURS } from './sql.ts';

/**
 * Every index of the database but those of the system, and of TOAST tables the invalid ones, in the order of their names. The session must be careful
 * (src/indexes/catalogue/session.ts): an index that is locked is not waited for, and says so in `unread`.
 */
export async function readIndexes(session: Session): Promise<IndexFacts[]> {
  const rows = await session.query<Row>(indexesSql(session.versionNumber));
  const classes = new Map((await session.query<OperatorClass>(CLASSES_SQL)).map((one) => [one.oid, one]));
  const blurred = new Set((await session.query<{ oid: number }>(NON_DETERMINISTIC_SQL)).map(({ oid }) => oid));
  const oids = rows.map(({ oid }) => oid);
  const tableOf = new Map(rows.map(({ oid, tableOid }) => [oid, tableOid]));
  const sizes = await readUnlocked(
    session,
    oids,
    (oid) => oid,
    (some) => session.query<Size>(SIZES_SQL, [some]),
  );
  const definitions = await readUnlocked(
    session,
    oids,
    (oid) => tableOf.get(oid) ?? oid,
    (some) => session.query<Definition>(DEFINITIONS_SQL, [some]),
  );
  const unread = oids.filter((oid) => [definitions.get(oid)?.definition, sizes.get(oid)?.bytes].some((read) => read == null));
  const dropped = unread.length === 0 ? NONE_GONE : await goneOf(session, unread);
  const columns = new Map<number, IndexColumn[]>();
  // where there are very many indexes, most are alike: of partitions, or of a schema for each tenant
  const alike = new Map<string, IndexColumn[]>();
  for (let start = 0; start < oids.length; start += AT_ONCE) {
    const some = await session.query<Columns>(COLUMNS_SQL, [oids.slice(start, start + AT_ONCE)]);
    for (const { oid, columns: json } of some) {
      const expressions = definitions.get(oid)?.expressions ?? null;
      const known = expressions === null ? alike.get(json) : undefined;
      const all = known ?? (JSON.parse(json) as ColumnRow[]).map((column) => columnOf(column, expressions, classes, blurred));
      if (expressions === null) alike.set(json, all);
      columns.set(oid, all);
    }
  }
  const there = dropped.size === 0 ? rows : rows.filter(({ oid }) => !dropped.has(oid));
  return there.map(({ partial, scans, ...row }) => {
    const definition = definitions.get(row.oid);
    const bytes = sizes.get(row.oid)?.bytes ?? null;
    return {
      ...row,
      scans: scans === null ? null : Number(scans),
      definition: definition?.definition ?? null,
      predicate: partial ? (definition?.predicate ?? '?') : null,
      bytes: bytes === null ? null : Number(bytes),
      unread: unreadBecause(definition === undefined, bytes === null),
      columns: columns.get(row.oid) ?? [],
    };
  });
}

const AT_ONCE = 1000;
const NONE_GONE: ReadonlySet<number> = new Set();

/** Which of these indexes somebody has dropped since they were listed. */
async function goneOf(session: Session, oids: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await session.query<{ oid: number }>(
    'SELECT oid::int8::float8 AS oid FROM pg_catalog.unnest($1::oid[]) oid WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = oid)',
    [oids],
  );
  return new Set(rows.map(({ oid }) => oid));
}

type Row = Omit<IndexFacts, 'columns' | 'definition' | 'predicate' | 'bytes' | 'unread' | 'scans'> & {
  readonly partial: boolean;
  readonly scans: string | null;
};
type ColumnRow = Omit<IndexColumn, 'text' | 'collationDeterministic' | 'equalimage' | 'equalityOperators' | 'key'> & { readonly name: string | null };
type Columns = { readonly oid: number; readonly columns: string };
type OperatorClass = { readonly oid: number; readonly equalimage: string | null; readonly operators: readonly number[] };
type Size = { readonly oid: number; readonly bytes: string | null };
type Definition = {
  readonly oid: number;
  readonly definition: string | null;
  readonly predicate: string | null;
  /** By position. */
  readonly expressions: Readonly<Record<string, string>> | null;
};

function unreadBecause(noDefinition: boolean, noSize: boolean): string | null {
  if (!noDefinition && !noSize) return null;
  const what = noDefinition && noSize ? 'The table and the index were' : noDefinition ? 'The table was' : 'The index was';
  return `${what} locked by another session (ACCESS EXCLUSIVE), and nobody waited for that.`;
}

function columnOf(
  { name, ...column }: ColumnRow,
  expressions: Definition['expressions'],
  classes: ReadonlyMap<number, OperatorClass>,
  blurred: ReadonlySet<number>,
): IndexColumn {
  const collationDeterministic = !blurred.has(column.collationOid);
  const { equalimage, operators } = classes.get(column.opclassOid) ?? { equalimage: null, operators: NONE };
  return {
    ...column,
    text: name ?? expressions?.[column.position] ?? '?',
    key: column.opclassOid !== 0,
    collationDeterministic,
    equalimage: equalimage === 'btequalimage' || (equalimage === 'btvarstrequalimage' && collationDeterministic),
    equalityOperators: operators,
  };
}

const NONE: readonly number[] = [];

function indexesSql(version: number): string {
  const nullsNotDistinct = version >= 150_000 ? 'i.indnullsnotdistinct' : 'false';
  const lastScan = version >= 160_000 ? isoTime('pg_catalog.pg_stat_get_lastscan(x.oid)') : 'NULL';
  return `
    SELECT x.oid::int8::float8 AS oid, n.nspname AS schema, x.relname AS name, c.oid::int8::float8 AS "tableOid", c.relname AS table,
           m.amname AS method, x.relpages AS pages, x.reltuples::float8 AS tuples, c.reltuples::float8 AS "tableTuples",
           (SELECT pg_catalog.split_part(o, '=', 2)::int FROM pg_catalog.unnest(x.reloptions) o WHERE o LIKE 'fillfactor=%') AS fillfactor,
           (SELECT pg_catalog.split_part(o, '=', 2)::bool FROM pg_catalog.unnest(x.reloptions) o WHERE o LIKE 'deduplicate\\_items=%') AS "deduplicateItems",
           ARRAY(SELECT o FROM pg_catalog.unnest(x.reloptions) o ORDER BY 1) AS parameters,
           i.indpred IS NOT NULL AS partial, i.indisunique AS unique, ${nullsNotDistinct} AS "nullsNotDistinct",
           i.indisprimary AS primary, i.indisexclusion AS exclusion, i.indimmediate AS immediate, i.indisvalid AS valid, i.indisready AS ready,
           i.indislive AS live, i.indisreplident AS "replicaIdentity", i.indisclustered AS clustered, x.relkind = 'I' AS partitioned,
           h.inhparent::int8::float8 AS "parentOid",
           CASE WHEN o.oid IS NOT NULL THEN pg_catalog.json_build_object('name', o.conname,
             'type', CASE o.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' ELSE 'exclusion' END) END AS constraint,
           e.extname AS extension, x.relpersistence = 't' AS temporary,
           CASE WHEN x.relkind = 'i' THEN pg_catalog.pg_stat_get_numscans(x.oid) END AS scans,
           CASE WHEN x.relkind = 'i' THEN ${lastScan} END AS "lastScan"
      FROM pg_catalog.pg_index i
      JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
      JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = x.relnamespace
      JOIN pg_catalog.pg_am m ON m.oid = x.relam
      LEFT JOIN pg_catalog.pg_constraint o ON o.conindid = x.oid AND o.contype IN ('p', 'u', 'x')
      LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = x.oid
      LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
      LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
     WHERE n.nspname NOT IN ${NOT_OURS} OR (n.nspname = 'pg_toast' AND NOT i.indisvalid)
     ORDER BY 2, 3
  `;
}

/** Of some at a time: of very many at once they would take their memory all at once. */
const COLUMNS_SQL = `
  SELECT i.indexrelid::int8::float8 AS oid,
         pg_catalog.json_agg(pg_catalog.json_build_object(
           'attnum', i.indkey[a.attnum - 1], 'position', a.attnum, 'name', t.attname,
           'type', pg_catalog.format_type(a.atttypid, a.atttypmod), 'typeOid', a.atttypid::int8,
           'length', a.attlen, 'align', a.attalign, 'storage', a.attstorage,
           'opclassOid', coalesce(i.indclass[a.attnum - 1]::int8, 0), 'opclassOptions', a.attoptions::text, 'collationOid', coalesce(i.indcollation[a.attnum - 1]::int8, 0),
           'descending', coalesce(i.indoption[a.attnum - 1] & 1, 0) = 1, 'nullsFirst', coalesce(i.indoption[a.attnum - 1] & 2, 0) = 2
         ) ORDER BY a.attnum)::text AS columns
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indexrelid AND a.attnum > 0
    LEFT JOIN pg_catalog.pg_attribute t ON t.attrelid = i.indrelid AND t.attnum = i.indkey[a.attnum - 1] AND t.attnum <> 0
   WHERE i.indexrelid = ANY ($1::oid[])
   GROUP BY 1
`;

const SIZES_SQL = `
  SELECT oid::int8::float8 AS oid, pg_catalog.pg_relation_size(oid)::text AS bytes
    FROM pg_catalog.unnest($1::oid[]) oid
`;

const DEFINITIONS_SQL = `
  SELECT i.indexrelid::int8::float8 AS oid, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
         CASE WHEN i.indpred IS NOT NULL THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid) END AS predicate,
         CASE WHEN i.indexprs IS NOT NULL THEN
           (SELECT pg_catalog.json_object_agg(k, pg_catalog.pg_get_indexdef(i.indexrelid, k, false))
              FROM pg_catalog.generate_series(1, i.indnatts) k WHERE i.indkey[k - 1] = 0) END AS expressions
    FROM pg_catalog.pg_index i
   WHERE i.indexrelid = ANY ($1::oid[])
`;

/** Operator classes of B-trees and hash indexes: what says whether equal values are the same bytes too, and what compares them. */
const CLASSES_SQL = `
  SELECT o.oid::int8::float8 AS oid, p.proname AS equalimage,
         (SELECT coalesce(pg_catalog.json_agg(a.amopopr::int8), '[]') FROM pg_catalog.pg_amop a
           WHERE a.amopfamily = o.opcfamily AND a.amopstrategy = CASE m.amname WHEN 'btree' THEN 3 ELSE 1 END) AS operators
    FROM pg_catalog.pg_opclass o
    JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod AND m.amname IN ('btree', 'hash')
    LEFT JOIN pg_catalog.pg_amproc f
      ON m.amname = 'btree' AND f.amprocfamily = o.opcfamily AND f.amprocnum = 4 AND f.amproclefttype = o.opcintype AND f.amprocrighttype = o.opcintype
    LEFT JOIN pg_catalog.pg_proc p ON p.oid = f.amproc AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
`;

const NON_DETERMINISTIC_SQL = 'SELECT oid::int8::float8 AS oid FROM pg_catalog.pg_collation WHERE NOT collisdeterministic';
