import type { Readable } from 'node:stream';
import { LifeboatError } from '../errors.ts';
import type { MultipartPlan } from './multipart.ts';
import { request, s3CodeOf } from './s3-client.ts';
import { abortable, cleanUpOptions, conditionally, deleteIfOurs, mayHaveLanded, nameOf, type Put } from './s3-landing.ts';
import { lockOf, md5 } from './s3-lock.ts';
import type { Part } from './s3-parts.ts';

/** A stream cut into parts: destroyed when a part cannot be sent, so that its writer does not wait for ever. */
export interface Parts {
  readonly body: Readable;
  readonly first: Part;
  readonly rest: AsyncGenerator<Part, undefined>;
}

interface Uploaded {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
}

/**
 * A multipart upload, given up on the server on every way out but success.
 *
 * lib-storage's Upload is not used: told to abort, it rejects before the server was asked to forget the upload and cannot cancel the
 * requests under way (aws-sdk-js-v3#5109), and its parts cannot grow when more comes than was expected.
 */
export async function uploadParts(put: Put, plan: MultipartPlan, parts: Parts): Promise<{ bytes: number }> {
  const uploadId = await create(put);
  const failure = new AbortController();
  const signal = put.signal === undefined ? failure.signal : AbortSignal.any([put.signal, failure.signal]);
  const underWay = new Set<Promise<void>>();
  const uploaded: Uploaded[] = [];
  // it costs a few per cent of a core, so only where a server asks for it: AWS does, where there is a lock
  const digests = { wanted: put.lock !== undefined };
  let bytes = 0;
  try {
    for (let part: Part | undefined = parts.first; part !== undefined; part = (await parts.rest.next()).value) {
      if (underWay.size >= plan.inFlight) await Promise.race(underWay);
      start(part);
    }
    await Promise.all(underWay);
    await complete(put, uploadId, uploaded);
    return { bytes };
  } catch (error) {
    failure.abort(error);
    await Promise.allSettled(underWay);
    throw await giveUp(put, uploadId, error);
  }

  function start(part: Part) {
    bytes += part.bytes.byteLength;
    const sending = sendPart(put, uploadId, part, digests, signal).then((done) => {
      uploaded.push(done);
      underWay.delete(sending);
      part.free();
    });
    sending.catch((error) => parts.body.destroy(error));
    underWay.add(sending);
  }
}

/** Not cut short at once by the signal: an upload whose id never arrived would be left to the sweep below. */
async function create(put: Put): Promise<string> {
  const tooLong = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const hurry = () => {
    timer = setTimeout(() => tooLong.abort(), 500);
  };
  put.signal?.addEventListener('abort', hurry, { once: true });
  try {
    const command = new put.at.sdk.CreateMultipartUploadCommand({ ...nameOf(put), ...lockOf(put) });
    const answer = await request(put.at, 'write', put.key, put.signal, put.at.client.send(command, { abortSignal: tooLong.signal }));
    const uploadId = answer.UploadId ?? '';
    if ((answer.$metadata.attempts ?? 1) > 1) await sweep(put, uploadId);
    return uploadId;
  } catch (error) {
    if (mayHaveLanded(error)) await sweep(put, null);
    throw error;
  } finally {
    clearTimeout(timer);
    put.signal?.removeEventListener('abort', hurry);
  }
}

/**
 * Gives up the uploads that a creation left whose answer was lost. They are known by their key: a key is written by one process once,
 * since it holds the random id of its backup.
 */
async function sweep(put: Put, keep: string | null): Promise<void> {
  const { Bucket, Key } = nameOf(put);
  const { client, sdk } = put.at;
  const options = cleanUpOptions(put.signal);
  try {
    const { Uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket, Prefix: Key }), options);
    for (const { Key: key, UploadId } of Uploads) {
      if (key === Key && UploadId !== keep) await client.send(new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId }), options);
    }
  } catch {
    // not every server lists them, and not every role may: a lifecycle rule is what remains
  }
}

/** A rule of the bucket may lock what nobody asked to have locked: then the first part is refused, and from there on every one has its MD5. */
async function sendPart(put: Put, uploadId: string, part: Part, digests: { wanted: boolean }, signal: AbortSignal): Promise<Uploaded> {
  const { Bucket, Key } = nameOf(put);
  const { wanted } = digests;
  const command = new put.at.sdk.UploadPartCommand({
    Bucket,
    Key,
    UploadId: uploadId,
    PartNumber: part.number,
    Body: part.bytes,
    ContentLength: part.bytes.byteLength,
    ...(wanted ? { ContentMD5: md5(part.bytes) } : {}),
  });
  try {
    const answer = await request(put.at, 'write', put.key, signal, put.at.client.send(command, abortable(signal)));
    return { PartNumber: part.number, ETag: answer.ETag };
  } catch (error) {
    if (wanted || s3CodeOf(error) !== 'InvalidRequest') throw error;
    digests.wanted = true;
    return await sendPart(put, uploadId, part, digests, signal);
  }
}

async function complete(put: Put, uploadId: string, uploaded: readonly Uploaded[]): Promise<void> {
  const { Bucket, Key } = nameOf(put);
  const parts = uploaded.toSorted((a, b) => a.PartNumber - b.PartNumber);
  await conditionally(put, async (condition) => {
    const command = new put.at.sdk.CompleteMultipartUploadCommand({
      Bucket,
      Key,
      UploadId: uploadId,
      MultipartUpload: { Parts: parts },
      ...condition,
    });
    await request(put.at, 'write', put.key, put.signal, put.at.client.send(command, abortable(put.signal)));
  });
}

/**
 * Asks the server to forget the upload until it has: parts still arriving can outlive one abort
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html). Returns what to throw.
 */
async function giveUp(put: Put, uploadId: string, error: unknown): Promise<unknown> {
  const { Bucket, Key } = nameOf(put);
  const upload = { Bucket, Key, UploadId: uploadId };
  const { client, sdk } = put.at;
  const options = cleanUpOptions(put.signal);
  let gone = false;
  for (let tries = 0; tries < 3 && !gone; tries++) {
    await client.send(new sdk.AbortMultipartUploadCommand(upload), options).catch(() => {});
    gone = await client.send(new sdk.ListPartsCommand({ ...upload, MaxParts: 1 }), options).then(
      () => false,
      (failure) => failure?.$metadata?.httpStatusCode === 404,
    );
  }
  // a completion that was cut off may have won against the abort
  if (put.signal?.aborted) await deleteIfOurs(put);
  return gone ? error : withLeftover(error, put);
}

function withLeftover(error: unknown, put: Put): unknown {
  if (!(error instanceof LifeboatError)) return error;
  const remedy = `${error.remedy} An unfinished upload of ${put.at.prefix}${put.key} may remain in bucket ${put.at.bucket}: a lifecycle rule that aborts them after a day removes it.`;
  return new LifeboatError(error.code, error.message, remedy, { details: { ...error.details, unfinishedUpload: true }, cause: error.cause });
}
