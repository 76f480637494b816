import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { ErrorCode } from '../errors.ts';
import { LifeboatError } from '../errors.ts';
import { bytes, counted } from '../report/format.ts';
import type { Inspector } from '../storage/inspect.ts';
import type { Store } from '../storage/store.ts';
import { isolate, notRun } from './isolate.ts';
import { fail, type Judgement, judged, only, type PreflightCheck, pass, unknown, warn } from './judgement.ts';
import { newProbeFolder, removeLeftovers, removeProbe } from './probe.ts';

/** One byte more than the store's smallest part, so that there are two. */
const TWO_PARTS = 8 * 1024 * 1024 + 1;
/** For those 8 MiB, twice, on a slow line. */
const UPLOAD_MS = 180_000;
/** What a step of the round trip may fail by, beside an outage. */
const DENIALS: readonly ErrorCode[] = ['store-access-denied', 'store-failed', 'object-missing', 'already-exists'];
const RIGHTS =
  'Allow the credentials s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects.';

/** Writes, reads, lists and deletes for real, in a folder that no backup can be in and that is gone afterwards, whatever happens. */
export async function roundTrip(store: Store, inspector: Inspector, now: Date, signal: AbortSignal): Promise<PreflightCheck[]> {
  const folder = newProbeFolder(now);
  const key = `${folder}/object`;
  const body = Buffer.from(`A preflight of pg-lifeboat wrote this on ${now.toISOString()}. It may be deleted.\n`);
  const step = (name: string, look: (stop: AbortSignal) => Promise<Judgement>, withinMs?: number) =>
    isolate({ area: 'store', name, signal, failures: DENIALS, ...(withinMs === undefined ? {} : { withinMs }) }, look);
  const asked: { refusal?: ErrorCode } = {};
  const listed = await step('list', async (stop) => {
    try {
      await store.folders('', { signal: stop });
    } catch (error) {
      if (error instanceof LifeboatError) asked.refusal = error.code;
      throw error;
    }
    const left = await removeLeftovers(store, now, stop);
    if (left === 0) return pass('The store can be listed.');
    return pass(`The store can be listed; ${counted(left, 'leftover')} of a preflight that was killed ${left === 1 ? 'is' : 'are'} gone.`);
  });
  // who may not list may write all the same
  if (listed.verdict === 'fail' && asked.refusal !== 'store-access-denied') {
    return [listed, ...['write', ...AFTER_WRITE].map((name) => notRun('store', name, 'The store cannot be reached.'))];
  }
  try {
    const written = await step('write', async (stop) => {
      await store.put(key, body, { signal: stop });
      return pass('An object can be written.');
    });
    if (written.verdict !== 'pass') return [listed, written, ...AFTER_WRITE.map((name) => notRun('store', name, 'Nothing can be written.'))];
    return [
      listed,
      written,
      await step('read', async (stop) => {
        const back = await buffer(await store.get(key, { signal: stop }));
        return back.equals(body)
          ? pass('What was written is read back as it was.')
          : only(fail('What was read back is not what was written.', 'Do not keep backups in this store: find out what changes objects there.'));
      }),
      await step('conditional write', (stop) => conditionalWrite(store, inspector, key, body, stop)),
      await step('multipart', (stop) => multipart(store, folder, stop), UPLOAD_MS),
      await step('delete', async (stop) => {
        await store.delete(key, { signal: stop });
        const there = await store.head(key, { signal: stop });
        return there === null ? pass('An object can be deleted, and is gone.') : only(fail('An object that was deleted is still there.', RIGHTS));
      }),
    ];
  } finally {
    await removeProbe(store, folder);
  }
}

const AFTER_WRITE = ['read', 'conditional write', 'multipart', 'delete'] as const;

/** The manifest is written only if there is none: two backups must never both believe that they wrote it. */
async function conditionalWrite(store: Store, inspector: Inspector, key: string, body: Buffer, signal: AbortSignal): Promise<Judgement> {
  const fresh = `${key}-once`;
  await store.put(fresh, body, { signal, onlyIfAbsent: true });
  const second = await store.put(fresh, Buffer.from('another'), { signal, onlyIfAbsent: true }).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(second instanceof LifeboatError) || second.code !== 'already-exists') {
    if (second !== null) throw second;
    return only(
      fail(
        'An object that was to be written only if it is not there was replaced.',
        'Use a store that knows If-None-Match: AWS S3, R2, MinIO, Ceph 18 and later.',
      ),
    );
  }
  const refuses = await inspector.refusesToReplace(fresh, signal);
  if (refuses === true) return pass('An object that is there is not replaced by a write that says only if absent.');
  return only(
    warn(
      `The server ${refuses === null ? 'does not know' : 'ignores'} If-None-Match on a write: pg-lifeboat looks first, and two writers at the very same moment would not see each other.`,
      'Run one backup of a database at a time; the workflows do.',
    ),
  );
}

/** Large parts of a backup are uploaded in pieces, and one that is given up must leave none of them behind. */
async function multipart(store: Store, folder: string, signal: AbortSignal): Promise<Judgement> {
  const large = `${folder}/large`;
  const sent = createHash('sha256');
  await store.put(
    large,
    Readable.from(
      pieces((chunk) => sent.update(chunk)),
      { objectMode: false },
    ),
    { signal },
  );
  const there = await store.head(large, { signal });
  const received = createHash('sha256');
  for await (const chunk of await store.get(large, { signal })) received.update(chunk as Buffer);
  if (there?.bytes !== TWO_PARTS || received.digest('hex') !== sent.digest('hex')) {
    return only(
      fail(
        `An object of ${bytes(TWO_PARTS)} that was uploaded in two parts is not read back as it was.`,
        'Do not keep backups in this store: find out what changes objects there.',
      ),
    );
  }
  await store.delete(large, { signal });
  const stop = new Error('the preflight gives this upload up');
  const given = await store
    .put(
      `${folder}/given-up`,
      Readable.from(
        pieces(() => {}, stop),
        { objectMode: false },
      ),
      { signal },
    )
    .then(
      () => null,
      (error: unknown) => error,
    );
  signal.throwIfAborted();
  if (given !== stop) throw given;
  return leftovers(store, folder, signal);
}

async function leftovers(store: Store, folder: string, signal: AbortSignal): Promise<Judgement> {
  const says = `An object of ${bytes(TWO_PARTS)} goes up in two parts and comes back as it was.`;
  try {
    for await (const { key } of store.unfinished(folder, { signal })) {
      if (key.startsWith(`${folder}/`))
        return judged(says, [
          fail('An upload that was given up is still there.', `${RIGHTS} And let a lifecycle rule abort unfinished uploads after a day.`),
        ]);
    }
    return pass(`${says} One that is given up leaves nothing.`);
  } catch (error) {
    signal.throwIfAborted();
    const why = error instanceof LifeboatError ? error.message : String(error);
    return judged(says, [
      unknown(
        `Whether one that is given up leaves anything cannot be told: ${why}`,
        'Allow the credentials s3:ListBucketMultipartUploads on the bucket.',
      ),
    ]);
  }
}

/** As many bytes as make two parts, then the end or an error. */
function* pieces(seen: (chunk: Buffer) => void, then?: Error): Generator<Buffer> {
  const chunk = Buffer.alloc(1024 * 1024, 'lifeboat');
  for (let left = TWO_PARTS; left > 0; left -= chunk.length) {
    const piece = chunk.subarray(0, Math.min(left, chunk.length));
    seen(piece);
    yield piece;
  }
  if (then !== undefined) throw then;
}
