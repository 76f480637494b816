import type { Session } from '../../postgres/connect.ts';
import type { ColumnStatistics } from '../bloat/distinct.ts';
import type { TableChanges } from '../bloat/live-tuples.ts';
import type { IndexFacts } from '../facts.ts';

/** Why the role does not see statistics: it may not read the column, or row security is in force for it. */
type Unseen = 'hidden' | 'behind policies';

/** What the planner's statistics say of the columns of some indexes. */
export interface IndexStatistics {
  /** By index and position in it, from 1; `null` where nothing was gathered. */
  column(index: IndexFacts, position: number): ColumnStatistics | Unseen | null;
  /** Distinct combinations of table columns by CREATE STATISTICS (ndistinct); `null` without any that are visible. */
  combination(index: IndexFacts, attnums: readonly number[]): number | null;
  changes(tableOid: number): TableChanges | undefined;
  readonly blockBytes: number;
}

/** Half a dozen queries, however many indexes: pg_stats shows a role only what it may read, and nobody's locks are waited for. */
export async function readIndexStatistics(session: Session, indexes: readonly IndexFacts[]): Promise<IndexStatistics> {
  const oids = indexes.map(({ oid }) => oid);
  const wanted = await session.query<WantedRow>(WANTED_SQL, [oids]);
  const names = (of: (row: WantedRow) => string) => [...new Set(wanted.map(of))];
  const gathered = await session.query<StatisticsRow>(STATISTICS_SQL, [
    names(({ schema }) => schema),
    names(({ relation }) => relation),
    names(({ attribute }) => attribute),
  ]);
  const byName = new Map(gathered.map((row) => [keyOf(row), row]));
  const wide = wanted.filter(({ lengths, visible }) => lengths !== null && visible);
  const sampled =
    wide.length === 0
      ? []
      : await session.query<WidthsRow>(WIDTHS_SQL, [
          wide.map((row) => row.schema),
          wide.map((row) => row.relation),
          wide.map((row) => row.attribute),
          wide.map((row) => row.lengths),
        ]);
  const widths = new Map(sampled.map((row) => [keyOf(row), row.widths]));
  const columns = new Map<string, ColumnStatistics | Unseen>();
  for (const row of wanted) {
    const found = byName.get(keyOf(row));
    const key = `${row.oid} ${row.position}`;
    if (!row.visible) columns.set(key, row.granted ? 'behind policies' : 'hidden');
    else if (found !== undefined) columns.set(key, { ...found, sampleRows: 300 * row.target, widths: widths.get(keyOf(row)) ?? null });
  }
  const changes = new Map(
    (await session.query<TableChanges>(CHANGES_SQL, [[...new Set(indexes.map(({ tableOid }) => tableOid))]])).map((row) => [row.oid, row]),
  );
  const combinations = await readCombinations(session, [...new Set(indexes.map(({ table }) => table))]);
  const [server] = await session.query<{ bytes: number }>("SELECT pg_catalog.current_setting('block_size')::int AS bytes");
  return {
    column: ({ oid }, position) => columns.get(`${oid} ${position}`) ?? null,
    combination: ({ schema, table }, attnums) => combinations.get(JSON.stringify([schema, table, ...attnums.toSorted((a, b) => a - b)])) ?? null,
    changes: (tableOid) => changes.get(tableOid),
    blockBytes: server?.bytes ?? 8192,
  };
}

interface WantedRow {
  readonly oid: number;
  readonly position: number;
  readonly schema: string;
  readonly relation: string;
  readonly attribute: string;
  readonly target: number;
  readonly granted: boolean;
  readonly visible: boolean;
  /** How the lengths of its values are told by their text; `null` where they are not, or matter little. */
  readonly lengths: 'text' | 'name' | 'numeric' | null;
}

interface WidthsRow {
  readonly schema: string;
  readonly relation: string;
  readonly attribute: string;
  readonly widths: readonly number[] | null;
}

interface StatisticsRow extends Omit<ColumnStatistics, 'sampleRows' | 'widths'> {
  readonly schema: string;
  readonly relation: string;
  readonly attribute: string;
}

function keyOf({ schema, relation, attribute }: { readonly schema: string; readonly relation: string; readonly attribute: string }): string {
  return JSON.stringify([schema, relation, attribute]);
}

