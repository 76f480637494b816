import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export interface CorpusTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
}

export interface CorpusOptions {
  /** Path of a psql at least as new as the server. */
  readonly psql: string;
  /** An empty database, and a superuser. */
  readonly target: CorpusTarget;
  /** Size of each of the two huge values: 50 unless told. Smaller is faster, and no other row changes. */
  readonly megabytes?: number;
}

/** For CREATE DATABASE: what sql-ascii.sql and latin1.sql need. */
export const SQL_ASCII_DATABASE = "TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'";
export const LATIN1_DATABASE = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'";

const EXTENSIONS = ['hstore', 'pgcrypto', 'pg_trgm', 'uuid-ossp', 'citext', 'btree_gist'];

const THEMES = [
  'names',
  'partitions',
  'inheritance',
  'columns',
  'types',
  'values',
  'large',
  'constraints',
  'indexes',
  'sequences',
  'code',
  'views',
  'triggers',
  'security',
  'extensions',
];

/** The corpus for a server of this major, in the order of loading; one psql session runs them all. */
export function corpusFiles(major: number): string[] {
  const since = [15, 17, 18].filter((first) => major >= first).map((first) => `since-${first}`);
  return ['roles', 'prelude', ...THEMES, ...since, 'publications', 'events'].map(fileOf);
}

/** Fills an empty database with every awkward thing, about 140 MB in 3 s. Says which extensions the server does not have. */
export async function loadCorpus({ psql, target, megabytes = 50 }: CorpusOptions): Promise<{ missingExtensions: string[] }> {
  const version = await query(psql, target, 'SHOW server_version_num');
  await runFiles(psql, target, corpusFiles(Math.floor(Number(version) / 10_000)), ['-v', `megabytes=${megabytes}`]);
  const present = (await query(psql, target, 'SELECT extname FROM pg_extension')).split('\n');
  return { missingExtensions: EXTENSIONS.filter((name) => !present.includes(name)) };
}

/** Fills a database that was created with SQL_ASCII_DATABASE. */
export async function loadSqlAscii({ psql, target }: CorpusOptions): Promise<void> {
  await runFiles(psql, target, [fileOf('sql-ascii')]);
}

/** Fills a database that was created with LATIN1_DATABASE. */
export async function loadLatin1({ psql, target }: CorpusOptions): Promise<void> {
  await runFiles(psql, target, [fileOf('latin1')]);
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`./${name}.sql`, import.meta.url));
}

async function runFiles(psql: string, target: CorpusTarget, files: readonly string[], args: readonly string[] = []): Promise<void> {
  await run(psql, target, ['-q', ...args, ...files.flatMap((file) => ['-f', file])]);
}

async function query(psql: string, target: CorpusTarget, sql: string): Promise<string> {
  return run(psql, target, ['-At', '-c', sql]);
}

async function run(psql: string, target: CorpusTarget, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(psql, ['-X', '-v', 'ON_ERROR_STOP=1', ...args], {
    env: {
      PGHOST: target.host,
      PGPORT: String(target.port),
      PGUSER: target.user,
      PGDATABASE: target.database,
      PGCLIENTENCODING: 'UTF8',
      ...(target.password === null ? {} : { PGPASSWORD: target.password }),
    },
    stdin: 'ignore',
  });
  return stdout;
}
