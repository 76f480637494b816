-- Each only where the server offers it; loadCorpus says which were missing.
CREATE SCHEMA extensions;
CREATE SCHEMA with_extensions;
SET search_path = with_extensions;

\if :has_hstore
CREATE EXTENSION hstore SCHEMA extensions;
CREATE TABLE with_hstore (id integer PRIMARY KEY, h extensions.hstore DEFAULT '');
INSERT INTO with_hstore SELECT n, extensions.hstore(ARRAY['k' || n, 'null', 'q"', ''], ARRAY[n::text, NULL, 'NULL', '']) FROM generate_series(1, 500) AS n;
CREATE INDEX with_hstore_h ON with_hstore USING gin (h extensions.gin_hstore_ops);
\endif

\if :has_pgcrypto
CREATE EXTENSION pgcrypto SCHEMA extensions;
CREATE TABLE with_pgcrypto (id integer PRIMARY KEY, secret text, hashed bytea GENERATED ALWAYS AS (extensions.digest(secret, 'sha256')) STORED);
INSERT INTO with_pgcrypto SELECT n, 'secret ' || n FROM generate_series(1, 500) AS n;
\endif

\if :has_pg_trgm
CREATE EXTENSION pg_trgm SCHEMA extensions;
CREATE TABLE with_pg_trgm (id integer PRIMARY KEY, name text);
INSERT INTO with_pg_trgm SELECT n, md5(n::text) FROM generate_series(1, 1000) AS n;
CREATE INDEX with_pg_trgm_gin ON with_pg_trgm USING gin (name extensions.gin_trgm_ops);
CREATE INDEX with_pg_trgm_gist ON with_pg_trgm USING gist (name extensions.gist_trgm_ops (siglen = 32));
\endif

\if :has_uuid_ossp
CREATE EXTENSION "uuid-ossp" SCHEMA extensions;
CREATE TABLE with_uuid (id uuid PRIMARY KEY DEFAULT extensions.uuid_generate_v4(), n integer);
INSERT INTO with_uuid SELECT extensions.uuid_generate_v5(extensions.uuid_ns_url(), 'row ' || n), n FROM generate_series(1, 500) AS n;
\endif

\if :has_citext
CREATE EXTENSION citext SCHEMA public;
CREATE TABLE with_citext (id integer PRIMARY KEY, mail public.citext UNIQUE, many public.citext[], CHECK (mail OPERATOR(public.<>) 'ROOT@example.org'));
INSERT INTO with_citext SELECT n, CASE n % 2 WHEN 0 THEN 'User' ELSE 'uSER' END || n || '@example.org', ARRAY['A', 'a']::public.citext[] FROM generate_series(1, 500) AS n;
CREATE MATERIALIZED VIEW citext_groups AS SELECT lower(left(mail::text, 5)) AS start, count(*) FROM with_citext WHERE mail OPERATOR(public.=) mail GROUP BY 1;
COMMENT ON EXTENSION citext IS 'a comment of our own';
\endif

\if :has_btree_gist
CREATE EXTENSION btree_gist SCHEMA extensions;
CREATE TABLE booking (
  id integer PRIMARY KEY,
  room text NOT NULL,
  during daterange NOT NULL,
  CONSTRAINT room_once EXCLUDE USING gist (room WITH =, during WITH &&)
);
INSERT INTO booking SELECT n, 'room ' || n % 20, daterange(date '2026-01-01' + n, date '2026-01-01' + n + 10) FROM generate_series(1, 400) AS n;
\endif
