CREATE SCHEMA partitions;
SET search_path = partitions;

CREATE TABLE measurement (
  id bigint NOT NULL,
  at timestamptz NOT NULL,
  city text,
  reading numeric(10, 3),
  PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE TABLE measurement_2024 PARTITION OF measurement FOR VALUES FROM (MINVALUE) TO ('2025-01-01') WITH (fillfactor = 70);
-- The sub-partitioned year cannot take over the parent's key: a key must hold every partitioning column.
ALTER TABLE measurement DROP CONSTRAINT measurement_pkey;
CREATE TABLE measurement_2025 PARTITION OF measurement FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (city);
CREATE TABLE measurement_2025_north PARTITION OF measurement_2025 FOR VALUES IN ('oslo', 'tromsø', NULL);
CREATE TABLE measurement_2025_rest PARTITION OF measurement_2025 DEFAULT PARTITION BY HASH (id);
CREATE TABLE measurement_2025_rest_0 PARTITION OF measurement_2025_rest FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE measurement_2025_rest_1 PARTITION OF measurement_2025_rest FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE UNLOGGED TABLE measurement_2025_rest_2 PARTITION OF measurement_2025_rest FOR VALUES WITH (MODULUS 3, REMAINDER 2);
CREATE TABLE measurement_default PARTITION OF measurement DEFAULT;

-- Its columns stand in another order than the parent's, around one that was dropped.
CREATE TABLE measurement_2026 (
  reading numeric(10, 3) DEFAULT 1.5,
  gone text,
  city text CHECK (city <> 'atlantis'),
  id bigint NOT NULL,
  at timestamptz NOT NULL
);
ALTER TABLE measurement_2026 DROP COLUMN gone;
ALTER TABLE measurement ATTACH PARTITION measurement_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

INSERT INTO measurement
SELECT n, timestamptz '2024-06-01' + n * interval '6 hours', (ARRAY['oslo', 'lima', NULL, 'tromsø', 'pune'])[1 + n % 5], n / 7.0
FROM generate_series(1, 5000) AS n;
ALTER TABLE measurement ADD COLUMN added_late text DEFAULT 'since then';

CREATE INDEX measurement_city ON measurement (city) INCLUDE (reading);
-- Invalid until every partition has its own: pg_dump keeps it so, and it is not a fault.
CREATE INDEX measurement_reading ON ONLY measurement (reading);
CREATE INDEX measurement_2024_by_reading ON measurement_2024 (reading);
ALTER INDEX measurement_reading ATTACH PARTITION measurement_2024_by_reading;

-- Enum values hash by OID, which a restore deals anew: pg_dump loads such a table through its root,
-- and a row may legitimately come back in another partition than it left.
CREATE TYPE mood AS ENUM ('glad', 'sad', 'so-so', 'furious', 'asleep');
CREATE TABLE survey (id integer NOT NULL, mood mood NOT NULL, PRIMARY KEY (id, mood)) PARTITION BY HASH (mood);
CREATE TABLE survey_0 PARTITION OF survey FOR VALUES WITH (MODULUS 4, REMAINDER 0);
CREATE TABLE survey_1 PARTITION OF survey FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE survey_2 PARTITION OF survey FOR VALUES WITH (MODULUS 4, REMAINDER 2);
CREATE TABLE survey_3 PARTITION OF survey FOR VALUES WITH (MODULUS 4, REMAINDER 3);
INSERT INTO survey SELECT n, (enum_range(NULL::mood))[1 + n % 5] FROM generate_series(1, 2000) AS n;

CREATE TABLE by_expression (name text NOT NULL, rank integer) PARTITION BY RANGE (lower(name) COLLATE "C", (abs(rank)));
CREATE TABLE by_expression_a_m PARTITION OF by_expression FOR VALUES FROM ('a', MINVALUE) TO ('n', MAXVALUE);
CREATE TABLE by_expression_other PARTITION OF by_expression DEFAULT;
INSERT INTO by_expression SELECT chr(65 + n % 26) || n, n - 500 FROM generate_series(1, 1000) AS n;

CREATE TABLE without_partitions (id integer, at date) PARTITION BY RANGE (at);

CREATE TABLE region (id integer, code text, PRIMARY KEY (id, code)) PARTITION BY LIST (code);
CREATE TABLE region_eu PARTITION OF region FOR VALUES IN ('eu');
CREATE TABLE region_us PARTITION OF region FOR VALUES IN ('us');
CREATE TABLE visit (id integer PRIMARY KEY, region_id integer, region_code text) PARTITION BY RANGE (id);
CREATE TABLE visit_low PARTITION OF visit FOR VALUES FROM (0) TO (500);
CREATE TABLE visit_high PARTITION OF visit FOR VALUES FROM (500) TO (MAXVALUE);
ALTER TABLE visit ADD FOREIGN KEY (region_id, region_code) REFERENCES region ON DELETE CASCADE DEFERRABLE;
INSERT INTO region SELECT n, code FROM generate_series(1, 50) AS n, unnest(ARRAY['eu', 'us']) AS code;
INSERT INTO visit SELECT n, 1 + n % 50, (ARRAY['eu', 'us'])[1 + n % 2] FROM generate_series(0, 999) AS n;

COMMENT ON TABLE measurement IS 'partitioned three levels deep';
COMMENT ON TABLE measurement_2025_rest_2 IS 'an unlogged leaf';
COMMENT ON INDEX measurement_city IS 'on every partition';
