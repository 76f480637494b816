/** Objects that the user made: not the system's, not another session's temporary ones, not an extension's own. */
const MINE = `
  n.nspname !~ '^pg_(toast|temp)' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
  )`;

/**
 * Every place with rows, with the statement that digests them, and every sequence.
 * A table that is hash-partitioned by an enum is read through its root: enums hash by OID, so a restore may deal its rows anew.
 * Columns are taken in the order of their names, because a restore reorders those of a table that began to inherit after it was made.
 */
export const CONTENTS = `
WITH dealt_anew AS (
  SELECT p.partrelid
  FROM pg_catalog.pg_partitioned_table AS p
  WHERE p.partstrat = 'h'
    AND EXISTS (SELECT FROM pg_catalog.pg_opclass AS o WHERE o.oid = ANY (p.partclass) AND o.opcname = 'enum_ops')
), place AS (
  SELECT c.oid, n.nspname, c.relname, 'ONLY ' AS alone
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND ${MINE}
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) AS a JOIN dealt_anew ON dealt_anew.partrelid = a.relid)
  UNION
  SELECT root.oid, n.nspname, root.relname, ''
  FROM dealt_anew
  JOIN pg_catalog.pg_class AS root ON root.oid = pg_catalog.pg_partition_root(dealt_anew.partrelid)
  JOIN pg_catalog.pg_namespace AS n ON n.oid = root.relnamespace
)
SELECT coalesce(pg_catalog.json_agg(statement), '[]')
FROM (
  SELECT 'rows' AS kind, pg_catalog.format('%I.%I', nspname, relname) AS object, pg_catalog.format(
    'SELECT pg_catalog.md5(ROW(%s)::pg_catalog.text) COLLATE "C" FROM %s%I.%I AS t ORDER BY 1',
    (
      SELECT pg_catalog.string_agg(pg_catalog.format('t.%I', a.attname), ', ' ORDER BY a.attname COLLATE "C")
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = place.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    alone, nspname, relname
  ) AS sql
  FROM place
  UNION ALL
  SELECT 'sequence', pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format('SELECT last_value, is_called FROM %I.%I', n.nspname, c.relname)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND ${MINE}
) AS statement`;

/** What pg_dump's text leaves unsaid, or says of a thing only by leaving it out. */
export const FACTS = `
WITH fact AS (
  SELECT 'large object' AS kind, m.oid::pg_catalog.text AS object, pg_catalog.concat_ws(E'\\n',
    pg_catalog.md5(pg_catalog.lo_get(m.oid)),
    pg_catalog.pg_get_userbyid(m.lomowner),
    (
      SELECT pg_catalog.string_agg(item::pg_catalog.text, ', ' ORDER BY item::pg_catalog.text COLLATE "C")
      FROM pg_catalog.unnest(coalesce(m.lomacl, pg_catalog.acldefault('L', m.lomowner))) AS item
    ),
    'comment: ' || pg_catalog.obj_description(m.oid, 'pg_largeobject')
  ) AS value
  FROM pg_catalog.pg_largeobject_metadata AS m
  UNION ALL
  SELECT 'relation', pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format(
    'kind %s, persistence %s, populated %s, row security %s, forced %s, replica identity %s',
    c.relkind, c.relpersistence, c.relispopulated, c.relrowsecurity, c.relforcerowsecurity, c.relreplident
  )
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE ${MINE}
  UNION ALL
  SELECT 'index', pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format(
    'valid %s, ready %s, live %s, unique %s, primary %s, immediate %s, clustered %s, replica identity %s',
    i.indisvalid, i.indisready, i.indislive, i.indisunique, i.indisprimary, i.indimmediate, i.indisclustered, i.indisreplident
  ) || E'\\n' || pg_catalog.pg_get_indexdef(c.oid)
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE ${MINE}
  UNION ALL
  SELECT 'constraint', pg_catalog.format('%I on %I.%I', k.conname, n.nspname, c.relname), pg_catalog.format(
    'type %s, validated %s, enforced %s, deferrable %s, deferred %s, local %s, inherited %s times, no inherit %s',
    k.contype, k.convalidated, pg_catalog.to_jsonb(k) ->> 'conenforced', k.condeferrable, k.condeferred, k.conislocal, k.coninhcount,
    -- A key of a partition gets another value here by ATTACH than by PARTITION OF, and it means nothing.
    k.connoinherit AND k.contype NOT IN ('p', 'u')
  ) || E'\\n' || pg_catalog.pg_get_constraintdef(k.oid)
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS c ON c.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE ${MINE}
  UNION ALL
  SELECT 'constraint', pg_catalog.format('%I on domain %s', k.conname, k.contypid::pg_catalog.regtype), pg_catalog.format('validated %s', k.convalidated)
    || E'\\n' || pg_catalog.pg_get_constraintdef(k.oid)
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_type AS t ON t.oid = k.contypid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
  UNION ALL
  SELECT 'trigger', pg_catalog.format('%I on %I.%I', t.tgname, n.nspname, c.relname), pg_catalog.format('enabled %s', t.tgenabled)
    || E'\\n' || pg_catalog.pg_get_triggerdef(t.oid)
  FROM pg_catalog.pg_trigger AS t
  JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE NOT t.tgisinternal AND ${MINE}
  UNION ALL
  SELECT 'rule', pg_catalog.format('%I on %I.%I', r.rulename, n.nspname, c.relname), pg_catalog.format('enabled %s', r.ev_enabled)
  FROM pg_catalog.pg_rewrite AS r
  JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE ${MINE}
  UNION ALL
  SELECT 'event trigger', pg_catalog.quote_ident(evtname), pg_catalog.format('on %s, enabled %s', evtevent, evtenabled) FROM pg_catalog.pg_event_trigger
  UNION ALL
  SELECT 'extension', pg_catalog.quote_ident(extname), pg_catalog.format('version %s in %I', extversion, extnamespace::pg_catalog.regnamespace)
  FROM pg_catalog.pg_extension
)
SELECT coalesce(pg_catalog.json_agg(fact), '[]') FROM fact`;
