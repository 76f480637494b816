CREATE SCHEMA inheritance;
SET search_path = inheritance;

CREATE TABLE animal (id integer PRIMARY KEY, name text NOT NULL, CONSTRAINT named CHECK (name <> ''));
CREATE TABLE dog (breed text DEFAULT 'mongrel', CONSTRAINT dog_id CHECK (id > 0) NO INHERIT) INHERITS (animal);

-- Became a child late: here its own columns come first, after a restore the parent's do.
CREATE TABLE cat (lives smallint DEFAULT 9, name text NOT NULL, id integer NOT NULL, CONSTRAINT named CHECK (name <> ''));
ALTER TABLE cat INHERIT animal;

CREATE TABLE catdog (since date) INHERITS (cat, dog);

-- The parents got these when the children were there already.
ALTER TABLE animal ADD COLUMN weight numeric DEFAULT 1.0;
ALTER TABLE dog ALTER COLUMN weight SET DEFAULT 20;
ALTER TABLE ONLY animal ADD CONSTRAINT light CHECK (weight < 1000) NO INHERIT;
ALTER TABLE dog ADD COLUMN collar boolean;

INSERT INTO animal (id, name) SELECT n, 'animal ' || n FROM generate_series(1, 1000) AS n;
INSERT INTO dog (id, name, collar) SELECT n, 'dog ' || n, n % 2 = 0 FROM generate_series(1001, 2000) AS n;
INSERT INTO cat (id, name, lives, weight) SELECT n, 'cat ' || n, n % 9, n / 1000.0 FROM generate_series(2001, 3000) AS n;
INSERT INTO catdog (id, name, since) SELECT n, 'catdog ' || n, date '1998-04-04' + n FROM generate_series(3001, 3100) AS n;

CREATE INDEX cat_lives ON cat (lives);
COMMENT ON COLUMN cat.lives IS 'nine to begin with';
COMMENT ON CONSTRAINT named ON animal IS 'inherited by all';
