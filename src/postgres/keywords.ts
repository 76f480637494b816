import { closest, distance } from 'fastest-levenshtein';

/**
 * The libpq keywords that may stand in a URL beside host, port, user, password and dbname, and the environment variable of each:
 * a keyword without one could not be handed to the client programs. https://www.postgresql.org/docs/current/libpq-envars.html
 */
export const KEYWORDS: Readonly<Record<string, string>> = {
  passfile: 'PGPASSFILE',
  options: 'PGOPTIONS',
  application_name: 'PGAPPNAME',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  client_encoding: 'PGCLIENTENCODING',
  channel_binding: 'PGCHANNELBINDING',
  require_auth: 'PGREQUIREAUTH',
  sslmode: 'PGSSLMODE',
  sslnegotiation: 'PGSSLNEGOTIATION',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslcertmode: 'PGSSLCERTMODE',
  sslcrl: 'PGSSLCRL',
  sslsni: 'PGSSLSNI',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
  gssencmode: 'PGGSSENCMODE',
  krbsrvname: 'PGKRBSRVNAME',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
};

const VALUES: Readonly<Record<string, readonly string[]>> = {
  sslmode: ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'],
  channel_binding: ['disable', 'prefer', 'require'],
  sslnegotiation: ['postgres', 'direct'],
};

const UNSUPPORTED: Readonly<Record<string, string>> = {
  hostaddr: 'pg-lifeboat does not take (name the address as the host)',
  service: 'pg-lifeboat does not take (write the connection out)',
  sslpassword: 'cannot be handed to the client programs (use a key without a password)',
  replication: 'makes no ordinary connection',
  keepalives: 'cannot be handed to the client programs',
  keepalives_idle: 'cannot be handed to the client programs',
  keepalives_interval: 'cannot be handed to the client programs',
  keepalives_count: 'cannot be handed to the client programs',
  tcp_user_timeout: 'cannot be handed to the client programs',
  // https://www.prisma.io/docs/orm/overview/databases/postgresql#arguments
  schema: "is Prisma's, not libpq's",
  connection_limit: "is Prisma's, not libpq's",
  pool_timeout: "is Prisma's, not libpq's",
  socket_timeout: "is Prisma's, not libpq's",
  statement_cache_size: "is Prisma's, not libpq's",
  sslaccept: "is Prisma's, not libpq's",
};

/** Why a known parameter is refused all the same, as the end of "…, which". */
export function unsupportedKeyword(name: string): string | undefined {
  return Object.hasOwn(UNSUPPORTED, name) ? UNSUPPORTED[name] : undefined;
}

/** The keyword that a misspelt one most likely stands for; none when nothing is near. */
export function nearestKeyword(name: string): string | undefined {
  const nearest = closest(name.toLowerCase(), [...Object.keys(KEYWORDS), 'host', 'port', 'user', 'password', 'dbname']);
  return distance(name.toLowerCase(), nearest) <= Math.max(2, Math.floor(nearest.length / 3)) ? nearest : undefined;
}

/** What is wrong with a keyword's value, or nothing. */
export function valueProblem(keyword: string, value: string): { message: string; remedy: string } | undefined {
  const allowed = VALUES[keyword];
  if (allowed && !allowed.includes(value)) {
    return { message: `The database URL gives ${keyword} a value that libpq does not know.`, remedy: `Write one of ${allowed.join(', ')}.` };
  }
  if (keyword === 'connect_timeout' && !/^\d{1,6}$/.test(value)) {
    return { message: 'connect_timeout in the database URL is not a number of seconds.', remedy: 'Write whole seconds, such as connect_timeout=10.' };
  }
  return undefined;
}
