import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { LifeboatError } from '../../errors.ts';
import { databaseFolder } from '../../format/layout.ts';
import type { Store } from '../../storage/store.ts';
import { BLOAT_METHODS } from '../bloat/bloat.ts';
import { type IndexReport, REPORT_FORMAT } from '../report.ts';

export interface ReportSource {
  /** Its key in the store, or the path of its file. */
  readonly name: string;
  readonly report: Pick<IndexReport, 'at' | 'findings' | 'indexes'>;
}

/**
 * The report that indexes are taken from: the latest in the store, one of the store by its key, or a file.
 * @throws LifeboatError `bad-option` for what is no report, `object-missing` where there is none
 */
export async function readReport(which: string, store: Store | null, database: string, signal: AbortSignal): Promise<ReportSource> {
  const folder = `${databaseFolder(database)}/reports`;
  if (store !== null && (which === 'latest' || which.startsWith(`${folder}/`))) {
    const name = which === 'latest' ? await latest(store, folder, signal) : which;
    return { name, report: parse(await text(await store.get(name, { signal })), name) };
  }
  const found = await readFile(which, 'utf8').catch((error: Error) => {
    throw new LifeboatError(
      'bad-option',
      `--from-report: ${which} cannot be read: ${error.message}`,
      'Name the JSON file of a report, or say latest.',
    );
  });
  return { name: which, report: parse(found, which) };
}

async function latest(store: Store, folder: string, signal: AbortSignal): Promise<string> {
  let newest: string | null = null;
  for await (const { key } of store.list(folder, { signal })) if (key.endsWith('.json') && (newest === null || key > newest)) newest = key;
  if (newest !== null) return newest;
  throw new LifeboatError(
    'object-missing',
    `There is no report of indexes in ${store.url}/${folder}.`,
    'Make one with lifeboat indexes and the same --storage and --database.',
  );
}

function parse(found: string, name: string): ReportSource['report'] {
  try {
    return report.parse(JSON.parse(found)) as unknown as ReportSource['report'];
  } catch {
    throw new LifeboatError('bad-option', `--from-report: ${name} is no report of indexes that this version knows.`, 'Make a new one.');
  }
}

const confidence = z.enum(['high', 'medium', 'low']);

const report = z.looseObject({
  format: z.literal(REPORT_FORMAT),
  at: z.string(),
  findings: z.array(
    z.looseObject({
      kind: z.string(),
      level: z.string(),
      index: z.object({ oid: z.number(), schema: z.string(), name: z.string() }).nullable(),
    }),
  ),
  indexes: z.array(
    z.looseObject({
      schema: z.string(),
      name: z.string(),
      bloat: z.looseObject({ method: z.enum(BLOAT_METHODS), bytes: z.number(), rebuiltBytes: z.number(), confidence }).nullable(),
    }),
  ),
});
