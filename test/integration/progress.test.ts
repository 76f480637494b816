import { expect, test } from 'vitest';
import type { Progress } from '../../src/context.ts';
import { recordingContext, runBackup, temporaryStore } from '../harness/engine.ts';
import { clusterOf, freshDatabase, runSql } from '../harness/postgres.ts';

test('a backup that turns out larger than its tables on disk is never said to be over before it is', async () => {
  const source = await freshDatabase(clusterOf().major);
  await runSql(source, `CREATE TABLE t AS SELECT repeat('x', 1000000) AS text FROM generate_series(1, 10)`);
  const told: Progress[] = [];
  const context = recordingContext();
  const { plainBytes } = await runBackup(
    source,
    (await temporaryStore()).url,
    {},
    { ...context, log: { ...context.log, progress: (progress) => told.push(progress) } },
  );
  const last = told.filter(({ phase }) => phase === 'backup').at(-1);
  expect(last?.done).toBeGreaterThan(plainBytes / 2);
  expect(told.filter(({ done, total }) => total !== undefined && done >= total)).toEqual([]);
});
