import type { Session } from '../../postgres/connect.ts';
import type { SequenceFacts } from '../facts.ts';
import { ASKING_SEQUENCES, readUnlocked } from './locks.ts';
import { NOT_OURS } from './sql.ts';

/** Every sequence, with the columns that it fills. What a sequence holds is read only where the role may, and nobody has locked it. */
export async function readSequences(session: Session): Promise<SequenceFacts[]> {
  const rows = await session.query<SequenceRow>(SEQUENCES_SQL);
  const values = await readUnlocked(
    session,
    rows.filter(({ readable }) => readable).map(({ oid }) => oid),
    (oid) => oid,
    (some) => session.query<{ oid: number; value: string | null }>(VALUES_SQL, [some]),
    ASKING_SEQUENCES,
  );
  return rows.map(({ oid, readable, ...row }) => ({
    ...row,
    lastValue: values.get(oid)?.value ?? null,
    unread: readable ? (values.has(oid) ? null : 'It was locked by another session, and nobody waited for that.') : 'The role may not read it.',
    mayRead: readable,
  }));
}

type SequenceRow = Omit<SequenceFacts, 'lastValue' | 'unread' | 'mayRead'> & { readonly oid: number; readonly readable: boolean };

/** Of the domain `y`, which may be one over another. */
const BASE_TYPE = `
  WITH RECURSIVE base (oid, typmod) AS (
    SELECT y.typbasetype, y.typtypmod
    UNION ALL
    SELECT d.typbasetype, d.typtypmod FROM base JOIN pg_catalog.pg_type d ON d.oid = base.oid WHERE d.typtype = 'd'
  )
  SELECT pg_catalog.format_type(base.oid, base.typmod) FROM base JOIN pg_catalog.pg_type b ON b.oid = base.oid WHERE b.typtype <> 'd'`;

/** A default that is the next number and nothing else; what is made of it, a code or a remainder, has limits of its own. */
const PLAIN_NEXTVAL = String.raw`^\(*nextval\(''.*''::regclass\)\)*(::[^()'']+(\(\d+(,\d+)?\))?)?$`;

/** Defaults are printed without their table, which nothing has to be locked for. */
const SEQUENCES_SQL = `
  WITH filled (sequence, relation, attribute) AS (
    SELECT s.seqrelid, d.refobjid, a.attname
      FROM pg_catalog.pg_sequence s
      JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.seqrelid AND d.objsubid = 0
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
     WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT s.seqrelid, coalesce(pg_catalog.pg_partition_root(e.adrelid), e.adrelid), a.attname
      FROM pg_catalog.pg_sequence s
      JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = s.seqrelid
      JOIN pg_catalog.pg_attrdef e ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = e.oid
      JOIN pg_catalog.pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
     WHERE CASE a.attgenerated WHEN '' THEN pg_catalog.pg_get_expr(e.adbin, 0) ~ '${PLAIN_NEXTVAL}' ELSE false END
  )
  SELECT s.seqrelid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name, pg_catalog.format_type(s.seqtypid, NULL) AS type,
         s.seqstart::text AS start, s.seqmin::text AS min, s.seqmax::text AS max, s.seqincrement::text AS increment, s.seqcycle AS cycles,
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT') AS readable,
         coalesce(f.columns, '[]') AS columns
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid AND c.relpersistence <> 't'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (
      SELECT f.sequence, pg_catalog.json_agg(pg_catalog.json_build_object(
               'schema', tn.nspname, 'table', t.relname, 'name', a.attname, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
               'baseType', CASE y.typtype WHEN 'd' THEN (${BASE_TYPE}) ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END,
               'identity', a.attidentity <> '') ORDER BY tn.nspname, t.relname, a.attnum) AS columns
        FROM filled f
        JOIN pg_catalog.pg_class t ON t.oid = f.relation
        JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attname = f.attribute AND NOT a.attisdropped
        JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
       GROUP BY 1
    ) f ON f.sequence = s.seqrelid
   WHERE n.nspname NOT IN ${NOT_OURS}
   ORDER BY 2, 3
`;

/** NULL when nobody has drawn from it; an unlogged one has no value on a standby. */
const VALUES_SQL = `
  SELECT s.oid::int8::float8 AS oid,
         CASE WHEN c.relpersistence = 'u' AND pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_sequence_last_value(s.oid)::text END AS value
    FROM pg_catalog.unnest($1::oid[]) s (oid)
    JOIN pg_catalog.pg_class c ON c.oid = s.oid
`;
