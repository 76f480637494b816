CREATE SCHEMA constraints;
SET search_path = constraints;

-- Each table points at the other: no order of loading satisfies both keys.
CREATE TABLE chicken (id integer PRIMARY KEY, egg_id integer NOT NULL, mother_id integer REFERENCES chicken);
CREATE TABLE egg (id integer PRIMARY KEY, chicken_id integer NOT NULL REFERENCES chicken DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO egg SELECT n, n FROM generate_series(1, 2000) AS n;
INSERT INTO chicken SELECT n, n, CASE WHEN n < 2000 THEN n + 1 END FROM generate_series(1, 2000) AS n;
COMMIT;
ALTER TABLE chicken ADD CONSTRAINT chicken_egg FOREIGN KEY (egg_id) REFERENCES egg ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE INITIALLY IMMEDIATE;

-- Broken by rows that were there before: valid data, never to be refused by a restore.
CREATE TABLE legacy (id integer PRIMARY KEY, age integer, parent integer);
INSERT INTO legacy SELECT n, n - 10, n + 1000000 FROM generate_series(1, 500) AS n;
ALTER TABLE legacy ADD CONSTRAINT adult CHECK (age >= 18) NOT VALID;
ALTER TABLE legacy ADD CONSTRAINT parent_exists FOREIGN KEY (parent) REFERENCES legacy NOT VALID;
ALTER TABLE legacy ADD CONSTRAINT sane CHECK (age < 10000);

CREATE TABLE slots (
  id integer,
  position integer,
  during int4range,
  place text,
  CONSTRAINT slots_key PRIMARY KEY (id) INCLUDE (place),
  CONSTRAINT position_once UNIQUE (position) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (place IS NOT NULL),
  CONSTRAINT no_overlap_later EXCLUDE USING gist (during WITH &&) DEFERRABLE,
  CONSTRAINT both_or_none CHECK ((during IS NULL) = (place IS NULL))
);
INSERT INTO slots SELECT n, -n, int4range(n * 10, n * 10 + 10), 'place ' || n FROM generate_series(1, 1000) AS n;

CREATE TABLE composite_target (a integer, b text, c integer NOT NULL, UNIQUE (a, b), UNIQUE (c));
CREATE TABLE composite_source (
  id integer,
  a integer DEFAULT 1,
  b text,
  c integer,
  CONSTRAINT matched FOREIGN KEY (a, b) REFERENCES composite_target (a, b) MATCH FULL ON DELETE SET NULL ON UPDATE SET DEFAULT,
  FOREIGN KEY (c) REFERENCES composite_target (c)
);
CREATE UNIQUE INDEX composite_source_unique ON composite_source (id);
ALTER TABLE composite_source ALTER COLUMN id SET NOT NULL;
ALTER TABLE composite_source ADD CONSTRAINT composite_source_id PRIMARY KEY USING INDEX composite_source_unique;
INSERT INTO composite_target SELECT n, 'b' || n, -n FROM generate_series(1, 300) AS n;
INSERT INTO composite_source SELECT n, n, 'b' || n, -n FROM generate_series(1, 300) AS n;
INSERT INTO composite_source VALUES (301, NULL, NULL, NULL);

COMMENT ON CONSTRAINT chicken_egg ON chicken IS 'which was first?';
COMMENT ON CONSTRAINT adult ON legacy IS 'from now on';
