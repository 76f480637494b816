import type { Session } from '../../postgres/connect.ts';
import type { SequenceFacts } from '../facts.ts';
import { ASKING_SEQUENCES, readUnlocked } from './locks.ts';
import { NOT_OURS } from './sql.ts';

/** Every sequence, with the column that it fills. What a sequence holds is read only where the role may, and nobody has locked it. */
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

const SEQUENCES_SQL = `
  SELECT s.seqrelid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name,
         s.seqstart::text AS start, s.seqmin::text AS min, s.seqmax::text AS max, s.seqincrement::text AS increment, s.seqcycle AS cycles,
         pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT') AS readable,
         CASE WHEN t.oid IS NOT NULL THEN pg_catalog.json_build_object('schema', tn.nspname, 'table', t.relname, 'name', a.attname,
           'type', pg_catalog.format_type(a.atttypid, NULL), 'identity', a.attidentity <> '') END AS column
    FROM pg_catalog.pg_sequence s
    JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid AND c.relpersistence <> 't'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_class t ON t.oid = d.refobjid
    LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
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
