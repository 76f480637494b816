import type { ErrorCode } from '../errors.ts';

/** What a rule may tell of: where it happened, what was said, and the table that was named in it. */
export interface Facts {
  readonly where: string;
  readonly text: string;
  readonly table: string | undefined;
  /** The client program, where one spoke. */
  readonly program?: string;
}

/** One kind of failure, known by its SQLSTATE (or its first characters), by the system's or TLS's code, or by what a client program prints. */
export interface Rule {
  readonly code: ErrorCode;
  readonly sqlstates?: readonly string[];
  /** Where one SQLSTATE means several things: what the message must say as well. */
  readonly narrowedBy?: RegExp;
  readonly system?: RegExp;
  readonly pattern?: RegExp;
  tell(facts: Facts): { message: string; remedy: string };
}

/** The first that matches counts, so what is more particular comes first. SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html */
export const RULES: readonly Rule[] = [
  {
    code: 'client-too-old',
    pattern: /aborting because of server version mismatch/,
    tell: ({ text, program }) => {
      const versions = /server version: ([^\s;]+)[^;]*;.*version: (\S+)/.exec(text);
      const seen = versions ? ` (server ${versions[1]}, client ${versions[2]})` : '';
      return {
        message: `${program ?? 'pg_dump'} is older than the server${seen}.`,
        remedy: "Install the client programs of the server's major version or newer.",
      };
    },
  },
  {
    code: 'row-security-active',
    sqlstates: ['42501'],
    narrowedBy: /row-level security/,
    pattern: /query would be affected by row-level security policy/,
    tell: ({ table, where }) => ({
      message: `Row-level security would hide rows of ${table ?? 'a table'} on ${where}.`,
      remedy: 'Use a role with BYPASSRLS, or the owner of the tables where row security is not forced.',
    }),
  },
  {
    code: 'lock-timeout',
    sqlstates: ['55P03'],
    // pg_dump --lock-wait-timeout sets statement_timeout while it locks
    pattern: /canceling statement due to lock timeout|could not obtain lock on|canceling statement due to statement timeout[\s\S]*LOCK TABLE/,
    tell: ({ table, where }) => ({
      message: `A lock on ${table ?? 'a table'} could not be had in time on ${where}.`,
      remedy: 'Find the session that holds it in pg_locks (most often a migration), let it end, and run again.',
    }),
  },
  {
    code: 'out-of-locks',
    sqlstates: ['53200'],
    narrowedBy: /shared memory/,
    pattern: /out of shared memory|max_locks_per_transaction/,
    tell: ({ where }) => ({
      message: `The lock table is full on ${where}.`,
      remedy: 'Raise max_locks_per_transaction on the server (it takes a restart), or leave schemas out.',
    }),
  },
  {
    code: 'disk-full',
    sqlstates: ['53100'],
    system: /^ENOSPC$/,
    pattern: /No space left on device/,
    tell: ({ where, program }) => ({
      message: `The disk is full${program ? `, says ${program}` : ` on ${where}`}.`,
      remedy: 'Free some space, or give the database or the scratch folder a larger disk.',
    }),
  },
  {
    code: 'too-many-connections',
    sqlstates: ['53300'],
    pattern: /sorry, too many clients already|too many connections for (?:role|database)|remaining connection slots are reserved/,
    tell: ({ where }) => ({
      message: `No connection is left for ${where}.`,
      remedy: 'Use fewer jobs, run when fewer clients are connected, or raise max_connections (or the connection limit of the role or database).',
    }),
  },
  {
    code: 'authentication-failed',
    sqlstates: ['28'],
    pattern:
      /password authentication failed|no password supplied|client password must be a|no pg_hba\.conf entry|pg_hba\.conf rejects|(?:Peer|Ident|GSSAPI|LDAP|PAM|certificate) authentication failed|FATAL:\s+role "[^"]*" (?:does not exist|is not permitted to log in)|channel binding required|SASL(?: authentication failed|: SCRAM)/,
    tell: ({ where, text }) => ({
      message: `The server refused the login to ${where}${authenticationReason(text)}.`,
      remedy: /no pg_hba\.conf entry.*no encryption/.test(text)
        ? 'Add sslmode=require to the URL: this server lets nobody in without TLS (or not from this address).'
        : 'Check user and password in the database URL (percent-encoded), and that pg_hba.conf lets this address in.',
    }),
  },
  {
    code: 'database-missing',
    sqlstates: ['3D000'],
    pattern: /FATAL:\s+database "[^\n]*" does not exist/,
    tell: ({ where }) => ({
      message: `The database does not exist: ${where}.`,
      remedy: 'Check the name at the end of the database URL; psql -l lists what is there.',
    }),
  },
  {
    code: 'tls-failed',
    system:
      /^(?:ERR_SSL|ERR_TLS|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT|GET_CRL)|HOSTNAME_MISMATCH|INVALID_CA|EPROTO|ROOT_CERTIFICATE_MISSING|TLS_FILE_UNREADABLE)/,
    pattern:
      /server does not support SSL|error establishing an SSL connection|SSL error:|certificate verify failed|root certificate file|could not read root certificate|server certificate for .* does not match|SSL SYSCALL error|could not (?:load|read) (?:private key|certificate) file|private key file .* has group or world access/,
    tell: ({ where, text }) => ({
      message: `No safe connection to ${where}: ${reason(text)}.`,
      remedy: /does not support SSL/.test(text)
        ? 'Turn on ssl on the server, or use sslmode=disable where the network itself is trusted.'
        : "Give the server's CA with sslrootcert=FILE (or sslrootcert=system for a public one), and the host name that its certificate is for.",
    }),
  },
  {
    code: 'connection-lost',
    sqlstates: ['57P01', '57P02', '57P05', '08', '25P03'],
    system: /^(?:ECONNRESET|EPIPE|ECONNABORTED)$/,
    pattern:
      /server closed the connection unexpectedly|terminating connection (?:due to|because of)|Connection terminated|connection to server was lost|SSL connection has been closed unexpectedly|could not (?:receive data from|send data to) server|Client network socket disconnected|not queryable/,
    tell: ({ where, text }) => ({
      message: `The connection to ${where} was lost: ${reason(text)}.`,
      remedy: 'Look into the log of the server for why it ended; a restart, a failover or an idle limit of a proxy are the usual causes.',
    }),
  },
  {
    code: 'host-unreachable',
    sqlstates: ['57P03'],
    system: /^(?:ENOTFOUND|EAI_AGAIN|EAI_FAIL|ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ETIMEDOUT|ENOENT|EACCES|ENOTSOCK)$/,
    pattern:
      /could not translate host name|Connection refused|No route to host|Network is unreachable|timeout expired|Connection timed out|Is the server running|the database system is (?:starting up|shutting down|in recovery|not yet accepting)/,
    tell: ({ where, text }) => ({
      message: `Nothing answers at ${where}: ${reason(text)}.`,
      remedy: 'Check host and port in the database URL, that the server runs, and that a firewall lets this machine through.',
    }),
  },
  {
    code: 'extension-missing',
    sqlstates: ['0A000', '58P01'],
    narrowedBy: /extension "[^"]*" is not available|could not open extension control file/,
    pattern: /extension "[^"]*" is not available|could not open extension control file/,
    tell: ({ text, where }) => ({
      message: `The extension ${/extension "([^"]*)"/.exec(text)?.[1] ?? /\/([^/"]+)\.control/.exec(text)?.[1] ?? '(unnamed)'} is not available on ${where}.`,
      remedy: "Install the extension's package for this major version of Postgres.",
    }),
  },
  {
    code: 'table-not-readable',
    sqlstates: ['42501'],
    pattern: /permission denied for (?:table|relation|view|materialized view|sequence|foreign table|schema|large object|function)/,
    tell: ({ table, where, text }) => ({
      message: table === undefined ? `The role lacks a right on ${where}: ${reason(text)}.` : `The role may not read ${table} on ${where}.`,
      remedy: 'GRANT pg_read_all_data to the role (Postgres 14 and later), or SELECT on the table and USAGE on its schema.',
    }),
  },
];

function authenticationReason(text: string): string {
  if (/no password supplied|client password must be a/.test(text)) return ': it wants a password and none was given';
  const said = /(?:password authentication failed for user|no pg_hba\.conf entry for|role) [^\n]*/.exec(text)?.[0];
  return said === undefined ? '' : `: ${said}`;
}

/** What was said, on one line, without libpq's and pg_dump's preambles. */
function reason(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((candidate) => /error:|FATAL|failed|SSL|could not|certificate/i.test(candidate)) ?? lines[0] ?? text;
  return line
    .replace(/^\w+: (?:error: )?/, '')
    .replace(/^connection to server .*? failed: /, '')
    .replace(/^FATAL:\s+/, '')
    .replace(/[.\s]+$/, '');
}
