import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { LifeboatError } from '../../errors.ts';
import { reportsFolder } from '../../format/layout.ts';
import type { Store } from '../../storage/store.ts';
import type { IndexReport } from '../report.ts';
import { parseReport, readLatestReport, type StoredReport } from '../stored-reports.ts';

/**
 * The report that indexes are taken from: the latest in the store, one of the store by its key, or a file.
 * @returns with its key in the store, or the path of its file
 * @throws LifeboatError `bad-option` for what is no report, `object-missing` where there is none
 */
export async function readReport(which: string, store: Store | null, database: string, signal: AbortSignal): Promise<StoredReport> {
  if (store !== null && which === 'latest') {
    const latest = await readLatestReport(store, database, signal);
    if (latest !== null) return latest;
    throw new LifeboatError(
      'object-missing',
      `There is no report of indexes in ${store.url}/${reportsFolder(database)}.`,
      'Make one with lifeboat indexes and the same --storage and --database.',
    );
  }
  if (store !== null && which.startsWith(`${reportsFolder(database)}/`)) {
    return { key: which, report: parse(await text(await store.get(which, { signal })), which) };
  }
  const found = await readFile(which, 'utf8').catch((error: Error) => {
    throw new LifeboatError(
      'bad-option',
      `--from-report: ${which} cannot be read: ${error.message}`,
      'Name the JSON file of a report, or say latest.',
    );
  });
  return { key: which, report: parse(found, which) };
}

function parse(found: string, name: string): IndexReport {
  const report = parseReport(found);
  if (report !== null) return report;
  throw new LifeboatError('bad-option', `--from-report: ${name} is no report of indexes that this version knows.`, 'Make a new one.');
}
