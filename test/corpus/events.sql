-- Last, so that loading the corpus does not fire them. Harmless: a restore's own DDL may.
CREATE SCHEMA events;
CREATE FUNCTION events.noticed() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM tg_event, tg_tag;
END
$$;
CREATE EVENT TRIGGER corpus_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION events.noticed();
CREATE EVENT TRIGGER "Corpus ""drops""" ON sql_drop EXECUTE FUNCTION events.noticed();
CREATE EVENT TRIGGER corpus_disabled ON ddl_command_start EXECUTE FUNCTION events.noticed();
ALTER EVENT TRIGGER corpus_disabled DISABLE;
ALTER EVENT TRIGGER corpus_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER corpus_ddl IS 'an event trigger';
