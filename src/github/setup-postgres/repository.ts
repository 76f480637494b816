/** A repository of Debian packages, and the key that signs it. */
export interface Repository {
  readonly uri: string;
  readonly keyUrl: string;
  /** Of its primary key: 40 hex digits. */
  readonly fingerprint: string;
}

/**
 * The PostgreSQL project's own (https://wiki.postgresql.org/wiki/Apt). Whoever could put another key under this address would still have to
 * have this fingerprint: it is the one of /usr/share/postgresql-common/pgdg/apt.postgresql.org.asc, which Debian's and Ubuntu's package
 * postgresql-common ships under their own signatures.
 */
export const PGDG: Repository = {
  uri: 'https://apt.postgresql.org/pub/repos/apt',
  keyUrl: 'https://www.postgresql.org/media/keys/ACCC4CF8.asc',
  fingerprint: 'B97B0AFCAA1A47F044F244A07FCC7D46ACCC4CF8',
};

export const KEYRING = '/etc/apt/keyrings/pg-lifeboat-pgdg.gpg';
export const SOURCES = '/etc/apt/sources.list.d/pg-lifeboat-pgdg.sources';
export const CREATE_CLUSTER = '/etc/postgresql-common/createcluster.conf';

/** https://manpages.debian.org/sources.list.5: no key but this one is believed, and this one in no other repository. */
export function sourcesText({ uri }: Repository, codename: string, keyring: string): string {
  return `Types: deb\nURIs: ${uri}\nSuites: ${codename}-pgdg\nComponents: main\nSigned-By: ${keyring}\n`;
}

/**
 * Whether a file of apt's sources offers the repository already. A second entry with another key would make apt refuse both.
 * @param text in either format: a line, or a stanza
 */
export function offers(text: string, { uri }: Repository, codename: string): boolean {
  const { host } = new URL(uri);
  const active = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  const stanzas = active.join('\n').split(/\n\s*\n/);
  return (
    active.some((line) => line.trimStart().startsWith('deb ') && line.includes(host) && line.includes(` ${codename}-pgdg `)) ||
    stanzas.some(
      (stanza) =>
        /^URIs:.*$/m.exec(stanza)?.[0].includes(host) &&
        new RegExp(`^Suites:.*\\b${codename}-pgdg\\b`, 'm').test(stanza) &&
        !/^Enabled:\s*no/m.test(stanza),
    )
  );
}

/** createcluster.conf such that installing a server creates no cluster; `null` when it says so already. */
export function withoutMainCluster(conf: string): string | null {
  const line = /^[ \t]*#?[ \t]*create_main_cluster\s*=.*$/m;
  if (/^[ \t]*create_main_cluster\s*=\s*'?(?:false|no|off|0)'?\s*$/m.test(conf)) return null;
  return line.test(conf) ? conf.replace(line, 'create_main_cluster = false') : `${conf.trimEnd()}\ncreate_main_cluster = false\n`;
}
