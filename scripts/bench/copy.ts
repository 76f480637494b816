import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { allOrNothing, inTurns } from '../../src/concurrency.ts';
import { silentLog } from '../../src/context.ts';
import { copyToStore } from '../../src/copy/to-store.ts';
import { openFileStore } from '../../src/storage/file.ts';
import type { Store } from '../../src/storage/store.ts';
import { writeBackup } from '../../test/harness/history.ts';
import { createTestBucket } from '../../test/harness/s3.ts';
import { median } from './measure.ts';
import type { Row } from './rows.ts';

const ROUNDS = 5;
/** Of each of three parts; random, so that they are as large when they are compressed. */
const PART_BYTES = 64 * 1024 * 1024;
const JOBS = 2;
const signal = new AbortController().signal;
const context = { log: silentLog, signal, environment: process.env };

/**
 * A copy against the same bytes got and put without a look at them, in alternate rounds: from a folder to a folder, and from S3 to S3 where
 * the LIFEBOAT_TEST_S3_* variables name a server.
 */
export async function benchCopy(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-bench-copy-'));
  try {
    const open = (name: string) => openFileStore(pathToFileURL(join(folder, name)).href);
    const rows = await benchBetween('in a folder', open('from'), open);
    if (!process.env['LIFEBOAT_TEST_S3_ENDPOINT']) return rows;
    const bucket = await createTestBucket();
    try {
      return [...rows, ...(await benchBetween('in S3', await bucket.open('from'), (name) => bucket.open(name)))];
    } finally {
      await bucket.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchBetween(where: string, from: Store, open: (name: string) => Store | Promise<Store>): Promise<Row[]> {
  await writeBackup(from, 'shop', { at: new Date().toISOString(), plain: randomBytes(PART_BYTES) });
  const rounds: { plain: number; copy: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const to = await open(`to-${round}`);
    const plain = () => timed(to, () => getAndPut(from, to));
    const copy = () => timed(to, () => copyToStore({ from, to, databases: ['shop'], wish: {}, jobs: JOBS }, context));
    // whoever comes second finds other caches
    rounds.push(round % 2 === 0 ? { plain: await plain(), copy: await copy() } : { copy: await copy(), plain: await plain() });
    await to.close();
  }
  await empty(from);
  const rate = (seconds: number) => `${Math.round((3 * PART_BYTES) / 1e6 / seconds)} MB/s`;
  const [plain, copy] = [median(rounds.map((one) => one.plain)), median(rounds.map((one) => one.copy))];
  const how = `median of ${ROUNDS} alternate rounds of ${(3 * PART_BYTES) / 1e6} MB in 3 parts, 2 at once: ${rate(copy)} against ${rate(plain)}`;
  const ratios = rounds.map((one) => one.plain / one.copy);
  return [{ what: `copy ${where} / plain get and put`, measured: median(ratios), unit: '×', target: { atLeast: 0.8 }, how }];
}

/** Seconds; what was written goes again. */
async function timed(to: Store, work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  await empty(to);
  return seconds;
}

async function getAndPut(from: Store, to: Store): Promise<void> {
  const objects: { key: string; bytes: number }[] = [];
  for await (const { key, bytes } of from.list('shop', { signal })) objects.push({ key, bytes });
  const putOne =
    ({ key, bytes }: { key: string; bytes: number }) =>
    async (stop: AbortSignal) =>
      void (await to.put(key, await from.get(key, { signal: stop }), { signal: stop, expectedBytes: bytes }));
  await allOrNothing(signal, inTurns(objects.map(putOne), JOBS));
}

async function empty(store: Store): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list('', { signal })) keys.push(key);
  for (const key of keys) await store.delete(key, { signal });
}
