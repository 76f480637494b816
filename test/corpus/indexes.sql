CREATE SCHEMA indexes;
SET search_path = indexes;

CREATE FUNCTION reversed(t text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS 'SELECT pg_catalog.reverse($1)';

CREATE TABLE indexed (
  id integer NOT NULL,
  word text NOT NULL,
  other text,
  payload jsonb,
  tags text[],
  position point,
  during tstzrange,
  address inet,
  body tsvector,
  at timestamptz
);
INSERT INTO indexed
SELECT n, md5(n::text), CASE WHEN n % 3 > 0 THEN 'other ' || n % 50 END, jsonb_build_object('k' || n % 20, n), ARRAY['t' || n % 7, 'u' || n % 11],
  point(n % 100, n / 100), tstzrange(timestamptz '2026-01-01' + n * interval '1 min', NULL), ('10.0.' || n % 256 || '.' || n / 256)::inet,
  to_tsvector('simple', 'word' || n % 100 || ' number' || n), timestamptz '2026-01-01' + n * interval '1 min'
FROM generate_series(1, 6000) AS n;

CREATE UNIQUE INDEX indexed_id ON indexed (id) WITH (fillfactor = 60);
CREATE INDEX indexed_covering ON indexed (word) INCLUDE (other, at);
CREATE INDEX indexed_expression ON indexed (lower(other), (id % 10), reversed(word)) WITH (deduplicate_items = off);
CREATE INDEX indexed_partial ON indexed (at DESC NULLS LAST) WHERE other IS NOT NULL AND id > 100;
CREATE INDEX indexed_collated ON indexed (other COLLATE "C" text_pattern_ops DESC, word COLLATE "POSIX");
CREATE INDEX indexed_gin ON indexed USING gin (payload jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX indexed_gin_array ON indexed USING gin (tags, body) WITH (gin_pending_list_limit = 128);
CREATE INDEX indexed_gist ON indexed USING gist (position, during) WITH (buffering = on);
CREATE INDEX indexed_gist_options ON indexed USING gist (body tsvector_ops (siglen = 64));
CREATE INDEX indexed_spgist ON indexed USING spgist (position kd_point_ops);
CREATE INDEX indexed_spgist_text ON indexed USING spgist (word) INCLUDE (id);
CREATE INDEX indexed_brin ON indexed USING brin (at, id) WITH (pages_per_range = 4, autosummarize = on);
CREATE INDEX indexed_brin_bloom ON indexed USING brin (word text_bloom_ops (n_distinct_per_range = 50), at timestamptz_minmax_multi_ops);
CREATE INDEX indexed_hash ON indexed USING hash (word) WITH (fillfactor = 80);
ALTER INDEX indexed_expression ALTER COLUMN 2 SET STATISTICS 321;
ALTER TABLE indexed CLUSTER ON indexed_covering;
ALTER TABLE indexed REPLICA IDENTITY USING INDEX indexed_id;
COMMENT ON INDEX indexed_partial IS 'only some';

CREATE STATISTICS indexed_stats (ndistinct, dependencies, mcv) ON other, tags FROM indexed;
CREATE STATISTICS indexed_expressions ON (lower(other)), (id % 10) FROM indexed;
ALTER STATISTICS indexed_stats SET STATISTICS 42;
COMMENT ON STATISTICS indexed_stats IS 'extended';
ANALYZE indexed;

CREATE TABLE identity_full (a integer);
ALTER TABLE identity_full REPLICA IDENTITY FULL;
CREATE TABLE identity_nothing (a integer PRIMARY KEY);
ALTER TABLE identity_nothing REPLICA IDENTITY NOTHING;
