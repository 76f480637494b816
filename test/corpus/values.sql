-- Values whose text form, equality or order is a trap: equal values that print differently, and the reverse.
CREATE SCHEMA "values";
SET search_path = "values";

CREATE TABLE numbers (id serial PRIMARY KEY, f4 real, f8 double precision, n numeric, n2 numeric(20, 5), small smallint, big bigint, cash money);
INSERT INTO numbers (f4, f8, n, n2, small, big, cash) VALUES
  ('NaN', 'NaN', 'NaN', 'NaN', -32768, -9223372036854775808, -92233720368547758.08),
  ('Infinity', 'Infinity', 'Infinity', NULL, 32767, 9223372036854775807, 92233720368547758.07),
  ('-Infinity', '-Infinity', '-Infinity', NULL, 0, 0, 0),
  ('-0', '-0', 1.0, 1.0, NULL, NULL, NULL),
  ('0', '0', 1.00, 1.00, NULL, NULL, '12.34'),
  (1e-45, 5e-324, 0.1e-30, 0.00001, NULL, NULL, NULL),
  (3.4028235e38, 1.7976931348623157e308, repeat('9', 1000)::numeric, NULL, NULL, NULL, NULL),
  (0.1, 0.1 + 0.2, ('0.' || repeat('0', 500) || '1')::numeric, NULL, NULL, NULL, NULL);
INSERT INTO numbers (f4, f8, n, big) SELECT n / 3.0, sqrt(n), n / 7.0, n * 1000000007::bigint FROM generate_series(1, 2000) AS n;

