CREATE SCHEMA since_15;
SET search_path = since_15;

CREATE TABLE one_null (
  id integer PRIMARY KEY,
  a integer,
  b text,
  CONSTRAINT a_once UNIQUE NULLS NOT DISTINCT (a)
);
CREATE UNIQUE INDEX one_null_b ON one_null (b) NULLS NOT DISTINCT WHERE id > 0;
INSERT INTO one_null SELECT n, NULLIF(n, 7), NULLIF('b' || n, 'b8') FROM generate_series(1, 300) AS n;

CREATE VIEW invoker WITH (security_invoker = true, security_barrier = false) AS SELECT * FROM one_null;
CREATE UNLOGGED SEQUENCE unlogged_sequence;
SELECT setval('unlogged_sequence', 33) \g /dev/null

CREATE TABLE set_null (
  id integer PRIMARY KEY,
  tenant integer DEFAULT 5,
  parent integer,
  UNIQUE (tenant, id),
  FOREIGN KEY (tenant, parent) REFERENCES set_null (tenant, id) ON DELETE SET NULL (parent)
);
INSERT INTO set_null (id, parent) SELECT n, NULLIF(n - 1, 0) FROM generate_series(1, 200) AS n;

CREATE PUBLICATION filtered FOR TABLE one_null (id, a) WHERE (id > 10 AND a IS NOT NULL) WITH (publish = 'insert');
CREATE PUBLICATION whole_schema FOR TABLES IN SCHEMA triggers, TABLE types.things WITH (publish = 'insert');
