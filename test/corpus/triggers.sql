CREATE SCHEMA triggers;
SET search_path = triggers;

CREATE TABLE account (id integer PRIMARY KEY, balance numeric NOT NULL DEFAULT 0, touched text);
CREATE TABLE audit (id serial PRIMARY KEY, what text NOT NULL, rows bigint);

-- Rows that a restore must not make a second time.
CREATE FUNCTION log_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO triggers.audit (what, rows) SELECT TG_NAME || coalesce(' ' || TG_ARGV[0], ''), count(*) FROM new_rows;
  RETURN NULL;
END
$$;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.touched := concat_ws(',', new.touched, TG_NAME);
  RETURN new;
END
$$;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'refused by %', TG_NAME;
END
$$;
CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';

CREATE TRIGGER inserted AFTER INSERT ON account REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION log_rows('with ''quotes''');
CREATE TRIGGER updated AFTER UPDATE ON account REFERENCING NEW TABLE AS new_rows OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION log_rows();
CREATE TRIGGER stamped BEFORE INSERT OR UPDATE OF balance ON account FOR EACH ROW WHEN (new.balance > 10) EXECUTE FUNCTION stamp();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON account EXECUTE FUNCTION refuse();
CREATE CONSTRAINT TRIGGER at_commit AFTER DELETE ON account DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION quiet();
CREATE TRIGGER "Disabled ""one""" BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER TABLE account DISABLE TRIGGER "Disabled ""one""";
CREATE TRIGGER always_on AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION quiet();
ALTER TABLE account ENABLE ALWAYS TRIGGER always_on;
CREATE TRIGGER for_replicas AFTER INSERT ON account FOR EACH ROW EXECUTE FUNCTION quiet();
ALTER TABLE account ENABLE REPLICA TRIGGER for_replicas;
INSERT INTO account (id, balance) SELECT n, n % 21 FROM generate_series(1, 2000) AS n;
UPDATE account SET balance = balance + 5 WHERE id <= 100;

CREATE TABLE ledger (id integer NOT NULL, at date NOT NULL, touched text) PARTITION BY RANGE (at);
CREATE TABLE ledger_old PARTITION OF ledger FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE ledger_new PARTITION OF ledger FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
CREATE TRIGGER ledger_stamped BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TRIGGER only_new AFTER UPDATE ON ledger_new FOR EACH ROW EXECUTE FUNCTION quiet();
INSERT INTO ledger SELECT n, date '2025-06-01' + n % 400 FROM generate_series(1, 1500) AS n;
ALTER TABLE ledger_old DISABLE TRIGGER ledger_stamped;

CREATE VIEW rich AS SELECT id, balance FROM account WHERE balance > 20;
CREATE TRIGGER rich_insert INSTEAD OF INSERT ON rich FOR EACH ROW EXECUTE FUNCTION quiet();

COMMENT ON TRIGGER inserted ON account IS 'once a statement';
