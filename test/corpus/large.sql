-- Values of 50 MB each (as many as :megabytes says), and large objects under OIDs of their own.
\if :{?megabytes}
\else
\set megabytes 50
\endif
CREATE SCHEMA large;
SET search_path = large;

CREATE TABLE huge (id integer PRIMARY KEY, t text, b bytea);
ALTER TABLE huge ALTER COLUMN t SET STORAGE EXTERNAL, ALTER COLUMN b SET STORAGE EXTERNAL;
INSERT INTO huge (id, t) SELECT 1, string_agg(md5(n::text), '') FROM generate_series(1, :megabytes * 32768) AS n;
INSERT INTO huge (id, b) SELECT 2, string_agg(sha256(int4send(n)), '') FROM generate_series(1, :megabytes * 32768) AS n;
INSERT INTO huge SELECT n, repeat(E'\\\t\n', n), decode(repeat('00ff0a5c', n), 'hex') FROM generate_series(3, 300) AS n;

CREATE TABLE attachments (id integer PRIMARY KEY, content oid, name text);
SELECT lo_from_bytea(4200001, string_agg(sha256(int4send(n)), '')) FROM generate_series(1, 98304) AS n \g /dev/null
SELECT lo_create(4200002) \g /dev/null
SELECT lo_create(4200003), lo_put(4200003, 5000000, '\xc0ffee'), lo_put(4200003, 100, 'start') \g /dev/null
SELECT lo_from_bytea(4200004, 'has a comment, an owner and an ACL') \g /dev/null
SELECT lo_from_bytea(4200100 + n, convert_to('small ' || n, 'UTF8')) FROM generate_series(1, 200) AS n \g /dev/null
INSERT INTO attachments SELECT row_number() OVER (ORDER BY oid), oid, 'object ' || oid FROM pg_largeobject_metadata;

COMMENT ON LARGE OBJECT 4200004 IS E'a comment with a ''quote'' and a\nnew line';
ALTER LARGE OBJECT 4200004 OWNER TO corpus_owner;
GRANT SELECT ON LARGE OBJECT 4200004 TO corpus_reader;
GRANT SELECT, UPDATE ON LARGE OBJECT 4200002 TO "Corpus ""Quoted""" WITH GRANT OPTION;
