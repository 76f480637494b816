-- What runs inside the database: functions of every kind, and the objects built from them.
CREATE SCHEMA code;
SET search_path = code;

CREATE TYPE version AS (major integer, minor integer);
CREATE TABLE releases (id integer PRIMARY KEY, v version NOT NULL, title text);
INSERT INTO releases SELECT n, ROW(n / 10, n % 10)::version, 'release ' || n FROM generate_series(1, 300) AS n;

CREATE FUNCTION release_count(from_major integer DEFAULT 0) RETURNS bigint LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT count(*) FROM releases AS r WHERE (r.v).major >= from_major;
END;
-- Grouped by a primary key: pg_dump must wait for the key, after the data.
CREATE FUNCTION titles() RETURNS TABLE (id integer, title text) LANGUAGE sql STABLE ROWS 300 COST 7
BEGIN ATOMIC
  SELECT r.id, r.title FROM releases AS r GROUP BY r.id;
END;
CREATE FUNCTION bumped(INOUT v version, OUT was text, by integer DEFAULT 1) LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = code, pg_temp SET work_mem = '8MB' AS $function$
BEGIN
  -- $$ and $_$ in a body: the dump has to find a tag of its own.
  was := v::text || $$ '' \ $$;
  v.minor := v.minor + by;
END
$function$;
CREATE FUNCTION total(VARIADIC numbers numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT sum(n) FROM unnest($1) AS n';
CREATE FUNCTION total(a integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1::numeric';
CREATE FUNCTION either(anyelement, anyelement) RETURNS anyelement LANGUAGE sql AS 'SELECT COALESCE($1, $2)';
CREATE FUNCTION as_owner() RETURNS name LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT current_user::name';
CREATE FUNCTION alias_of_length(text) RETURNS integer LANGUAGE internal IMMUTABLE STRICT AS 'textlen';
CREATE PROCEDURE add_release(title text, INOUT id integer DEFAULT NULL) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO code.releases SELECT max(r.id) + 1, ROW(99, 0)::code.version, add_release.title FROM code.releases AS r RETURNING releases.id INTO id;
END
$$;
CALL add_release('by a procedure', NULL) \g /dev/null

CREATE FUNCTION version_cmp(a version, b version) RETURNS integer LANGUAGE sql IMMUTABLE STRICT
  RETURN CASE WHEN a.major <> b.major THEN sign(a.major - b.major) ELSE sign(a.minor - b.minor) END::integer;
CREATE FUNCTION version_lt(a version, b version) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT RETURN version_cmp(a, b) < 0;
CREATE FUNCTION version_le(a version, b version) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT RETURN version_cmp(a, b) <= 0;
CREATE FUNCTION version_eq(a version, b version) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT RETURN version_cmp(a, b) = 0;
CREATE FUNCTION version_ge(a version, b version) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT RETURN version_cmp(a, b) >= 0;
CREATE FUNCTION version_gt(a version, b version) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT RETURN version_cmp(a, b) > 0;
CREATE OPERATOR <~ (LEFTARG = version, RIGHTARG = version, FUNCTION = version_lt, COMMUTATOR = >~, NEGATOR = >=~, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
CREATE OPERATOR <=~ (LEFTARG = version, RIGHTARG = version, FUNCTION = version_le, COMMUTATOR = >=~, NEGATOR = >~);
CREATE OPERATOR ==~ (LEFTARG = version, RIGHTARG = version, FUNCTION = version_eq, COMMUTATOR = ==~, MERGES);
CREATE OPERATOR >=~ (LEFTARG = version, RIGHTARG = version, FUNCTION = version_ge, COMMUTATOR = <=~, NEGATOR = <~);
CREATE OPERATOR >~ (LEFTARG = version, RIGHTARG = version, FUNCTION = version_gt, COMMUTATOR = <~, NEGATOR = <=~);
CREATE OPERATOR FAMILY version_family USING btree;
CREATE OPERATOR CLASS version_ops FOR TYPE version USING btree FAMILY version_family AS
  OPERATOR 1 <~, OPERATOR 2 <=~, OPERATOR 3 ==~, OPERATOR 4 >=~, OPERATOR 5 >~, FUNCTION 1 version_cmp(version, version);
CREATE INDEX releases_by_version ON releases (v version_ops);

CREATE FUNCTION version_text(v version) RETURNS text LANGUAGE sql IMMUTABLE STRICT RETURN v.major || '.' || v.minor;
CREATE CAST (version AS text) WITH FUNCTION version_text (version) AS ASSIGNMENT;
CREATE CAST (text AS version) WITH INOUT;

CREATE FUNCTION newer(a version, b version) RETURNS version LANGUAGE sql IMMUTABLE
  RETURN CASE WHEN a IS NULL OR a <~ b THEN b ELSE a END;
CREATE AGGREGATE newest(version) (SFUNC = newer, STYPE = version, COMBINEFUNC = newer, SORTOP = >~, PARALLEL = SAFE);
CREATE AGGREGATE nth_of(ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = mode_final, FINALFUNC_EXTRA);

CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple, ACCEPT = false);
CREATE TEXT SEARCH CONFIGURATION product (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION product ALTER MAPPING FOR asciiword, word WITH plain, english_stem;
ALTER TEXT SEARCH CONFIGURATION product DROP MAPPING FOR url, email;
CREATE INDEX releases_search ON releases USING gin (to_tsvector('code.product', title));

CREATE COLLATION bytewise (LOCALE = 'C');
CREATE TABLE collated (id integer PRIMARY KEY, t text COLLATE bytewise);
CREATE INDEX collated_t ON collated (t);
INSERT INTO collated SELECT n, chr(65 + n % 58) || n FROM generate_series(1, 1000) AS n;
\if :has_icu
CREATE COLLATION german (PROVIDER = icu, LOCALE = 'de-u-co-phonebk');
-- Equal to the index, different to a reader: no checksum may take one for the other.
CREATE COLLATION ignore_case (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false);
CREATE TABLE collated_icu (id integer PRIMARY KEY, t text COLLATE german, ci text COLLATE ignore_case UNIQUE);
INSERT INTO collated_icu SELECT n, U&'\00E4' || n, CASE n % 2 WHEN 0 THEN 'Word ' ELSE 'wORD ' END || n FROM generate_series(1, 500) AS n;
CREATE INDEX collated_icu_t ON collated_icu (t);
COMMENT ON COLLATION ignore_case IS 'nondeterministic';
\endif

CREATE CONVERSION latin1_to_utf8 FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

COMMENT ON FUNCTION total(VARIADIC numeric[]) IS 'adds up';
COMMENT ON PROCEDURE add_release(text, integer) IS 'a procedure';
COMMENT ON AGGREGATE newest(version) IS 'an aggregate';
COMMENT ON OPERATOR <~ (version, version) IS 'older than';
COMMENT ON OPERATOR CLASS version_ops USING btree IS 'a class';
COMMENT ON OPERATOR FAMILY version_family USING btree IS 'a family';
COMMENT ON CAST (version AS text) IS 'a cast';
COMMENT ON TEXT SEARCH CONFIGURATION product IS 'a configuration';
COMMENT ON TEXT SEARCH DICTIONARY plain IS 'a dictionary';
COMMENT ON COLLATION bytewise IS 'a collation';
COMMENT ON CONVERSION latin1_to_utf8 IS 'a conversion';
