import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, getCACertificates, type SecureVersion } from 'node:tls';
import type { ConnectionTarget } from './url.ts';

/** What to try in turn: `null` is a connection without TLS. */
export type TlsAttempts = readonly (ConnectionOptions | null)[];

/**
 * sslmode as libpq means it, which is not what node-postgres makes of it: `prefer` falls back to plain text, `require` verifies
 * only when a root certificate is there, `verify-ca` leaves the host name alone.
 * https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
 * Throws an Error with a code that the error rules map to `tls-failed` when a file that was asked for cannot be read.
 */
export async function tlsAttempts(target: ConnectionTarget): Promise<TlsAttempts> {
  const { parameters } = target;
  if (target.host.startsWith('/')) return [null];
  // sslrootcert=system implies verify-full: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-SSLROOTCERT
  const mode = parameters['sslrootcert'] === 'system' ? 'verify-full' : (parameters['sslmode'] ?? 'prefer');
  switch (mode) {
    case 'disable':
      return [null];
    case 'allow':
      return [null, await tlsOptions(target, 'encrypt')];
    case 'require':
      return [await tlsOptions(target, 'verify-ca-if-known')];
    case 'verify-ca':
    case 'verify-full':
      return [await tlsOptions(target, mode)];
    default:
      return [await tlsOptions(target, 'encrypt'), null];
  }
}

type Verification = 'encrypt' | 'verify-ca-if-known' | 'verify-ca' | 'verify-full';

async function tlsOptions({ parameters }: ConnectionTarget, verification: Verification): Promise<ConnectionOptions> {
  const ca = verification === 'encrypt' ? undefined : await rootCertificates(parameters['sslrootcert'], verification === 'verify-ca-if-known');
  const cert = await fileOf(parameters['sslcert'], 'postgresql.crt');
  const key = await fileOf(parameters['sslkey'], 'postgresql.key');
  return {
    ...(cert && key ? { cert, key } : {}),
    ...(parameters['sslcrl'] ? { crl: await required(parameters['sslcrl']) } : {}),
    minVersion: tlsVersion(parameters['ssl_min_protocol_version']) ?? 'TLSv1.2',
    ...(parameters['ssl_max_protocol_version'] ? { maxVersion: tlsVersion(parameters['ssl_max_protocol_version']) ?? 'TLSv1.3' } : {}),
    ...(ca === undefined ? { rejectUnauthorized: false } : { rejectUnauthorized: true, ca }),
    ...(verification === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
  };
}

/** `undefined`: nothing to verify against, which only `require` may accept. */
async function rootCertificates(file: string | undefined, optional: boolean): Promise<string | string[] | undefined> {
  if (file === 'system') return [...new Set([...getCACertificates('system'), ...getCACertificates('default')])];
  if (file !== undefined) return required(file);
  const own = await fileOf(undefined, 'root.crt');
  if (own !== undefined || optional) return own;
  const missing = new Error('root certificate file ~/.postgresql/root.crt does not exist, and sslrootcert names none');
  throw Object.assign(missing, { code: 'ROOT_CERTIFICATE_MISSING' });
}

async function fileOf(named: string | undefined, usual: string): Promise<string | undefined> {
  if (named !== undefined) return required(named);
  return readFile(join(homedir(), '.postgresql', usual), 'utf8').catch(() => undefined);
}

async function required(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const unreadable = new Error(`the certificate file ${file} cannot be read`, { cause: error });
    throw Object.assign(unreadable, { code: 'TLS_FILE_UNREADABLE' });
  }
}

function tlsVersion(name: string | undefined): SecureVersion | undefined {
  return (['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const).find((version) => version === name);
}
