import { startScratch } from '../../src/postgres/scratch.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';
import { installAbsent } from './absent-extension.ts';
import { recordingContext } from './engine.ts';
import { clusterOf, runSql } from './postgres.ts';

export interface SupabaseImitation {
  readonly target: ConnectionTarget;
  /** Whether it has the extensions that a plain Postgres lacks. */
  readonly complete: boolean;
  stop(): Promise<void>;
}

/**
 * A server that looks like one of Supabase's as far as a plain Postgres can: roles, schemas, extensions, event triggers, publications,
 * default privileges and policies, owned as they are there. On a server of its own: roles are everybody's in a cluster.
 */
export async function startSupabaseImitation(): Promise<SupabaseImitation> {
  const scratch = await startScratch({ installation: clusterOf().installation, context: recordingContext() });
  try {
    await runSql(scratch.target, 'CREATE DATABASE app');
    const target = withDatabase(scratch.target, 'app');
    await runSql(target, PLATFORM);
    const complete = await installAbsent(target, [
      {
        name: 'pg_graphql',
        schema: 'graphql',
        script: "CREATE FUNCTION resolve(query text) RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT '{}'::jsonb $$;",
      },
      {
        name: 'supabase_vault',
        schema: 'vault',
        script: `CREATE TABLE secrets (id int PRIMARY KEY, secret text); SELECT pg_catalog.pg_extension_config_dump('secrets', '');
                 CREATE VIEW decrypted_secrets AS SELECT * FROM secrets;`,
      },
    ]);
    if (complete) await runSql(target, ON_EXTENSIONS);
    await runSql(target, CUSTOMER);
    return { target, complete, stop: scratch.stop };
  } catch (error) {
    await scratch.stop();
    throw error;
  }
}

const PLATFORM = `
  CREATE ROLE supabase_admin SUPERUSER LOGIN CREATEROLE CREATEDB REPLICATION BYPASSRLS;
  CREATE ROLE anon NOLOGIN NOINHERIT;
  CREATE ROLE authenticated NOLOGIN NOINHERIT;
  CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
  CREATE ROLE authenticator LOGIN NOINHERIT;
  GRANT anon, authenticated, service_role TO authenticator;
  CREATE ROLE supabase_auth_admin NOINHERIT LOGIN CREATEROLE;
  CREATE ROLE supabase_storage_admin NOINHERIT LOGIN CREATEROLE;
  CREATE ROLE dashboard_user CREATEROLE CREATEDB REPLICATION;
  CREATE ROLE pgbouncer LOGIN;

  CREATE SCHEMA auth AUTHORIZATION supabase_admin;
  CREATE SCHEMA storage AUTHORIZATION supabase_admin;
  CREATE SCHEMA realtime AUTHORIZATION supabase_admin;
  CREATE SCHEMA extensions;
  CREATE SCHEMA pgbouncer AUTHORIZATION pgbouncer;
  CREATE SCHEMA graphql AUTHORIZATION supabase_admin;
  CREATE SCHEMA vault AUTHORIZATION supabase_admin;
  GRANT USAGE ON SCHEMA auth, storage, extensions TO anon, authenticated, service_role;
  GRANT ALL ON SCHEMA auth TO supabase_auth_admin;
  CREATE EXTENSION pgcrypto WITH SCHEMA extensions;
  GRANT EXECUTE ON FUNCTION extensions.digest(text, text) TO dashboard_user;

  CREATE TABLE auth.users (id uuid PRIMARY KEY, email text UNIQUE, created_at timestamptz DEFAULT now());
  ALTER TABLE auth.users OWNER TO supabase_auth_admin;
  CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid $$;
  ALTER FUNCTION auth.uid() OWNER TO supabase_auth_admin;
  CREATE TABLE storage.objects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bucket text, name text);
  ALTER TABLE storage.objects OWNER TO supabase_storage_admin;
  ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;

  CREATE FUNCTION extensions.pgrst_ddl_watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY pgrst, 'reload schema'; END $$;
  ALTER FUNCTION extensions.pgrst_ddl_watch() OWNER TO supabase_admin;
  ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
  ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
`;

/** Rights that Supabase gives on what the extensions brought: a dump grants them anew. */
const ON_EXTENSIONS = `
  GRANT ALL ON FUNCTION graphql.resolve(text) TO anon, authenticated;
  GRANT SELECT ON vault.decrypted_secrets TO service_role;
  INSERT INTO vault.secrets VALUES (1, 'sealed');
`;

const CUSTOMER = `
  CREATE TABLE public.notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner uuid REFERENCES auth.users, body text NOT NULL);
  ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON public.notes TO authenticated USING (owner = auth.uid());
  INSERT INTO auth.users SELECT gen_random_uuid(), 'u' || i || '@example.com' FROM generate_series(1, 50) i;
  INSERT INTO public.notes (owner, body) SELECT id, email FROM auth.users;
  INSERT INTO storage.objects (bucket, name) SELECT 'avatars', i || '.png' FROM generate_series(1, 20) i;
  CREATE PUBLICATION supabase_realtime FOR TABLE public.notes;
  CREATE PUBLICATION supabase_realtime_messages FOR ALL TABLES;
  ALTER PUBLICATION supabase_realtime_messages OWNER TO supabase_admin;
  CREATE EVENT TRIGGER pgrst_ddl_watch ON ddl_command_end EXECUTE FUNCTION extensions.pgrst_ddl_watch();
  ALTER EVENT TRIGGER pgrst_ddl_watch OWNER TO supabase_admin;
`;
