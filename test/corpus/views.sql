CREATE SCHEMA views;
SET search_path = views;

CREATE TABLE sale (id integer PRIMARY KEY, shop text NOT NULL, amount numeric(10, 2), sold_on date);
INSERT INTO sale SELECT n, 'shop ' || n % 12, n * 0.37, date '2026-01-01' + n % 300 FROM generate_series(1, 3000) AS n;

-- A chain that alternates: the restore can refresh it in one order only.
CREATE VIEW v1 AS SELECT * FROM sale WHERE amount > 10;
CREATE MATERIALIZED VIEW m2 AS SELECT shop, sum(amount) AS total, count(*) AS sales FROM v1 GROUP BY shop;
CREATE UNIQUE INDEX m2_shop ON m2 (shop);
CREATE VIEW v3 AS SELECT shop, total / sales AS mean FROM m2;
CREATE MATERIALIZED VIEW m4 (shop_name, mean_amount) WITH (fillfactor = 80) AS SELECT shop, round(mean, 4) FROM v3;
CREATE MATERIALIZED VIEW a5 AS SELECT avg(mean_amount) AS overall FROM m4;
CREATE MATERIALIZED VIEW never_filled AS SELECT * FROM sale WITH NO DATA;
CREATE INDEX never_filled_shop ON never_filled (shop);

-- Leaning on the primary key, which comes after the data: so do the view, and everything on it.
CREATE VIEW by_key AS SELECT s.id, s.shop, count(*) AS n FROM sale AS s GROUP BY s.id;
CREATE MATERIALIZED VIEW on_by_key AS SELECT shop, sum(n) AS n FROM by_key GROUP BY shop;

CREATE VIEW barrier WITH (security_barrier = true) AS SELECT id, shop FROM sale WHERE shop <> 'shop 1';
CREATE VIEW checked AS SELECT * FROM sale WHERE amount < 1000 WITH CASCADED CHECK OPTION;
CREATE VIEW checked_local AS SELECT * FROM checked WHERE amount > 1 WITH LOCAL CHECK OPTION;
ALTER VIEW checked_local ALTER COLUMN shop SET DEFAULT 'no shop';
CREATE RECURSIVE VIEW countdown (n) AS VALUES (10) UNION ALL SELECT n - 1 FROM countdown WHERE n > 1;
CREATE VIEW lateral_view AS
  SELECT s.shop, best.amount, row_number() OVER w AS place
  FROM (SELECT DISTINCT shop FROM sale) AS s
  CROSS JOIN LATERAL (SELECT amount FROM sale WHERE sale.shop = s.shop ORDER BY amount DESC LIMIT 1) AS best
  WINDOW w AS (ORDER BY best.amount);
CREATE VIEW without_columns AS SELECT FROM sale;

CREATE TABLE sale_log (id integer, what text);
CREATE RULE log_update AS ON UPDATE TO sale WHERE new.amount IS DISTINCT FROM old.amount DO ALSO INSERT INTO sale_log VALUES (new.id, 'update');
CREATE RULE no_delete AS ON DELETE TO sale WHERE old.id < 10 DO INSTEAD NOTHING;
CREATE RULE into_view AS ON INSERT TO v3 DO INSTEAD INSERT INTO sale_log VALUES (0, new.shop);
ALTER TABLE sale DISABLE RULE no_delete;
UPDATE sale SET amount = amount + 1 WHERE id <= 50;
-- A restore refreshes them: one that lags behind its source would come back different, and rightly so.
REFRESH MATERIALIZED VIEW m2;
REFRESH MATERIALIZED VIEW m4;
REFRESH MATERIALIZED VIEW a5;
REFRESH MATERIALIZED VIEW on_by_key;

COMMENT ON VIEW v1 IS 'a view';
COMMENT ON COLUMN v1.amount IS 'a column of a view';
COMMENT ON MATERIALIZED VIEW m2 IS 'a materialized view';
COMMENT ON RULE log_update ON sale IS 'a rule';
