-- What this server can do, as psql variables for the files that follow in the same session.
\set ON_ERROR_STOP 1
\set QUIET 1
\pset tuples_only on
-- Where wal_level is not logical every publication brings a warning.
SET client_min_messages = error;
SET TimeZone = 'UTC';
SET DateStyle = 'ISO, YMD';
SET IntervalStyle = 'postgres';
SET xmloption = 'content';

DO $$
BEGIN
  PERFORM set_config('corpus.xml', 'true', false);
  PERFORM xmlparse(DOCUMENT '<a/>');
EXCEPTION
  WHEN feature_not_supported THEN PERFORM set_config('corpus.xml', 'false', false);
END
$$;

SELECT
  current_setting('corpus.xml') AS has_xml,
  EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS has_icu,
  EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) AS has_lz4,
  EXISTS (SELECT FROM pg_available_extensions WHERE name = 'hstore') AS has_hstore,
  EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgcrypto') AS has_pgcrypto,
  EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') AS has_pg_trgm,
  EXISTS (SELECT FROM pg_available_extensions WHERE name = 'uuid-ossp') AS has_uuid_ossp,
  EXISTS (SELECT FROM pg_available_extensions WHERE name = 'citext') AS has_citext,
  EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') AS has_btree_gist
\gset
