CREATE SCHEMA security AUTHORIZATION corpus_owner;
SET search_path = security;
GRANT USAGE ON SCHEMA security TO corpus_reader WITH GRANT OPTION;
GRANT USAGE, CREATE ON SCHEMA security TO "Corpus ""Quoted""";

ALTER DEFAULT PRIVILEGES FOR ROLE corpus_owner IN SCHEMA security GRANT SELECT, INSERT ON TABLES TO corpus_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE corpus_owner IN SCHEMA security GRANT USAGE ON SEQUENCES TO "Corpus ""Quoted""" WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE corpus_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE "Corpus ""Quoted""" GRANT USAGE ON TYPES TO corpus_reader;

SET ROLE corpus_owner;
CREATE TABLE tenant_rows (id integer PRIMARY KEY, tenant name NOT NULL DEFAULT current_user, secret text);
CREATE TABLE forced (id serial PRIMARY KEY, visible boolean NOT NULL);
CREATE FUNCTION by_owner() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE VIEW owned_view AS SELECT id FROM tenant_rows;
CREATE MATERIALIZED VIEW owned_matview AS SELECT count(*) AS n FROM tenant_rows WITH NO DATA;
CREATE TYPE owned_enum AS ENUM ('a', 'b');
CREATE DOMAIN owned_domain AS integer;
RESET ROLE;
INSERT INTO tenant_rows SELECT n, (ARRAY['corpus_owner', 'corpus_reader', 'Corpus "Quoted"'])[1 + n % 3], md5(n::text) FROM generate_series(1, 1200) AS n;
INSERT INTO forced (visible) SELECT n % 2 = 0 FROM generate_series(1, 1000) AS n;
REFRESH MATERIALIZED VIEW owned_matview;

ALTER TABLE tenant_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON tenant_rows USING (tenant = current_user);
CREATE POLICY "no ""secrets""" ON tenant_rows AS RESTRICTIVE FOR SELECT TO corpus_reader, "Corpus ""Quoted""" USING (secret IS NULL OR id > 10);
CREATE POLICY insert_own ON tenant_rows FOR INSERT TO PUBLIC WITH CHECK (tenant = current_user AND EXISTS (SELECT FROM forced AS f WHERE f.visible));
-- Hides rows even from the owner: a dump by the owner would be short.
ALTER TABLE forced ENABLE ROW LEVEL SECURITY;
ALTER TABLE forced FORCE ROW LEVEL SECURITY;
CREATE POLICY visible_only ON forced FOR SELECT USING (visible);
CREATE TABLE policy_asleep (id integer);
CREATE POLICY asleep ON policy_asleep USING (false);

CREATE TABLE granted (id integer PRIMARY KEY, a text, b text, c text);
INSERT INTO granted SELECT n, 'a', 'b', 'c' FROM generate_series(1, 100) AS n;
ALTER TABLE granted OWNER TO "Corpus ""Quoted""";
REVOKE DELETE ON granted FROM "Corpus ""Quoted""";
GRANT SELECT (id, a), UPDATE (b), REFERENCES (id) ON granted TO corpus_reader;
GRANT INSERT (c) ON granted TO PUBLIC;
GRANT SELECT ON granted TO corpus_owner WITH GRANT OPTION;
SET ROLE corpus_owner;
GRANT SELECT ON security.granted TO corpus_reader;
RESET ROLE;

GRANT SELECT, USAGE ON SEQUENCE forced_id_seq TO corpus_reader;
REVOKE ALL ON FUNCTION by_owner() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION by_owner() TO corpus_reader;
GRANT EXECUTE ON PROCEDURE code.add_release(text, integer) TO corpus_owner;
REVOKE USAGE ON TYPE owned_enum FROM PUBLIC;
GRANT USAGE ON TYPE owned_domain TO corpus_reader WITH GRANT OPTION;
GRANT CREATE ON SCHEMA public TO corpus_owner;
GRANT TRIGGER, TRUNCATE ON views.sale TO corpus_reader;
GRANT SELECT ON views.v1, views.m2 TO corpus_reader;
REVOKE EXECUTE ON FUNCTION code.as_owner() FROM PUBLIC;
ALTER FUNCTION code.as_owner() OWNER TO corpus_owner;
ALTER TABLE partitions.measurement_2024 OWNER TO corpus_owner;
ALTER SCHEMA twin OWNER TO "Corpus ""Quoted""";
ALTER TABLE twin.orders OWNER TO "Corpus ""Quoted""";
ALTER SEQUENCE sequences.tiny OWNER TO corpus_reader;
ALTER TYPE types.colour OWNER TO corpus_owner;

CREATE FOREIGN DATA WRAPPER corpus_wrapper OPTIONS (debug 'true');
CREATE SERVER corpus_server TYPE 'none' VERSION '1' FOREIGN DATA WRAPPER corpus_wrapper OPTIONS (host 'nowhere.invalid', "odd ""name""" 'it''s');
CREATE USER MAPPING FOR corpus_reader SERVER corpus_server OPTIONS (account 'someone');
CREATE USER MAPPING FOR PUBLIC SERVER corpus_server;
-- Has a row type and no rows: whoever counts it gets an error.
CREATE FOREIGN TABLE elsewhere (id integer OPTIONS (column_name 'ID') NOT NULL, note text DEFAULT 'far') SERVER corpus_server OPTIONS (table_name 'there');
GRANT USAGE ON FOREIGN SERVER corpus_server TO corpus_reader;
ALTER SERVER corpus_server OWNER TO corpus_owner;

COMMENT ON POLICY own_rows ON tenant_rows IS 'a policy';
COMMENT ON SCHEMA security IS 'a schema';
COMMENT ON FOREIGN DATA WRAPPER corpus_wrapper IS 'a wrapper';
COMMENT ON SERVER corpus_server IS 'a server';
COMMENT ON FOREIGN TABLE elsewhere IS 'a foreign table';
