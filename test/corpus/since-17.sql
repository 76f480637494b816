CREATE SCHEMA since_17;
SET search_path = since_17;

CREATE TABLE identity_parts (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE identity_parts_1 PARTITION OF identity_parts FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE identity_parts_2 PARTITION OF identity_parts DEFAULT;
INSERT INTO identity_parts (at) SELECT date '2026-01-01' + n FROM generate_series(1, 300) AS n;

CREATE TABLE endless (id integer PRIMARY KEY, i interval);
INSERT INTO endless VALUES (1, 'infinity'), (2, '-infinity');

CREATE TABLE builtin_collation (id integer PRIMARY KEY, t text COLLATE pg_c_utf8);
CREATE INDEX builtin_collation_t ON builtin_collation (upper(t));
INSERT INTO builtin_collation SELECT n, U&'\00E4' || n FROM generate_series(1, 100) AS n;

GRANT MAINTAIN ON endless TO corpus_reader;
