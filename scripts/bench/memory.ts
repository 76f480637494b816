import { type Bench, lifeboatBackup } from './backups.ts';
import { makeDatabase } from './database.ts';
import type { Row } from './rows.ts';
import { s3Storage } from './s3.ts';

const MB = 1_000_000;

/** Peak memory of the lifeboat process itself, which must not depend on how large the database is. */
export async function benchMemory(bench: Bench): Promise<Row[]> {
  const databases = [
    { name: '200 MB', target: await makeDatabase(bench.server, 'small', 0.11) },
    { name: '1.8 GB', target: bench.main },
    { name: '4 GB', target: await makeDatabase(bench.server, 'large', 2.25) },
  ];
  const rows: Row[] = [];
  for (const { name, target } of databases) {
    for (const { jobs, atMost } of [
      { jobs: 1, atMost: 150 },
      { jobs: 4, atMost: 300 },
    ]) {
      const { peakBytes, seconds } = await lifeboatBackup(bench, target, ['--jobs', String(jobs)]);
      rows.push({
        what: `peak memory, ${name}, file store, ${jobs} job(s)`,
        measured: peakBytes / MB,
        unit: 'MB',
        target: { atMost },
        how: `${seconds.toFixed(1)} s`,
      });
    }
  }
  return [...rows, ...(await benchS3(bench))];
}

async function benchS3(bench: Bench): Promise<Row[]> {
  const storage = await s3Storage();
  if (storage === null) {
    console.log('not measured: backup to S3 (LIFEBOAT_TEST_S3_ENDPOINT is not set)');
    return [];
  }
  const rows: Row[] = [];
  for (const { jobs, atMost } of [
    { jobs: 1, atMost: 150 },
    { jobs: 4, atMost: 300 },
  ]) {
    const { peakBytes, diskBytes, seconds } = await lifeboatBackup(bench, bench.main, ['--jobs', String(jobs)], storage);
    rows.push(
      { what: `peak memory, 1.8 GB, S3, ${jobs} job(s)`, measured: peakBytes / MB, unit: 'MB', target: { atMost }, how: `${seconds.toFixed(1)} s` },
      {
        what: `written to local disk, 1.8 GB, S3, ${jobs} job(s)`,
        measured: diskBytes / MB,
        unit: 'MB',
        target: { atMost: 0 },
        how: 'write_bytes of the process',
      },
    );
  }
  return rows;
}
