import { type Judgement, judged, only, pass, warn } from '../judgement.ts';

export interface TlsFacts {
  readonly host: string;
  /** libpq's parameters of the URL. */
  readonly sslmode: string | undefined;
  readonly sslrootcert: string | undefined;
  /** Of the connection that was made; `null` where the server does not say. */
  readonly encrypted: boolean | null;
}

const DOCS = 'https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION';

/** Whether somebody on the way could read along, or answer in the server's place. */
export function judgeTls({ host, sslmode, sslrootcert, encrypted }: TlsFacts): Judgement {
  if (isLocal(host)) return pass('The server is on this machine: nothing goes over a network.');
  const mode = sslrootcert === 'system' ? 'verify-full' : (sslmode ?? 'prefer');
  const seen = `sslmode is ${mode}, and the connection is ${encrypted === null ? 'of unknown encryption' : encrypted ? 'encrypted' : 'not encrypted'}.`;
  const remedy = `Add sslmode=verify-full to the URL, with sslrootcert=FILE for a private authority or sslrootcert=system for a public one: ${DOCS}`;
  if (encrypted === false) return only(warn(`Passwords and rows go to ${host} in plain text (${seen.slice(0, -1)}).`, remedy));
  if (mode === 'verify-full') return pass(seen);
  const why = mode === 'verify-ca' ? 'any server with a certificate of that authority' : 'anybody in between';
  return judged(seen, [warn(`With sslmode ${mode}, ${why} could pass for ${host}.`, remedy)]);
}

/** A Unix socket, or the loopback. */
export function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
