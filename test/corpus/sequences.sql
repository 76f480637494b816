CREATE SCHEMA sequences;
SET search_path = sequences;

CREATE SEQUENCE never_called;
CREATE SEQUENCE called_once;
SELECT nextval('called_once') \g /dev/null
CREATE SEQUENCE set_not_called;
SELECT setval('set_not_called', 500, false) \g /dev/null
CREATE SEQUENCE set_called;
SELECT setval('set_called', 500, true) \g /dev/null
CREATE SEQUENCE tiny AS smallint INCREMENT BY 5 MINVALUE 10 MAXVALUE 100 START WITH 15 CYCLE;
SELECT setval('tiny', 100) \g /dev/null
CREATE SEQUENCE descending INCREMENT BY -3 MAXVALUE -1 MINVALUE -1000 CACHE 10;
SELECT nextval('descending') FROM generate_series(1, 4) \g /dev/null
CREATE SEQUENCE exhausted AS bigint START WITH 9223372036854775807;
SELECT nextval('exhausted') \g /dev/null
CREATE SEQUENCE restarted START WITH 7;
SELECT nextval('restarted') \g /dev/null
ALTER SEQUENCE restarted RESTART WITH 99;

CREATE TABLE owner_table (id integer PRIMARY KEY, other integer);
CREATE SEQUENCE owned OWNED BY owner_table.other;
SELECT setval('owned', 4242) \g /dev/null
CREATE TABLE borrower (id integer DEFAULT nextval('sequences.owned'));
INSERT INTO borrower SELECT FROM generate_series(1, 10);

COMMENT ON SEQUENCE tiny IS 'turns over';
