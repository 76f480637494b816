/** Names what the statements below print, in manifests: change it with any change to them, or older backups will seem to differ. */
export const DEFINITION_ALGORITHM = 'definitions-2';

/**
 * One statement per kind of schema object: its identity, and a definition that is the same on the source and in a faithful restore.
 * Column order is left out (a restore may move the columns of an inheriting table), as are the links between operators (a restore fills in
 * the reverse ones) and whatever pg_dump does not dump.
 * $1: oids of the selected relations · $2: oids of the selected schemas · $3: whether objects outside any schema are selected.
 */
export const OBJECT_QUERIES: Readonly<Record<string, string>> = {
  schema: `
    SELECT quote_ident(n.nspname) AS identity,
           jsonb_build_object(
             'owner', CASE WHEN NOT ${publicAsInitdbMadeIt()} THEN pg_get_userbyid(n.nspowner) END,
             'acl', ${acl('n', 'n.nspacl', 'n.nspowner')},
             'comment', obj_description(n.oid, 'pg_namespace')) AS definition
      FROM pg_namespace n
     WHERE n.oid = ANY ($2::oid[]) AND n.nspname !~ '^pg_' AND ${notOfExtension('pg_namespace', 'n.oid')}`,

  extension: `
    SELECT quote_ident(e.extname) AS identity, jsonb_build_object('schema', n.nspname) AS definition
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE $3::boolean`,

  relation: `
    SELECT (pg_identify_object('pg_class'::regclass, c.oid, 0)).identity,
           jsonb_build_object(
             'kind', c.relkind,
             'persistence', c.relpersistence,
             'owner', pg_get_userbyid(c.relowner),
             'acl', ${acl("CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END", 'c.relacl', 'c.relowner')},
             'comment', obj_description(c.oid, 'pg_class'),
             'options', (SELECT array_agg(o ORDER BY o) FROM unnest(c.reloptions) o),
             'toast', (SELECT array_agg(o ORDER BY o) FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid),
             'rowSecurity', ARRAY[c.relrowsecurity, c.relforcerowsecurity],
             'replicaIdentity', c.relreplident,
             'method', (SELECT m.amname FROM pg_am m WHERE m.oid = c.relam),
             'foreign', (SELECT array_agg(o ORDER BY o) FROM pg_foreign_table f, unnest(f.ftoptions) o WHERE f.ftrelid = c.oid),
             'ofType', nullif(c.reloftype, 0)::regtype::text,
             'partitionKey', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
             'partitionBound', pg_get_expr(c.relpartbound, c.oid),
             'parents', (SELECT array_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid),
             'view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
             'populated', CASE WHEN c.relkind = 'm' THEN c.relispopulated END,
             'sequence', (SELECT jsonb_build_array(s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
                            FROM pg_sequence s WHERE s.seqrelid = c.oid),
             'ownedBy', (SELECT format('%s.%I', d.refobjid::regclass, a.attname)
                           FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                          WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                             AND d.refobjid = ANY ($1::oid[]) LIMIT 1),
             'columns', CASE WHEN c.relkind <> 'S' THEN
               (SELECT jsonb_object_agg(a.attname, jsonb_build_array(
                         format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(f.adbin, f.adrelid),
                         CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
                         a.attstorage, to_jsonb(a) ->> 'attcompression', to_jsonb(a) ->> 'attstattarget', a.attoptions, col_description(c.oid, a.attnum),
                         ${acl('c', 'a.attacl', 'c.relowner')}))
                  FROM pg_attribute a
                  JOIN pg_type t ON t.oid = a.atttypid
                  LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) END) AS definition
      FROM pg_class c
     WHERE c.oid = ANY ($1::oid[]) AND ${notOfExtension('pg_class', 'c.oid')}`,

  constraint: `
    SELECT format('%I on %s', k.conname, CASE WHEN k.conrelid <> 0 THEN k.conrelid::regclass::text ELSE k.contypid::regtype::text END) AS identity,
           jsonb_build_object('definition', pg_get_constraintdef(k.oid), 'validated', k.convalidated,
                              'comment', obj_description(k.oid, 'pg_constraint')) AS definition
      FROM pg_constraint k
      LEFT JOIN pg_type t ON t.oid = k.contypid
     WHERE (k.conrelid = ANY ($1::oid[]) AND ${notOfExtension('pg_class', 'k.conrelid')}
            OR t.typnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_type', 't.oid')})
       AND k.contype <> 't' AND NOT (k.conparentid <> 0 AND k.contype = 'f')`,

  index: `
    SELECT i.indexrelid::regclass::text AS identity,
           jsonb_build_object('definition', pg_get_indexdef(i.indexrelid), 'clustered', i.indisclustered, 'replicaIdentity', i.indisreplident,
                              'statistics', (SELECT array_agg(ARRAY[a.attnum::text, to_jsonb(a) ->> 'attstattarget'] ORDER BY a.attnum)
                                               FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND (to_jsonb(a) ->> 'attstattarget')::int >= 0),
                              'comment', obj_description(i.indexrelid, 'pg_class')) AS definition
      FROM pg_index i
      JOIN pg_class c ON c.oid = i.indrelid
     WHERE c.oid = ANY ($1::oid[]) AND (i.indisvalid OR c.relkind = 'p') AND ${notOfExtension('pg_class', 'c.oid')}`,

  trigger: `
    SELECT format('%I on %s', t.tgname, t.tgrelid::regclass) AS identity,
           jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'enabled', t.tgenabled, 'comment', obj_description(t.oid, 'pg_trigger')) AS definition
      FROM pg_trigger t
     WHERE t.tgrelid = ANY ($1::oid[]) AND NOT t.tgisinternal AND t.tgparentid = 0 AND ${notOfExtension('pg_class', 't.tgrelid')}`,

  rule: `
    SELECT format('%I on %s', r.rulename, r.ev_class::regclass) AS identity,
           jsonb_build_object('definition', pg_get_ruledef(r.oid), 'enabled', r.ev_enabled, 'comment', obj_description(r.oid, 'pg_rewrite')) AS definition
      FROM pg_rewrite r
     WHERE r.ev_class = ANY ($1::oid[]) AND r.rulename <> '_RETURN' AND ${notOfExtension('pg_class', 'r.ev_class')}`,

  policy: `
    SELECT format('%I on %s', p.polname, p.polrelid::regclass) AS identity,
           jsonb_build_object('command', p.polcmd, 'permissive', p.polpermissive,
                              'roles', (SELECT array_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r) END ORDER BY 1) FROM unnest(p.polroles) r),
                              'comment', obj_description(p.oid, 'pg_policy'), 'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)) AS definition
      FROM pg_policy p
     WHERE p.polrelid = ANY ($1::oid[])`,

  statistics: `
    SELECT (pg_identify_object('pg_statistic_ext'::regclass, s.oid, 0)).identity,
           jsonb_build_object('definition', pg_get_statisticsobjdef(s.oid), 'owner', pg_get_userbyid(s.stxowner)) AS definition
      FROM pg_statistic_ext s
     WHERE s.stxrelid = ANY ($1::oid[])`,

  function: `
    SELECT (pg_identify_object('pg_proc'::regclass, p.oid, 0)).identity,
           jsonb_build_object(
             'definition', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
             'aggregate', (SELECT jsonb_build_array(g.aggkind, g.aggtransfn::regprocedure::text, g.aggfinalfn::regprocedure::text,
                                    g.aggcombinefn::regprocedure::text, g.aggtranstype::regtype::text, g.agginitval)
                             FROM pg_aggregate g WHERE g.aggfnoid = p.oid),
             'owner', pg_get_userbyid(p.proowner), 'acl', ${acl('f', 'p.proacl', 'p.proowner')},
             'comment', obj_description(p.oid, 'pg_proc')) AS definition
      FROM pg_proc p
     WHERE p.pronamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_proc', 'p.oid')}`,

  type: `
    SELECT (pg_identify_object('pg_type'::regclass, t.oid, 0)).identity,
           jsonb_build_object(
             'type', t.typtype, 'owner', pg_get_userbyid(t.typowner), 'acl', ${acl('T', 't.typacl', 't.typowner')},
             'comment', obj_description(t.oid, 'pg_type'),
             'labels', (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
             'domain', CASE WHEN t.typtype = 'd' THEN jsonb_build_array(format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault) END,
             'attributes', (SELECT jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
                              FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
             'range', (SELECT jsonb_build_array(r.rngsubtype::regtype::text, r.rngcanonical::text, r.rngsubdiff::text)
                         FROM pg_range r WHERE r.rngtypid = t.oid)) AS definition
      FROM pg_type t
      LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.typnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_type', 't.oid')}
       AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c' OR t.typtype = 'b' AND t.typcategory <> 'A')`,

  collation: `
    SELECT (pg_identify_object('pg_collation'::regclass, l.oid, 0)).identity,
           jsonb_build_object('provider', l.collprovider, 'deterministic', l.collisdeterministic, 'owner', pg_get_userbyid(l.collowner), 'collate', l.collcollate,
                              'locale', coalesce(to_jsonb(l) ->> 'colllocale', to_jsonb(l) ->> 'colliculocale')) AS definition
      FROM pg_collation l
     WHERE l.collnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_collation', 'l.oid')}`,

  operator: `
    SELECT (pg_identify_object('pg_operator'::regclass, o.oid, 0)).identity,
           jsonb_build_object('function', o.oprcode::regprocedure::text, 'restrict', o.oprrest::text, 'join', o.oprjoin::text, 'hashes', o.oprcanhash, 'merges', o.oprcanmerge,
                              'owner', pg_get_userbyid(o.oprowner)) AS definition
      FROM pg_operator o
     WHERE o.oprnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_operator', 'o.oid')}`,

  'operator class': `
    SELECT (pg_identify_object('pg_opclass'::regclass, o.oid, 0)).identity,
           jsonb_build_object('type', o.opcintype::regtype::text, 'default', o.opcdefault, 'owner', pg_get_userbyid(o.opcowner)) AS definition
      FROM pg_opclass o
     WHERE o.opcnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_opclass', 'o.oid')}`,

  'operator family': `
    SELECT (pg_identify_object('pg_opfamily'::regclass, o.oid, 0)).identity,
           jsonb_build_object('owner', pg_get_userbyid(o.opfowner)) AS definition
      FROM pg_opfamily o
     WHERE o.opfnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_opfamily', 'o.oid')}`,

  cast: `
    SELECT (pg_identify_object('pg_cast'::regclass, k.oid, 0)).identity,
           jsonb_build_object('function', nullif(k.castfunc, 0)::regprocedure::text, 'context', k.castcontext, 'method', k.castmethod) AS definition
      FROM pg_cast k
     WHERE $3::boolean AND k.oid >= 16384 AND ${notOfExtension('pg_cast', 'k.oid')}`,

  language: `
    SELECT quote_ident(l.lanname) AS identity, jsonb_build_object('owner', pg_get_userbyid(l.lanowner)) AS definition
      FROM pg_language l
     WHERE $3::boolean AND l.oid >= 16384 AND ${notOfExtension('pg_language', 'l.oid')}`,

  'text search configuration': `
    SELECT (pg_identify_object('pg_ts_config'::regclass, c.oid, 0)).identity,
           jsonb_build_object('map', (SELECT jsonb_agg(jsonb_build_array(m.maptokentype, m.mapseqno, m.mapdict::regdictionary::text) ORDER BY m.maptokentype, m.mapseqno)
                                        FROM pg_ts_config_map m WHERE m.mapcfg = c.oid)) AS definition
      FROM pg_ts_config c
     WHERE c.cfgnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_ts_config', 'c.oid')}`,

  'text search dictionary': `
    SELECT (pg_identify_object('pg_ts_dict'::regclass, d.oid, 0)).identity, jsonb_build_object('options', d.dictinitoption) AS definition
      FROM pg_ts_dict d
     WHERE d.dictnamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_ts_dict', 'd.oid')}`,

  conversion: `
    SELECT (pg_identify_object('pg_conversion'::regclass, c.oid, 0)).identity, jsonb_build_object('function', c.conproc::text) AS definition
      FROM pg_conversion c
     WHERE c.connamespace = ANY ($2::oid[]) AND ${notOfExtension('pg_conversion', 'c.oid')}`,

  'event trigger': `
    SELECT quote_ident(t.evtname) AS identity,
           jsonb_build_object('event', t.evtevent, 'function', t.evtfoid::regprocedure::text, 'enabled', t.evtenabled, 'tags', t.evttags,
                              'owner', pg_get_userbyid(t.evtowner), 'comment', obj_description(t.oid, 'pg_event_trigger')) AS definition
      FROM pg_event_trigger t
     WHERE $3::boolean AND ${notOfExtension('pg_event_trigger', 't.oid')}`,

  publication: `
    SELECT quote_ident(p.pubname) AS identity,
           jsonb_build_object('all', p.puballtables, 'operations', ARRAY[p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate], 'viaRoot', p.pubviaroot,
                              'owner', pg_get_userbyid(p.pubowner),
                              'comment', obj_description(p.oid, 'pg_publication'),
                              'tables', (SELECT jsonb_agg(jsonb_build_array(t.schemaname, t.tablename, to_jsonb(t) -> 'rowfilter',
                                                  (SELECT jsonb_agg(a ORDER BY a) FROM jsonb_array_elements_text(nullif(to_jsonb(t) -> 'attnames', 'null'::jsonb)) a))
                                                ORDER BY t.schemaname, t.tablename)
                                           -- of all tables: they are compared for themselves, and those of an extension come with it
                                           FROM pg_publication_tables t WHERE t.pubname = p.pubname AND NOT p.puballtables)) AS definition
      FROM pg_publication p
     WHERE $3::boolean`,

  'foreign server': `
    SELECT quote_ident(s.srvname) AS identity,
           jsonb_build_object('wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion, 'owner', pg_get_userbyid(s.srvowner)) AS definition
      FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
     WHERE $3::boolean AND ${notOfExtension('pg_foreign_server', 's.oid')}`,

  'default privileges': `
    SELECT format('%s of %I in %s', d.defaclobjtype, pg_get_userbyid(d.defaclrole), coalesce(n.nspname, 'every schema')) AS identity,
           jsonb_build_object('acl', ${acl('d.defaclobjtype', 'd.defaclacl', 'd.defaclrole', false)}) AS definition
      FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
     WHERE n.oid = ANY ($2::oid[]) OR n.oid IS NULL AND $3::boolean`,
};

