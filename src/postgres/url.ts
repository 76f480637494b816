import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { LifeboatError } from '../errors.ts';
import { KEYWORDS, nearestKeyword, unsupportedKeyword, valueProblem } from './keywords.ts';
import { refusePoolers } from './poolers.ts';
import { splitUrl, type UrlPieces } from './url-pieces.ts';

export { redact, secretsOfUrl } from './secrets.ts';

/** Where a database is and how to get in: everything libpq would need, with nothing left to the environment. */
export interface ConnectionTarget {
  /** A host name, an address, or the folder of a Unix socket (starts with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `null`: none was given, so the password file is asked, as libpq does. */
  readonly password: string | null;
  readonly database: string;
  /** The other libpq keywords (`sslmode`, `options`, …), each with an environment variable of its own. */
  readonly parameters: Readonly<Record<string, string>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads a `postgresql://` or `postgres://` URL by libpq's rules; what it leaves out comes from `environment`, then from libpq's defaults.
 * Throws `bad-database-url` or `pooler-url`; neither ever repeats the password.
 */
export function parseDatabaseUrl(url: string, environment: Environment = {}): ConnectionTarget {
  const pieces = splitUrl(url.trim());
  const named = namedParameters(pieces);
  const fromEnvironment = (variable: string): string | undefined => environment[variable] || undefined;

  const host = singleHost(named.get('host') ?? pieces.host ?? fromEnvironment('PGHOST') ?? defaultSocketFolder());
  const port = portNumber(named.get('port') ?? pieces.port ?? fromEnvironment('PGPORT') ?? '5432');
  const user = named.get('user') ?? pieces.user ?? fromEnvironment('PGUSER') ?? userInfo().username;
  const password = named.get('password') ?? pieces.password ?? fromEnvironment('PGPASSWORD') ?? null;
  const database = named.get('dbname') ?? pieces.database ?? fromEnvironment('PGDATABASE') ?? user;

  const parameters: Record<string, string> = {};
  for (const [keyword, variable] of Object.entries(KEYWORDS)) {
    const value = named.get(keyword) ?? fromEnvironment(variable);
    if (value === undefined || value === '') continue;
    const problem = valueProblem(keyword, value);
    if (problem) throw badUrl(problem.message, problem.remedy);
    parameters[keyword] = value;
  }
  const target: ConnectionTarget = { host, port, user, password, database, parameters };
  refusePoolers(target, named.get('pgbouncer'));
  return target;
}

export function withDatabase(target: ConnectionTarget, database: string): ConnectionTarget {
  return { ...target, database };
}

/** The environment variables that bring a libpq program to `target`: secrets never stand in an argv, where every user can read them. */
export function libpqEnvironment(target: ConnectionTarget): Record<string, string> {
  const environment: Record<string, string> = {
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGDATABASE: target.database,
  };
  if (target.password !== null) environment['PGPASSWORD'] = target.password;
  for (const [keyword, value] of Object.entries(target.parameters)) {
    const variable = KEYWORDS[keyword];
    if (variable) environment[variable] = value;
  }
  return environment;
}

/** For messages: `shop on db.example.com:5432`, `shop on /var/run/postgresql:5432`. Holds no secret. */
export function describeTarget(target: ConnectionTarget): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return `${target.database} on ${host}:${target.port}`;
}

function namedParameters(pieces: UrlPieces): Map<string, string> {
  const named = new Map<string, string>();
  for (const [name, value] of pieces.parameters) {
    // libpq itself takes JDBC's spelling: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
    if (name === 'ssl' && value === 'true') named.set('sslmode', 'require');
    else if (Object.hasOwn(KEYWORDS, name) || ['host', 'port', 'user', 'password', 'dbname', 'pgbouncer'].includes(name)) named.set(name, value);
    else throw unknownParameter(name);
  }
  return named;
}

function unknownParameter(name: string): LifeboatError {
  // What stands here may be a piece of a password with an unescaped `?` or `&` in it, so only a plausible name is repeated.
  if (!/^[a-z_]{2,30}$/i.test(name)) {
    return badUrl(
      'The part of the database URL after ? holds something that is not a parameter.',
      'Percent-encode ?, & and = inside the password: ? is %3F, & is %26, = is %3D.',
    );
  }
  const reason = unsupportedKeyword(name);
  if (reason) return badUrl(`The database URL has the parameter ${name}, which ${reason}.`, `Remove ${name} from the URL.`);
  const nearest = nearestKeyword(name);
  return badUrl(
    `The database URL has the parameter ${name}, which libpq does not know.`,
    nearest ? `Write ${nearest} if that is what you meant, or remove ${name}.` : `Remove ${name} from the URL.`,
  );
}

function singleHost(host: string): string {
  if (host.includes(',')) throw badUrl('The database URL names several hosts.', 'Name one host: a backup reads one server from beginning to end.');
  return host;
}

/** The port itself is not repeated in the message: behind a password with a forgotten `@` it would be the password. */
function portNumber(text: string): number {
  if (text.includes(',')) throw badUrl('The database URL names several ports.', 'Name one host and one port.');
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw badUrl(
    'The port in the database URL is not a number from 1 to 65535.',
    'Write postgresql://user:password@host:5432/database, with /, @, # and : inside the password percent-encoded.',
  );
}

/** Debian's libpq looks in /var/run/postgresql, everyone else's in /tmp. */
function defaultSocketFolder(): string {
  return existsSync('/var/run/postgresql') ? '/var/run/postgresql' : '/tmp';
}

function badUrl(message: string, remedy: string): LifeboatError {
  return new LifeboatError('bad-database-url', message, remedy);
}