CREATE TABLE texts (id serial PRIMARY KEY, label text, t text, v varchar(300), c char(10), one "char", n name);
INSERT INTO texts (label, t, v, c, one, n) VALUES
  ('empty', '', '', '', '', ''),
  ('null', NULL, NULL, NULL, NULL, NULL),
  ('padded', '  a  ', '  a  ', '  a  ', 'a', '  a  '),
  ('null in letters', '\N', 'NULL', 'null', 'N', 'null'),
  ('end of copy', '\.', E'\\.\n', '\.', '\', '\.'),
  ('end of copy in a line of its own', E'before\n\\.\nafter', NULL, NULL, NULL, NULL),
  ('backslashes', '\\\', '\t\n', '\x', NULL, NULL),
  ('line ends', E'\r\n \n \r', E'\n', E'\r', E'\n', E'\n'),
  ('tabs', E'\t', E'a\tb', E'\t', E'\t', E'\t'),
  ('quotes', '''"`$$', '"', '''', '"', '"'),
  ('astral', '🚢🛟 𝕏', '𐍈', '🚢', NULL, '🛟'),
  ('right to left', U&'\202Eabc\202C שלום', U&'\FEFF', U&'\200B', NULL, NULL),
  ('composed', U&'\00E9', U&'\00E9', U&'\00E9', NULL, NULL),
  ('decomposed', U&'e\0301', U&'e\0301', U&'e\0301', NULL, NULL),
  ('high char', NULL, NULL, NULL, (-1)::"char", NULL);
INSERT INTO texts (label, t) SELECT 'control ' || n, 'a' || chr(n) || 'b' FROM generate_series(1, 31) AS n;
INSERT INTO texts (label, t) SELECT 'control ' || n, 'a' || chr(n) || 'b' FROM generate_series(127, 160) AS n;

CREATE TABLE bytes (id serial PRIMARY KEY, b bytea, bit3 bit(3), bits varbit);
INSERT INTO bytes (b, bit3, bits) VALUES
  ('', B'000', ''), (NULL, NULL, NULL), ('\x00', B'101', B'1'), ('\x5c', B'111', B'01'), ('\x5c2e0a', B'010', repeat('10', 500)::varbit), ('\xff00ff', B'001', B'0');
INSERT INTO bytes (b) SELECT decode(string_agg(lpad(to_hex((n * k) % 256), 2, '0'), ''), 'hex') FROM generate_series(1, 200) AS n, generate_series(0, 255) AS k GROUP BY n;

CREATE TABLE times (id serial PRIMARY KEY, d date, t time, tz timetz, ts timestamp, tstz timestamptz, i interval, years interval year to month);
INSERT INTO times (d, t, tz, ts, tstz, i, years) VALUES
  ('4713-01-01 BC', '00:00', '00:00+15:59', '4713-01-01 00:00:00 BC', '0001-12-31 23:59:59.999999+00 BC', '-178000000 years', '1 year'),
  ('5874897-12-31', '24:00', '24:00-15:59', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '178000000 years', '-14 mons'),
  ('infinity', '23:59:59.999999', '12:00:00.5+05:30', 'infinity', 'infinity', '1 mon -1 day +00:00:00.000001', '0'),
  ('-infinity', '12:00', '12:00:00+00:00:01', '-infinity', '-infinity', 'P1Y2M3DT4H5M6.789S', NULL),
  ('2000-02-29', NULL, NULL, '2016-12-31 23:59:60', '2025-03-30 02:30:00 Europe/Berlin', '24 hours', NULL),
  ('0001-01-01', NULL, NULL, NULL, '1883-11-18 12:03:57 America/New_York', '1 day', NULL),
  (NULL, NULL, NULL, NULL, NULL, '30 days', NULL),
  (NULL, NULL, NULL, NULL, NULL, '1 mon', NULL),
  (NULL, NULL, NULL, NULL, NULL, '-1 year -2 mons +3 days -04:05:06.7', NULL),
  (NULL, NULL, NULL, NULL, NULL, '0', NULL);
INSERT INTO times (d, tstz, i) SELECT date '1900-01-01' + n, timestamptz '1970-01-01 00:00:00.123456+00' + n * interval '1 day 1 second', n * interval '1:02:03' FROM generate_series(1, 2000) AS n;

CREATE TABLE documents (id serial PRIMARY KEY, j json, b jsonb, path jsonpath);
INSERT INTO documents (j, b, path) VALUES
  ('{"a": 1, "a": 2,   "b":[ ]}', '{"a": 1, "a": 2,   "b":[ ]}', '$.a[*] ? (@ > 1)'),
  ('1.0', '1.0', '$'), ('1.00', '1.00', 'strict $."a b"'), ('null', 'null', NULL), (NULL, NULL, NULL), ('""', '""', NULL),
  (E'{"x":\n "\\u00e9\\ud83d\\udea2"}', E'{"x":\n "\\u00e9\\ud83d\\udea2"}', NULL), ('"\u0000 stays text in json"', NULL, NULL),
  ('[1e400, -0, 0.1e-5]', '[1e400, -0, 0.1e-5]', NULL), ('{"":{"":[]}}', '{"":{"":[]}}', NULL);
INSERT INTO documents (j, b) SELECT json_build_object('n', n, 'deep', json_build_array(n, NULL, 'x')), jsonb_build_object('n', n, 'tags', jsonb_build_array('t' || n % 10)) FROM generate_series(1, 2000) AS n;

\if :has_xml
CREATE TABLE markup (id serial PRIMARY KEY, x xml);
INSERT INTO markup (x) VALUES ('<a b="1">é &amp; <![CDATA[<]]></a>'), ('content, <b/> not a document'), (''), (NULL), ('<?xml version="1.0" standalone="yes"?><a/>');
\endif

CREATE TABLE networks (id serial PRIMARY KEY, i inet, c cidr, m macaddr, m8 macaddr8, u uuid);
INSERT INTO networks (i, c, m, m8, u) VALUES
  ('192.168.0.1/24', '192.168.0.0/24', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '00000000-0000-0000-0000-000000000000'),
  ('192.168.0.1', '10/8', 'ff-ff-ff-ff-ff-ff', NULL, 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  ('::1/128', '::/0', NULL, NULL, NULL), ('::ffff:1.2.3.4', '2001:db8::/32', NULL, NULL, NULL);

CREATE TABLE shapes (id serial PRIMARY KEY, p point, l line, s lseg, b box, pa path, po polygon, c circle);
INSERT INTO shapes (p, l, s, b, pa, po, c) VALUES
  ('(0.1,-0)', '{1,-1,0}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1),(2,0)]', '((0,0),(1,1),(2,0))', '<(0,0),1>'),
  ('(NaN,Infinity)', '{0,1,-0}', '[(1e300,0),(0,1e-300)]', '(Infinity,1),(0,-Infinity)', '((0,0),(1,1))', '((0.1,0.2))', '<(1e-7,1e7),0>');
INSERT INTO shapes (p, po) SELECT point(n, sqrt(n)), polygon(6, circle(point(n, n), n)) FROM generate_series(1, 500) AS n;

CREATE TABLE searches (id serial PRIMARY KEY, v tsvector, q tsquery);
INSERT INTO searches (v, q) VALUES
  ('', ''), (NULL, NULL), ('a:1A,2B ''it''''s'':3 ''two words'':4C', '(a:A & !b) | ''it''''s'':*B'), (to_tsvector('simple', repeat('word ', 300)), 'a <-> b <3> c');
INSERT INTO searches (v) SELECT to_tsvector('simple', 'number ' || n || ' of many ' || md5(n::text)) FROM generate_series(1, 1000) AS n;

CREATE TABLE arrays (id serial PRIMARY KEY, i integer[], t text[], f float8[], b bytea[], j jsonb[], d date[][]);
INSERT INTO arrays (i, t, f, b, j, d) VALUES
  ('{}', '{}', '{}', '{}', '{}', '{}'), (NULL, NULL, NULL, NULL, NULL, NULL),
  ('[2:4]={1,2,3}', '[0:1][5:6]={{a,b},{c,d}}', '{NaN,Infinity,-0,0}', '{"\\x00",NULL}', '{"{\"a\": [1]}",NULL}', '{{infinity},{-infinity}}'),
  ('{1,2,3}', '{NULL,"NULL","null",""," ","a,b","{}","\\"}', '{1e-300}', '{"\\x"}', '{null,"null"}', '{{0044-03-15 BC,2020-01-01}}'),
  ('{{{1},{2}},{{3},{4}}}', '[-1:0]={x,y}', NULL, NULL, NULL, NULL);

-- Names of objects that the restore makes anew under other OIDs, and numbers that only look like them.
CREATE TABLE internals (
  id serial PRIMARY KEY, c regclass, p regproc, pr regprocedure, ty regtype, ns regnamespace, ro regrole, op regoperator, cfg regconfig, dict regdictionary,
  o oid, l pg_lsn, tid tid, x xid8, snap pg_snapshot
);
INSERT INTO internals (c, p, pr, ty, ns, ro, op, cfg, dict, o, l, tid, x, snap) VALUES
  ('"values".texts', 'now', 'upper(text)', 'types.colour', '"values"', 'corpus_owner', '+(integer,integer)', 'english', 'simple', 4294967295, 'FFFFFFFF/FFFFFFFF', '(4294967295,65535)', '18446744073709551615', '10:20:10,14,15'),
  ('"dots.in.name"."a.b.c"', '-', 'columns.slug(text)', '"values".texts[]', 'pg_catalog', '"Corpus ""Quoted"""', 0, NULL, NULL, 0, '0/0', '(0,0)', '0', '1:1:'),
  ('names."Orders"', 'columns.slug', NULL, 'integer', NULL, NULL, NULL, NULL, NULL, 'names.orders'::regclass::oid, '16/B374D848', NULL, NULL, NULL),
  (987654321, NULL, NULL, 987654321, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

-- Nothing but an order tells these rows apart, and a table has none.
CREATE TABLE duplicates (a integer, b text);
INSERT INTO duplicates SELECT n % 3, CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'same' END FROM generate_series(1, 1200) AS n;