/** Before Postgres 15 it belongs to whoever ran initdb: pg_dump says nothing of that owner, and scratch has one of another name. */
function publicAsInitdbMadeIt(): string {
  return `(n.nspname = 'public' AND n.nspowner = 10 AND current_setting('server_version_num')::int < 150000)`;
}

/**
 * Privileges in a fixed order; an explicit list that says the same as the default is the default, as it is to pg_dump. The owner, whose name
 * stands beside them, is called so.
 */
function acl(kind: string, column: string, owner: string, withDefault = true): string {
  const kindSql = kind.length === 1 ? `'${kind}'` : kind;
  const list = withDefault ? `coalesce(${column}, acldefault(${kindSql}, ${owner}))` : column;
  return `(SELECT array_agg(x ORDER BY x) FROM (
             SELECT format('%s:%s:%s:%s', CASE g.grantee WHEN 0 THEN 'public' WHEN ${owner} THEN '(owner)' ELSE pg_get_userbyid(g.grantee) END,
                           g.privilege_type, g.is_grantable, CASE g.grantor WHEN ${owner} THEN '(owner)' ELSE pg_get_userbyid(g.grantor) END) AS x
               FROM aclexplode(${list}) g) privileges)`;
}

function notOfExtension(catalog: string, oid: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend dep WHERE dep.classid = '${catalog}'::regclass AND dep.objid = ${oid} AND dep.deptype = 'e')`;
}
