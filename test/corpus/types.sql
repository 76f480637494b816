CREATE SCHEMA types;
SET search_path = types;

CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
ALTER TYPE colour ADD VALUE 'amber' BEFORE 'green';
ALTER TYPE colour ADD VALUE 'it''s "odd", {really}' AFTER 'amber';
ALTER TYPE colour ADD VALUE 'NULL';
ALTER TYPE colour RENAME VALUE 'blue' TO 'navy';

CREATE DOMAIN positive AS integer DEFAULT 1 CHECK (VALUE > 0);
CREATE DOMAIN email AS text COLLATE "C" CONSTRAINT has_at CHECK (VALUE ~ '@') CONSTRAINT short CHECK (length(VALUE) < 80);
CREATE DOMAIN tags AS text[] CHECK (array_length(VALUE, 1) <= 5);
CREATE DOMAIN very_positive AS positive CHECK (VALUE > 10);
-- Broken by rows that were there before the constraint was.
CREATE DOMAIN even AS integer;

CREATE TYPE address AS (street text, number integer, colour colour);
CREATE TYPE person AS (name text, home address, others address[], age positive);
CREATE DOMAIN adult AS person CHECK ((VALUE).age >= 18);

CREATE TYPE float_range AS RANGE (SUBTYPE = double precision, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = float_ranges);
CREATE TYPE name_range AS RANGE (SUBTYPE = text, COLLATION = "C");

CREATE TABLE things (
  id integer PRIMARY KEY,
  colour colour NOT NULL DEFAULT 'amber',
  colours colour[],
  amount positive,
  more very_positive,
  mail email,
  tags tags,
  even even
);
INSERT INTO things
SELECT n, (enum_range(NULL::colour))[1 + n % 6], (enum_range(NULL::colour))[1 : n % 7], n, 10 + n, 'a' || n || '@b', ARRAY['x' || n, NULL, ''], n
FROM generate_series(1, 3000) AS n;
ALTER DOMAIN even ADD CONSTRAINT is_even CHECK (VALUE % 2 = 0) NOT VALID;

CREATE TABLE people (id integer PRIMARY KEY, who person, friends person[], guardian adult);
INSERT INTO people
SELECT n,
  ROW('name, "' || n, ROW('street (' || n || ')', n, 'green')::address, ARRAY[ROW('s', NULL, NULL), NULL]::address[], n)::person,
  ARRAY[ROW(NULL, NULL, NULL, NULL), ROW('', ROW('', 0, 'navy'), '{}', 1)]::person[],
  CASE WHEN n % 2 = 0 THEN ROW('g', NULL, NULL, 18 + n)::adult END
FROM generate_series(1, 400) AS n;
INSERT INTO people VALUES (0, NULL, '{}', NULL), (-1, ROW(NULL, NULL, NULL, NULL), NULL, NULL);

CREATE TABLE of_person OF person (name WITH OPTIONS PRIMARY KEY, age WITH OPTIONS DEFAULT 3);
INSERT INTO of_person (name) SELECT 'typed ' || n FROM generate_series(1, 50) AS n;
CREATE TABLE holds_rows (id integer PRIMARY KEY, row_of_things things, rows_of_people people[]);
INSERT INTO holds_rows SELECT t.id, t, ARRAY(SELECT p FROM people AS p WHERE p.id = t.id) FROM things AS t WHERE t.id <= 100;

CREATE TABLE ranges (
  id serial PRIMARY KEY,
  i int4range,
  n numrange,
  t tstzrange,
  d daterange,
  f float_range,
  w name_range,
  im int4multirange,
  dm datemultirange,
  fm float_ranges
);
INSERT INTO ranges (i, n, t, d, f, w, im, dm, fm) VALUES
  ('empty', '(,)', '[2020-01-01 00:00+00,infinity)', '[0044-03-15 BC,)', '(NaN,]', '["a,b","c""d")', '{}', '{[2020-01-01,2020-02-01),(,2000-01-01)}', '{}'),
  ('[1,10]', '[1.0,1.00]', '(,)', '[infinity,)', '(-infinity,infinity)', '(,)', '{[1,2),[3,4),(10,)}', '{(,)}', '{[0.1,0.2],(5,]}'),
  (NULL, 'empty', 'empty', 'empty', 'empty', '["",""]', NULL, NULL, NULL);
INSERT INTO ranges (i, n) SELECT int4range(n, n + n % 5), numrange(n / 3.0, NULL) FROM generate_series(1, 500) AS n;

COMMENT ON TYPE colour IS 'an enum whose order is not its history';
COMMENT ON TYPE person IS 'nested';
COMMENT ON COLUMN person.age IS 'in years';
COMMENT ON DOMAIN email IS 'roughly';
COMMENT ON CONSTRAINT has_at ON DOMAIN email IS 'very roughly';
