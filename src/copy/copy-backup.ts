import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { backupFolder, isRecord, manifestKey, partKey } from '../format/layout.ts';
import { type ManifestPart, parseManifest } from '../format/manifest.ts';
import { partMissing } from '../restore/open-part.ts';
import type { Store } from '../storage/store.ts';
import { checkStored } from '../stream/checked.ts';
import type { CopyTask } from './plan.ts';

export interface CopyJob {
  readonly from: Store;
  readonly to: Store;
  readonly database: string;
  /** How many parts are under way at once. */
  readonly jobs: number;
  /** Told how many more bytes have been read. */
  readonly onBytes: (more: number) => void;
}

export interface Copied {
  /** `gone`: a prune deleted the backup meanwhile. */
  readonly outcome: 'copied' | 'completed' | 'there' | 'gone';
  /** Written to the other store. */
  readonly bytes: number;
  readonly objects: number;
  /** Parts that an interrupted copy had left there whole. */
  readonly reused: number;
}

type Sizes = ReadonlyMap<string, number>;

/**
 * Brings one backup, or what is missing of it: parts first, then proofs and signatures, the manifest last and only if there is none. Every
 * part is checked against the manifest while it is read, and nothing of it can be seen before that; what is there in the end is counted
 * again. Who dies on the way leaves no manifest, and the next run goes on from there. Nothing is ever deleted.
 * @throws LifeboatError `part-corrupt`, `part-missing`, `copy-differs`, those of a manifest and of either store
 */
export async function copyBackup(job: CopyJob, task: Extract<CopyTask, { kind: 'whole' | 'beside' }>, { signal }: Context): Promise<Copied> {
  const { from, to, database } = job;
  const key = manifestKey(database, task.id);
  const manifest = await readWhole(from, key, signal);
  if (manifest === null) return GONE;
  const { parts } = parseManifest(manifest.toString('utf8'), `${from.url}/${key}`);
  const there = await sizesIn(to, database, task.id, signal);
  const ledger: Ledger = { bytes: 0, objects: 0, reused: 0 };
  try {
    const wanted = parts.filter(({ name }) => task.kind === 'whole' || task.missing.includes(name));
    // its parts belong to its manifest: those of another are not to be mended with ours
    if (task.kind === 'beside' && wanted.length > 0) await assertSame(to, key, manifest, signal);
    const copyOne = (part: ManifestPart) => (stop: AbortSignal) => copyPart(job, task.id, part, there, ledger, stop);
    await allOrNothing(signal, inTurns(wanted.map(copyOne), job.jobs));
    await copyRecords(job, task.id, there, ledger, signal);
    if (wanted.length > 0) assertLanded(to, task.id, wanted, await sizesIn(to, database, task.id, signal));
    if (task.kind === 'whole') await publish(to, key, manifest, ledger, signal);
  } catch (error) {
    // a prune deletes the manifest first
    const mayBeGone = error instanceof LifeboatError && error.code === 'part-missing' && !signal.aborted;
    if (mayBeGone && (await from.head(key, { signal })) === null) return { ...GONE, ...ledger };
    throw error;
  }
  return { ...ledger, outcome: task.kind === 'whole' ? 'copied' : ledger.objects > 0 ? 'completed' : 'there' };
}

/** What this run wrote, as it goes on. */
interface Ledger {
  bytes: number;
  objects: number;
  reused: number;
}

const GONE: Copied = { outcome: 'gone', bytes: 0, objects: 0, reused: 0 };

async function copyPart(job: CopyJob, id: string, part: ManifestPart, there: Sizes, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const { from, to, onBytes } = job;
  const key = partKey(job.database, id, part.name);
  if (there.get(part.name) === part.stored.bytes && (await isIntact(to, key, part, signal))) {
    ledger.reused += 1;
    onBytes(part.stored.bytes);
    return;
  }
  const source = await from.get(key, { signal }).catch((error: unknown) => {
    throw error instanceof LifeboatError && error.code === 'object-missing' ? partMissing(part, `${from.url}/${key}`, error) : error;
  });
  const stream = checkStored(source, part, signal, onBytes);
  try {
    // apart from the sum, which others add to meanwhile
    const { bytes } = await to.put(key, stream, { signal, expectedBytes: part.stored.bytes });
    ledger.bytes += bytes;
    ledger.objects += 1;
  } finally {
    // of a put that failed before it read
    stream.destroy();
  }
}

