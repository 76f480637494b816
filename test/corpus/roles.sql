-- Cluster-wide and idempotent: databases that need these roles are loaded side by side, and none of them may log in.
DO $$
DECLARE
  wanted name;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['corpus_owner', 'corpus_reader', 'Corpus "Quoted"'] LOOP
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END LOOP;
  IF NOT pg_has_role('corpus_owner', 'corpus_reader', 'MEMBER') THEN
    GRANT corpus_reader TO corpus_owner;
  END IF;
EXCEPTION
  -- Two sessions that grant at the same moment: "tuple concurrently updated".
  WHEN internal_error OR unique_violation THEN NULL;
END
$$;
