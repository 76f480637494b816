import { LifeboatError } from '../errors.ts';

/** A database URL, taken apart and percent-decoded; what was not written is `undefined`. */
export interface UrlPieces {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly database: string | undefined;
  readonly parameters: readonly (readonly [string, string])[];
}

const EXAMPLE = 'postgresql://user:password@host:5432/database';

/**
 * Takes a URL apart as libpq does, but refuses what libpq would misread: an unescaped `@`, `/`, `#` or `?` in a password
 * silently moves the end of the host. Throws `bad-database-url`, and repeats nothing that could be a piece of a password.
 */
export function splitUrl(url: string): UrlPieces {
  const rest = withoutScheme(url);
  if (rest.includes('#')) throw unescaped('#', '%23');
  const authorityEnd = rest.search(/[/?]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const tail = authorityEnd < 0 ? '' : rest.slice(authorityEnd);
  refuseUnescaped(authority, tail);

  const at = authority.indexOf('@');
  const login = at < 0 ? '' : authority.slice(0, at);
  const colon = login.indexOf(':');
  const address = hostAndPort(authority.slice(at + 1));
  const question = tail.indexOf('?');
  const path = question < 0 ? tail : tail.slice(0, question);
  const query = question < 0 ? '' : tail.slice(question + 1);
  if (path.slice(1).includes('/')) throw bad('The database name in the URL holds an unescaped /.', 'Write a / inside a name or a password as %2F.');
  return {
    user: given(decode(colon < 0 ? login : login.slice(0, colon), 'user')),
    password: colon < 0 ? undefined : given(decode(login.slice(colon + 1), 'password')),
    host: given(decode(address.host, 'host')),
    port: given(address.port),
    database: given(decode(path.slice(1), 'database')),
    parameters: query
      .split('&')
      .filter((piece) => piece !== '')
      .map(parameter),
  };
}

function withoutScheme(url: string): string {
  const scheme = /^postgres(?:ql)?:\/\//i.exec(url);
  if (scheme) return url.slice(scheme[0].length);
  if (url === '') throw bad('The database URL is empty.', `Give it as ${EXAMPLE}; in a workflow, check that the secret exists and is passed on.`);
  if (/^["'].*["']$/s.test(url)) throw bad('The database URL stands in quotes.', 'Remove the quotes around it: they became part of the value.');
  if (/^\w+\s*=/.test(url)) throw bad('The database URL is a list of key=value pairs.', `Write it as a URL: ${EXAMPLE}.`);
  const other = /^([a-z][a-z0-9+.-]{1,20}):\/\//i.exec(url);
  throw bad(
    other ? `The database URL is of the kind ${other[1]}://.` : 'The database URL does not start with postgresql://.',
    `Write it as ${EXAMPLE}.`,
  );
}

function refuseUnescaped(authority: string, tail: string): void {
  if (authority.split('@').length > 2) throw unescaped('@', '%40');
  const path = tail.split('?', 1)[0] ?? '';
  const query = tail.slice(path.length + 1);
  if (path.includes('@')) throw unescaped('/ (or @)', '%2F (and @ as %40)');
  const bareLogin = !authority.includes('@') && authority.includes(':') && !authority.startsWith('[');
  const strayName = query.split('&').some((piece) => /[@/]/.test(piece.split('=', 1)[0] ?? ''));
  if (strayName || (bareLogin && query.includes('@') && !/(?:^|&)(?:user|password)=/.test(query))) throw unescaped('?', '%3F');
}

function hostAndPort(address: string): { host: string; port: string } {
  if (address.startsWith('[')) {
    const bracketed = /^\[([^\]]+)\](?::(.*))?$/.exec(address);
    if (!bracketed)
      throw bad('The IPv6 address in the database URL is not closed by ].', 'Write it as postgresql://user@[2001:db8::1]:5432/database.');
    return { host: bracketed[1] ?? '', port: bracketed[2] ?? '' };
  }
  if (address.includes(',')) throw bad('The database URL names several hosts.', 'Name one host: a backup reads one server from beginning to end.');
  if (address.split(':').length > 2) {
    throw bad(
      'The host in the database URL holds more than one colon.',
      'Put an IPv6 address in brackets: postgresql://user@[2001:db8::1]:5432/database.',
    );
  }
  const colon = address.indexOf(':');
  return colon < 0 ? { host: address, port: '' } : { host: address.slice(0, colon), port: address.slice(colon + 1) };
}

function parameter(piece: string): readonly [string, string] {
  const equals = piece.indexOf('=');
  if (equals < 0)
    throw bad('A parameter in the database URL has no value.', 'Write each as name=value, joined by &; a ? inside the password is %3F.');
  return [decode(piece.slice(0, equals), 'parameters'), decode(piece.slice(equals + 1), 'parameters')];
}

function decode(text: string, where: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw bad(`The ${where} in the database URL holds a % that starts no percent-encoding.`, 'Write a literal % as %25.');
  }
  if (decoded.includes('\0')) throw bad(`The ${where} in the database URL holds %00.`, 'Remove it: Postgres takes no zero byte there.');
  return decoded;
}

function given(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function unescaped(character: string, encoded: string): LifeboatError {
  return bad(
    `The database URL holds an unescaped ${character}, most likely in the password.`,
    `Write it as ${encoded}, or percent-encode the whole password; the shape is ${EXAMPLE}.`,
  );
}

function bad(message: string, remedy: string): LifeboatError {
  return new LifeboatError('bad-database-url', message, remedy);
}
