-- For a database of ENCODING 'SQL_ASCII': Postgres checks nothing, and the bytes of several encodings live side by side.
\set ON_ERROR_STOP 1
\set QUIET 1
SET client_encoding = 'SQL_ASCII';

CREATE TABLE bytes_as_text (id integer PRIMARY KEY, encoding text, t text, c char(8), many text[], j json);
INSERT INTO bytes_as_text (id, encoding, t, c, many) VALUES
  (1, 'LATIN1', convert_from('\x636166e9', 'SQL_ASCII'), convert_from('\xe9', 'SQL_ASCII'), ARRAY[convert_from('\xfcff', 'SQL_ASCII'), NULL]),
  (2, 'UTF8', convert_from('\x636166c3a9', 'SQL_ASCII'), convert_from('\xc3a9', 'SQL_ASCII'), '{}'),
  (3, 'cut UTF8', convert_from('\xf09f9a', 'SQL_ASCII'), convert_from('\xc3', 'SQL_ASCII'), ARRAY[convert_from('\x80', 'SQL_ASCII')]),
  (4, 'SJIS', convert_from('\x835c8365', 'SQL_ASCII'), convert_from('\x835c', 'SQL_ASCII'), NULL),
  (5, 'never UTF8', convert_from('\xc080feff', 'SQL_ASCII'), NULL, NULL),
  (6, 'replaced', convert_from('\xefbfbd', 'SQL_ASCII'), NULL, NULL);
-- Decoded loosely, all of these read as the same three replacement characters.
INSERT INTO bytes_as_text (id, encoding, t)
SELECT 1000 + n, 'three bytes', convert_from(decode('ff' || lpad(to_hex(128 + n % 128), 2, '0') || 'fe', 'hex'), 'SQL_ASCII') FROM generate_series(0, 127) AS n;
UPDATE bytes_as_text SET j = ('["' || t || '"]')::json WHERE id = 1;
CREATE INDEX bytes_as_text_t ON bytes_as_text (t);
COMMENT ON TABLE bytes_as_text IS 'any byte but zero';
