-- Where updates are published the tables have keys: without one an UPDATE would be refused.
CREATE PUBLICATION some_tables FOR TABLE views.sale, ONLY inheritance.dog WITH (publish = 'insert, update');
CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert', publish_via_partition_root = true);
CREATE PUBLICATION "Nothing ""yet""";
ALTER PUBLICATION some_tables OWNER TO corpus_owner;
COMMENT ON PUBLICATION some_tables IS 'a publication';
