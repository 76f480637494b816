import { join } from 'node:path';
import { inject } from 'vitest';
import { chooseClient, findInstallations } from '../../src/postgres/programs.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { loadCorpus } from '../corpus/corpus.ts';
import { freshDatabase, templateDatabase } from './postgres.ts';

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
