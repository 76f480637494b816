import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readIndexes } from '../../src/indexes/catalogue/indexes.ts';
import { readSequences } from '../../src/indexes/catalogue/sequences.ts';
import { readAges, readServer } from '../../src/indexes/catalogue/server.ts';
import { withCarefulSession } from '../../src/indexes/catalogue/session.ts';
import { readForeignKeys, readTables } from '../../src/indexes/catalogue/tables.ts';
import { type BenchServer, commandLine, lifeboat } from './backups.ts';
import { makeManyIndexes } from './indexes/many.ts';
import { type Measured, median } from './measure.ts';
import type { Row } from './rows.ts';

const INDEXES = 10_000;
const RUNS = 3;
const MB = 1_000_000;

/**
 * What a report on ten thousand indexes costs: the whole of it, stored and written to files, by the statistics and by what a drill measured;
 * and the catalogue queries alone.
 */
export async function benchIndexReport({ server, folder, context }: BenchServer): Promise<Row[]> {
  const target = await makeManyIndexes(server, 'many', INDEXES);
  const storage = pathToFileURL(join(folder, 'reports')).href;
  const report = async () => {
    const runs: Measured[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await commandLine(['indexes', '--storage', storage, '--out', join(folder, 'report')], target));
    return {
      milliseconds: median(runs.map(({ seconds }) => seconds * 1000)),
      megabytes: Math.max(...runs.map(({ peakBytes }) => peakBytes)) / MB,
    };
  };
  const estimated = await report();
  await lifeboat(['backup', '--storage', storage, '--jobs', '2'], target);
  await lifeboat(['drill', '--storage', storage, '--database', target.database, '--jobs', '2'], target);
  const measured = await report();
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
  const most = `most of ${RUNS}`;
  return [
    { what: 'index report on 10,000 indexes', measured: estimated.milliseconds, unit: 'ms', target: { atMost: 5000 }, how },
    { what: 'its peak memory', measured: estimated.megabytes, unit: 'MB', target: { atMost: 150 }, how: most },
    { what: 'the same, measured by a drill', measured: measured.milliseconds, unit: 'ms', target: { atMost: 5000 }, how },
    { what: 'its peak memory', measured: measured.megabytes, unit: 'MB', target: { atMost: 150 }, how: most },
    { what: 'its catalogue queries', measured: median(queries), unit: 'ms', target: { atMost: 2000 }, how },
  ];
}
