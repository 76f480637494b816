import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';
import { chooseClient, findInstallations } from '../../src/postgres/programs.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';
import { LATIN1_DATABASE, loadCorpus, loadLatin1, loadSqlAscii, SQL_ASCII_DATABASE } from '../corpus/corpus.ts';
import { clusterOf, freshDatabase, runSql, templateDatabase } from './postgres.ts';

const ENCODINGS = {
  SQL_ASCII: { options: SQL_ASCII_DATABASE, load: loadSqlAscii },
  LATIN1: { options: LATIN1_DATABASE, load: loadLatin1 },
};
const made: { major: number; database: string }[] = [];

/** The folder of the client programs for a server: not every server of the run comes with its own. */
export async function clientBindir(major: number): Promise<string> {
  const running = inject('clusters').map(({ installation }) => installation);
  return chooseClient([...running, ...(await findInstallations(process.env))], major).bindir;
}

/** A database of the calling file's own that holds the corpus: loaded once in a run, then copied. */
export async function corpusDatabase(major: number): Promise<ConnectionTarget> {
  const psql = join(await clientBindir(major), 'psql');
  const template = await templateDatabase(major, 'corpus', async (target) => {
    await loadCorpus({ psql, target });
  });
  return freshDatabase(major, template);
}

/** An empty database of another encoding than UTF-8, dropped after the file. */
export async function emptyDatabaseIn(major: number, encoding: keyof typeof ENCODINGS): Promise<ConnectionTarget> {
  const { target } = clusterOf(major);
  const database = `t_${randomBytes(6).toString('hex')}`;
  await runSql(target, `CREATE DATABASE ${database} ${ENCODINGS[encoding].options}`);
  made.push({ major, database });
  return withDatabase(target, database);
}

/** The same, holding what only such a database can hold. */
export async function databaseIn(major: number, encoding: keyof typeof ENCODINGS): Promise<ConnectionTarget> {
  const target = await emptyDatabaseIn(major, encoding);
  await ENCODINGS[encoding].load({ psql: join(await clientBindir(major), 'psql'), target });
  return target;
}

afterAll(async () => {
  for (const { major, database } of made.splice(0)) await runSql(clusterOf(major).target, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
});