/** Where the statistics of each column lie: those of an expression with the index itself. The last condition is that of pg_stats. */
const WANTED_SQL = `
  SELECT i.indexrelid::int8::float8 AS oid, k.position::int AS position, n.nspname AS schema, c.relname AS relation, a.attname AS attribute,
         coalesce(nullif(a.attstattarget, -1), pg_catalog.current_setting('default_statistics_target')::int) AS target,
         pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') AS granted,
         pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT') AND (NOT c.relrowsecurity OR NOT pg_catalog.row_security_active(c.oid)) AS visible,
         CASE WHEN x.relpages < 8 THEN NULL
              WHEN a.atttypid = 'name'::pg_catalog.regtype THEN 'name'
              WHEN a.atttypid = 'numeric'::pg_catalog.regtype THEN 'numeric'
              WHEN t.typcategory = 'S' AND t.typlen = -1 THEN 'text' END AS lengths
    FROM pg_catalog.pg_index i
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k (attnum, position)
    JOIN pg_catalog.pg_class c ON c.oid = CASE k.attnum WHEN 0 THEN i.indexrelid ELSE i.indrelid END
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = CASE k.attnum WHEN 0 THEN k.position ELSE k.attnum END
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
   WHERE i.indexrelid = ANY ($1::oid[])
`;

const STATISTICS_SQL = `
  SELECT schemaname AS schema, tablename AS relation, attname AS attribute, null_frac::float8 AS "nullFraction", avg_width AS "averageWidth",
         n_distinct::float8 AS distinct, coalesce(pg_catalog.cardinality(most_common_freqs), 0) AS "commonValues",
         coalesce((SELECT pg_catalog.sum(f) FROM pg_catalog.unnest(most_common_freqs) f), 0)::float8 AS "commonTotal",
         coalesce(most_common_freqs[1], 0)::float8 AS "commonMost"
    FROM pg_catalog.pg_stats
   WHERE schemaname = ANY ($1::name[]) AND tablename = ANY ($2::name[]) AND attname = ANY ($3::name[]) AND NOT inherited
`;

/**
 * How long values are, of those that stand for equal shares of the rows: an average does not tell how much alignment takes. Only lengths
 * leave the server, never a value.
 */
const WIDTHS_SQL = `
  SELECT s.schemaname AS schema, s.tablename AS relation, s.attname AS attribute,
         (SELECT pg_catalog.json_agg(CASE w.lengths WHEN 'numeric' THEN pg_catalog.pg_column_size(v::numeric) - 3 ELSE pg_catalog.octet_length(v) + 1 END)
            FROM pg_catalog.unnest(coalesce(s.histogram_bounds, s.most_common_vals)::text::text[]) v) AS widths
    FROM ROWS FROM (pg_catalog.unnest($1::name[]), pg_catalog.unnest($2::name[]), pg_catalog.unnest($3::name[]), pg_catalog.unnest($4::text[]))
           AS w (schema, relation, attribute, lengths)
    JOIN pg_catalog.pg_stats s ON s.schemaname = w.schema AND s.tablename = w.relation AND s.attname = w.attribute AND NOT s.inherited
`;

const CHANGES_SQL = `
  SELECT oid::int8::float8 AS oid, pg_catalog.pg_stat_get_live_tuples(oid)::float8 AS "liveRows",
         pg_catalog.pg_stat_get_dead_tuples(oid)::float8 AS "deadRows",
         pg_catalog.pg_stat_get_tuples_inserted(oid)::float8 AS inserted, pg_catalog.pg_stat_get_tuples_deleted(oid)::float8 AS deleted,
         pg_catalog.pg_stat_get_mod_since_analyze(oid)::float8 AS "changedSinceAnalyze",
         coalesce(pg_catalog.pg_stat_get_last_analyze_time(oid), pg_catalog.pg_stat_get_last_autoanalyze_time(oid),
                  pg_catalog.pg_stat_get_last_vacuum_time(oid), pg_catalog.pg_stat_get_last_autovacuum_time(oid)) IS NOT NULL AS counted
    FROM pg_catalog.unnest($1::oid[]) oid
`;

/** By schema, table and the columns' numbers in ascending order. */
async function readCombinations(session: Session, tables: readonly string[]): Promise<Map<string, number>> {
  const rows = await session.query<{ schema: string; table: string; distinct: string }>(COMBINATIONS_SQL, [tables]);
  const combinations = new Map<string, number>();
  for (const { schema, table, distinct } of rows) {
    for (const [, attnums = '', values] of distinct.matchAll(/"([-\d, ]+)": (\d+)/g)) {
      const sorted = attnums
        .split(', ')
        .map(Number)
        .toSorted((a, b) => a - b);
      combinations.set(JSON.stringify([schema, table, ...sorted]), Number(values));
    }
  }
  return combinations;
}

const COMBINATIONS_SQL = `
  SELECT schemaname AS schema, tablename AS table, n_distinct::text AS distinct
    FROM pg_catalog.pg_stats_ext
   WHERE n_distinct IS NOT NULL AND tablename = ANY ($1::name[])
`;
