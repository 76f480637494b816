-- For a database of ENCODING 'LATIN1'. This file is UTF-8: the server converts.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_encoding = 'UTF8';

CREATE SCHEMA "Übersicht";
CREATE TYPE "Übersicht"."größe" AS ENUM ('groß', 'mäßig', 'kümmerlich');
CREATE TABLE "Übersicht"."Käufer" ("Straße" text PRIMARY KEY, "größe" "Übersicht"."größe", note varchar(20) DEFAULT 'Zoë');
INSERT INTO "Übersicht"."Käufer" SELECT 'Ägidienstraße ' || n, (enum_range(NULL::"Übersicht"."größe"))[1 + n % 3] FROM generate_series(1, 500) AS n;
INSERT INTO "Übersicht"."Käufer" ("Straße") SELECT 'byte ' || n || ' ' || chr(n) FROM generate_series(160, 255) AS n;
CREATE INDEX "nach Größe" ON "Übersicht"."Käufer" ("größe") WHERE "Straße" <> 'Öde';
CREATE SEQUENCE "Übersicht"."zähler";
SELECT setval('"Übersicht"."zähler"', 17) \g /dev/null
COMMENT ON TABLE "Übersicht"."Käufer" IS 'Käufer, nach Straße';
