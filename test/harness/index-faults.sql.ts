/** A database with every finding of an index report once, but for those that take years; each statement list in a session of its own, with what it counted told at once. */
export const INDEX_FAULTS = [
  `
  CREATE SCHEMA faults;
  SET search_path = faults;
  CREATE TABLE target (id int PRIMARY KEY, alternative int, UNIQUE (alternative));
  CREATE TABLE rows (id int PRIMARY KEY, target int REFERENCES target, a int, b int, c text);
  INSERT INTO target SELECT n, n FROM generate_series(1, 100) n;
  INSERT INTO rows SELECT n, n % 100 + 1, n, n % 7, n::text FROM generate_series(1, 3000) n;
  CREATE INDEX twin_a ON rows (c, b);
  CREATE INDEX twin_b ON rows (c, b);
  CREATE INDEX short ON rows (c);
  CREATE INDEX idle ON rows (b) WHERE b > 3;
  CREATE TABLE stale (id int);
  ALTER TABLE stale SET (autovacuum_enabled = off);
  INSERT INTO stale SELECT generate_series(1, 5000);
  CREATE TABLE counters (id serial PRIMARY KEY);
  SELECT setval('counters_id_seq', 2000000000);
  INSERT INTO counters SELECT generate_series(1, 10);
  CREATE SEQUENCE round_and_round MAXVALUE 10 CYCLE;
  SELECT setval('round_and_round', 10);
  CREATE TABLE broken (v int);
  INSERT INTO broken SELECT 1 FROM generate_series(1, 10);
  DO $$ BEGIN FOR i IN 1 .. 60 LOOP PERFORM count(*) FROM faults.rows; END LOOP; END $$;
  SELECT pg_stat_force_next_flush();
  `,
  'ANALYZE faults.target, faults.rows, faults.counters, faults.broken',
];

/** Every one of them fails, and leaves an index that is invalid; each has to be a statement of its own. */
export const INVALID_INDEXES = [
  'CREATE UNIQUE INDEX CONCURRENTLY halted ON faults.broken (v)',
  'CREATE UNIQUE INDEX CONCURRENTLY halted_ccnew1 ON faults.broken (v)',
];

export const CLEAN = [
  `
  CREATE SCHEMA clean;
  SET search_path = clean;
  CREATE TABLE parents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
  CREATE TABLE children (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint REFERENCES parents, kind text, UNIQUE (kind, id));
  CREATE INDEX ON children (parent);
  INSERT INTO parents DEFAULT VALUES;
  INSERT INTO children (parent, kind) SELECT 1, n::text FROM generate_series(1, 2000) n;
  SELECT pg_stat_force_next_flush();
  `,
  'ANALYZE clean.parents, clean.children',
];