/** Proofs and signatures: small, and never written twice. */
async function copyRecords({ from, to, database }: CopyJob, id: string, there: Sizes, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const names = [...(await sizesIn(from, database, id, signal)).keys()].filter((name) => isRecord(name) && !there.has(name));
  const copyOne = (name: string) => async (stop: AbortSignal) => {
    const key = partKey(database, id, name);
    const bytes = await readWhole(from, key, stop);
    if (bytes !== null && (await putIfAbsent(to, key, bytes, stop))) {
      ledger.bytes += bytes.length;
      ledger.objects += 1;
    }
  };
  await allOrNothing(signal, inTurns(names.map(copyOne), RECORDS_AT_ONCE));
}

const RECORDS_AT_ONCE = 8;

async function publish(to: Store, key: string, manifest: Buffer, ledger: Ledger, signal: AbortSignal): Promise<void> {
  if (await putIfAbsent(to, key, manifest, signal)) {
    ledger.bytes += manifest.length;
    ledger.objects += 1;
  } else {
    // another copy was faster, or the answer to our own put was lost
    await assertSame(to, key, manifest, signal);
  }
}

/** Whether what lies there has the digest of the part. Somebody who may only write has it sent again. */
async function isIntact(to: Store, key: string, part: ManifestPart, signal: AbortSignal): Promise<boolean> {
  try {
    const stream = checkStored(await to.get(key, { signal }), part, signal);
    stream.resume();
    await finished(stream);
    return true;
  } catch (error) {
    const isOther = error instanceof LifeboatError && ['part-corrupt', 'object-missing', 'store-access-denied'].includes(error.code);
    if (!isOther) throw error;
    return false;
  }
}

async function sizesIn(store: Store, database: string, id: string, signal: AbortSignal): Promise<Sizes> {
  const folder = backupFolder(database, id);
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of store.list(folder, { signal })) sizes.set(key.slice(folder.length + 1), bytes);
  return sizes;
}

function assertLanded(to: Store, id: string, parts: readonly ManifestPart[], sizes: Sizes): void {
  const wrong = parts.find(({ name, stored }) => sizes.get(name) !== stored.bytes);
  if (wrong === undefined) return;
  const found = sizes.get(wrong.name);
  throw differs(
    `${wrong.name} of backup ${id} ${found === undefined ? 'is not there' : `has ${found} bytes instead of ${wrong.stored.bytes}`} in ${to.url}, although it was written.`,
  );
}

/** @throws LifeboatError `copy-differs` */
async function assertSame(to: Store, key: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const found = await readWhole(to, key, signal);
  if (found === null || !found.equals(bytes)) throw differs(`${to.url}/${key} is not the manifest that the backup has.`);
}

export function differs(message: string): LifeboatError {
  return new LifeboatError(
    'copy-differs',
    message,
    'Nothing there was replaced. Find out who wrote it: lifeboat list --all-copies compares the stores. Delete what does not belong there, and copy again.',
  );
}

async function putIfAbsent(to: Store, key: string, bytes: Buffer, signal: AbortSignal): Promise<boolean> {
  try {
    await to.put(key, bytes, { signal, onlyIfAbsent: true });
    return true;
  } catch (error) {
    if (!(error instanceof LifeboatError) || error.code !== 'already-exists') throw error;
    return false;
  }
}

async function readWhole(store: Store, key: string, signal: AbortSignal): Promise<Buffer | null> {
  try {
    return await buffer(await store.get(key, { signal }));
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'object-missing') return null;
    throw error;
  }
}
