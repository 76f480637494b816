CREATE SCHEMA since_18;
SET search_path = since_18;

-- Computed when read: in the COPY of nobody, and in no row.
CREATE TABLE virtual (id integer PRIMARY KEY, net numeric, gross numeric GENERATED ALWAYS AS (net * 1.25) VIRTUAL, stored numeric GENERATED ALWAYS AS (net * 2) STORED);
INSERT INTO virtual (id, net) SELECT n, n / 3.0 FROM generate_series(1, 500) AS n;
CREATE TABLE virtual_only (twice integer GENERATED ALWAYS AS (2 * 21) VIRTUAL);
INSERT INTO virtual_only SELECT FROM generate_series(1, 4);

CREATE TABLE unenforced (id integer PRIMARY KEY, parent integer, a integer, b integer);
INSERT INTO unenforced SELECT n, -n, n, NULLIF(n, 5) FROM generate_series(1, 100) AS n;
ALTER TABLE unenforced ADD CONSTRAINT parent_somewhere FOREIGN KEY (parent) REFERENCES unenforced NOT ENFORCED;
ALTER TABLE unenforced ADD CONSTRAINT negative CHECK (a < 0) NOT ENFORCED;
ALTER TABLE unenforced ADD CONSTRAINT b_given NOT NULL b NOT VALID;
COMMENT ON CONSTRAINT b_given ON unenforced IS 'from now on';

CREATE TABLE named_not_null (id integer CONSTRAINT "id is needed" NOT NULL, a integer CONSTRAINT only_here NOT NULL NO INHERIT);

\if :has_btree_gist
CREATE TABLE tenancy (id integer, during daterange, CONSTRAINT tenancy_key PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE payment (tenancy_id integer, during daterange, FOREIGN KEY (tenancy_id, PERIOD during) REFERENCES tenancy (id, PERIOD during));
INSERT INTO tenancy SELECT n % 10, daterange(date '2026-01-01' + n, date '2026-01-02' + n) FROM generate_series(1, 300) AS n;
INSERT INTO payment SELECT * FROM tenancy;
\endif

CREATE PUBLICATION generated_too FOR TABLE virtual (id, stored) WITH (publish = 'insert', publish_generated_columns = stored);
