import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readIndexes } from '../../src/indexes/catalogue/indexes.ts';
import { readSequences } from '../../src/indexes/catalogue/sequences.ts';
import { readAges, readServer } from '../../src/indexes/catalogue/server.ts';
import { withCarefulSession } from '../../src/indexes/catalogue/session.ts';
import { readForeignKeys, readTables } from '../../src/indexes/catalogue/tables.ts';
import type { BenchServer } from './backups.ts';
import { makeManyIndexes } from './indexes/many.ts';
import { measure, median } from './measure.ts';
import type { Row } from './rows.ts';

const INDEXES = 10_000;
const RUNS = 3;
const MB = 1_000_000;
const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.js');

/** What a report on ten thousand indexes costs: the whole of it, stored and written to files, and the catalogue queries alone. */
export async function benchIndexReport({ server, folder, context }: BenchServer): Promise<Row[]> {
  const target = await makeManyIndexes(server, 'many', INDEXES);
  const { host, port, user, password, database } = target;
  const url = `postgres://${user}:${encodeURIComponent(password ?? '')}@${encodeURIComponent(host)}:${port}/${database}`;
  const storage = pathToFileURL(join(folder, 'reports')).href;
  const args = [CLI, 'indexes', '--storage', storage, '--out', join(folder, 'report')];
  const runs = [];
  for (let run = 0; run < RUNS; run += 1) runs.push(await measure(process.execPath, args, { env: { ...process.env, DATABASE_URL: url } }));
  const queries: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    queries.push(
      await withCarefulSession(target, context.signal, async (session) => {
        const started = performance.now();
        for (const read of [readServer, readIndexes, readTables, readForeignKeys, readSequences, readAges]) await read(session);
        return performance.now() - started;
      }),
    );
  }
  const how = `median of ${RUNS}`;
  return [
    {
      what: 'index report on 10,000 indexes',
      measured: median(runs.map(({ seconds }) => seconds * 1000)),
      unit: 'ms',
      target: { atMost: 5000 },
      how,
    },
    {
      what: 'its peak memory',
      measured: Math.max(...runs.map(({ peakBytes }) => peakBytes)) / MB,
      unit: 'MB',
      target: { atMost: 150 },
      how: `most of ${RUNS}`,
    },
    { what: 'its catalogue queries', measured: median(queries), unit: 'ms', target: { atMost: 2000 }, how },
  ];
}
