export const PROVIDERS = ['supabase', 'neon', 'rds'] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What a managed Postgres has beside its customer's own, and a plain Postgres does not. */
export interface Profile {
  readonly title: string;
  /** Host names that only this provider has. */
  readonly hosts: RegExp;
  /** Where the host says nothing: a database with all of these roles and schemas, or any of these settings, is one of theirs or an image of theirs. */
  readonly marks: { readonly roles: readonly string[]; readonly schemas: readonly string[]; readonly settings: readonly string[] };
  /** Schemas that the provider manages. */
  readonly schemas: readonly string[];
  /** Roles that the provider manages. */
  readonly roles: RegExp;
  /** Extensions that the provider brings by itself and that no package of the PostgreSQL repository holds. One that a customer chose is not here. */
  readonly extensions: readonly string[];
  /** What no drill elsewhere can prove, where the backup has that extension. */
  readonly unproven: Readonly<Record<string, string>>;
}

export const PROFILES: Readonly<Record<Provider, Profile>> = {
  // Schemas and roles: supabase/cli, pkg/migration/dump.go (InternalSchemas, reservedRoles).
  // Extensions: https://supabase.com/docs/guides/database/extensions
  supabase: {
    title: 'Supabase',
    hosts: /\.supabase\.(?:co|com)$/i,
    marks: { roles: ['supabase_admin', 'authenticator'], schemas: ['auth', 'storage'], settings: [] },
    schemas: [
      '_analytics',
      '_realtime',
      '_supavisor',
      'auth',
      'etl',
      'extensions',
      'graphql',
      'graphql_public',
      'net',
      'pgbouncer',
      'pgsodium',
      'pgsodium_masks',
      'pgtle',
      'realtime',
      'storage',
      'supabase_functions',
      'supabase_migrations',
      'vault',
    ],
    roles:
      /^(?:anon|authenticated|authenticator|cli_login_.*|dashboard_user|pgbouncer|postgres|service_role|supabase_.*|pgsodium_key(?:holder|iduser|maker)|pgtle_admin)$/,
    extensions: ['pg_graphql', 'pg_net', 'pg_tle', 'pgjwt', 'pgsodium', 'supabase-dbdev', 'supabase_vault', 'wrappers'],
    unproven: {
      // https://supabase.com/docs/guides/database/vault: the key is kept outside the database
      supabase_vault:
        'secrets of the vault are encrypted by a key that Supabase keeps outside the database: only a project with that key can read them',
      pgsodium: 'what pgsodium encrypted needs the root key of the project, which is in no dump',
    },
  },
  // https://neon.com/docs/manage/roles, https://neon.com/docs/changelog/2023-11-27 (neon, cloud_admin), https://neon.com/docs/extensions/pg-extensions
  neon: {
    title: 'Neon',
    hosts: /\.neon\.(?:tech|build)$/i,
    marks: { roles: ['neon_superuser', 'cloud_admin'], schemas: [], settings: ['neon.timeline_id'] },
    schemas: ['neon', 'neon_auth', 'neon_migration'],
    roles: /^(?:cloud_admin|neon_.*)$/,
    extensions: ['neon', 'neon_utils', 'pg_session_jwt'],
    unproven: {},
  },
  // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
  // https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-extensions.html, and the same of Aurora
  rds: {
    title: 'Amazon RDS',
    hosts: /\.rds\.amazonaws\.com(?:\.cn)?$/i,
    marks: { roles: ['rdsadmin', 'rds_superuser'], schemas: [], settings: ['rds.extensions'] },
    schemas: ['aws_commons', 'aws_lambda', 'aws_s3', 'rdsadmin'],
    roles: /^rds(?:_.*|admin|proxyadmin|repladmin|topmgr|writeforwarduser)$/,
    extensions: ['apg_plan_mgmt', 'aws_commons', 'aws_lambda', 'aws_ml', 'aws_s3', 'log_fdw', 'rds_tools'],
    unproven: {},
  },
};

export function isProvider(name: unknown): name is Provider {
  return PROVIDERS.some((provider) => provider === name);
}
