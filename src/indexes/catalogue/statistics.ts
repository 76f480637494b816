import type { Session } from '../../postgres/connect.ts';
import type { ColumnStatistics } from '../bloat/distinct.ts';
import type { TableChanges } from '../bloat/live-tuples.ts';
import type { IndexFacts } from '../facts.ts';
import { widthsOf } from './widths.ts';

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

/** Statistics of very many indexes at once would take their memory all at once. */
const AT_ONCE = 250;

/** Some indexes at a time, with their statistics. */
export async function* statisticsOf(
  session: Session,
  indexes: readonly IndexFacts[],
): AsyncGenerator<{ readonly some: readonly IndexFacts[]; readonly statistics: IndexStatistics }> {
  for (let start = 0; start < indexes.length; start += AT_ONCE) {
    const some = indexes.slice(start, start + AT_ONCE);
    yield { some, statistics: await readIndexStatistics(session, some) };
  }
}

/** Half a dozen queries, however many indexes: pg_stats shows a role only what it may read, and nobody's locks are waited for. */
async function readIndexStatistics(session: Session, indexes: readonly IndexFacts[]): Promise<IndexStatistics> {
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
  const widths = new Map(sampled.map((row) => [keyOf(row), widthsOf(row)]));
  const columns = new Map<string, ColumnStatistics | Unseen>();
  for (const row of wanted) {
    const found = byName.get(keyOf(row));
    const key = `${row.oid} ${row.position}`;
    if (!row.visible) columns.set(key, row.granted ? 'behind policies' : 'hidden');
    else if (found !== undefined) {
      const { target, byHand, ordered } = row;
      const lengths = widths.get(keyOf(row)) ?? NO_WIDTHS;
      columns.set(key, { ...found, ...lengths, byHand, ordered, sampleRows: 300 * targetThen(target, found) });
    }
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

const NO_WIDTHS = { widths: null, commonWidths: null, restWidths: null };

/** Of a column that is NULL in more rows, a sample may have too few values to fill a histogram. */
const SPARSE = 0.99;

/** ANALYZE may have run with a smaller target than now: then a histogram is shorter, although there were values enough for more. */
function targetThen(target: number, { distinct, histogram, commonValues, nullFraction }: StatisticsRow): number {
  const fewer = nullFraction < SPARSE && histogram > 0 && histogram - 1 < target && (distinct < 0 || distinct > histogram + commonValues + 1);
  // a target of 0 keeps ANALYZE away, and what it wrote before
  return fewer || target === 0 ? Math.max(1, histogram - 1, commonValues) : target;
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
  readonly lengths: string | null;
  readonly byHand: boolean;
  /** ANALYZE makes a histogram or a list of frequent values of its type: of ranges it does not. */
  readonly ordered: boolean;
}

interface WidthsRow {
  readonly schema: string;
  readonly relation: string;
  readonly attribute: string;
  readonly histogram: readonly number[] | null;
  readonly common: readonly number[] | null;
  readonly frequencies: readonly number[] | null;
  readonly nulls: number;
}

interface StatisticsRow extends Omit<ColumnStatistics, 'sampleRows' | 'widths' | 'commonWidths' | 'restWidths' | 'byHand' | 'ordered'> {
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
              WHEN t.typname IN ('numeric', 'bytea', 'inet', 'cidr', 'varbit', 'bit', 'jsonb', '_int4', '_int8', '_text', '_uuid')
                AND t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace THEN t.typname
              WHEN t.typcategory = 'S' AND t.typlen = -1 THEN 'text' END AS lengths,
         coalesce(a.attoptions::text ~ 'n_distinct=', false) AS "byHand", t.typanalyze::oid = 0 OR t.typcategory = 'A' AS ordered
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
         coalesce(most_common_freqs[1], 0)::float8 AS "commonMost",
         coalesce(most_common_freqs[pg_catalog.cardinality(most_common_freqs)], 0)::float8 AS "commonLeast", coalesce(pg_catalog.cardinality(histogram_bounds), 0) AS histogram
    FROM pg_catalog.pg_stats
   WHERE schemaname = ANY ($1::name[]) AND tablename = ANY ($2::name[]) AND attname = ANY ($3::name[]) AND NOT inherited
`;

/** With the header that a short value has in a tuple. */
function lengthsOf(values: string): string {
  const sized = (types: string, type: string) => `WHEN w.lengths IN (${types}) THEN pg_catalog.pg_column_size(v::pg_catalog.${type}) - 3`;
  return `(SELECT pg_catalog.json_agg(CASE ${sized("'numeric'", 'numeric')} ${sized("'bytea'", 'bytea')} ${sized("'inet', 'cidr'", 'inet')}
             ${sized("'bit', 'varbit'", 'varbit')} ${sized("'jsonb'", 'jsonb')} ${sized("'_int4'", '_int4')} ${sized("'_int8'", '_int8')}
             ${sized("'_text'", '_text')} ${sized("'_uuid'", '_uuid')} ELSE pg_catalog.octet_length(v) + 1 END)
            FROM pg_catalog.unnest(${values}::text::text[]) v)`;
}

/**
 * How long values are, of those that stand for equal shares of the rows: an average does not tell how much alignment takes. Only lengths
 * leave the server, never a value.
 */
const WIDTHS_SQL = `
  SELECT s.schemaname AS schema, s.tablename AS relation, s.attname AS attribute,
         ${lengthsOf('s.histogram_bounds')} AS histogram, ${lengthsOf('s.most_common_vals')} AS common,
         pg_catalog.to_json(s.most_common_freqs::float8[]) AS frequencies, s.null_frac::float8 AS nulls
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
  const rows = await session.query<{ schema: string; table: string; distinct: string }>(combinationsSql(session.versionNumber), [tables]);
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

/** A parent has those of its own rows, and from Postgres 15 on beside them those of its children's, too. */
function combinationsSql(version: number): string {
  return `
  SELECT schemaname AS schema, tablename AS table, n_distinct::text AS distinct
    FROM pg_catalog.pg_stats_ext
   WHERE n_distinct IS NOT NULL AND tablename = ANY ($1::name[])${version >= 150_000 ? ' AND NOT inherited' : ''}
`;
}
