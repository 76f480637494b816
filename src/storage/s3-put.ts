import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { destroyOnAbort } from '../stream/abort.ts';
import { partBytesAt, planMultipart } from './multipart.ts';
import { type Bucket, isR2, request } from './s3-client.ts';
import { abortable, conditionally, nameOf, type Put } from './s3-landing.ts';
import { lockOf, md5 } from './s3-lock.ts';
import { fillParts } from './s3-parts.ts';
import { uploadParts } from './s3-upload.ts';
import type { PutOptions } from './store.ts';

/** One request for what fits one part, a multipart upload for more. Either way the object is there whole or not at all. */
export async function putObject(at: Bucket, key: string, body: Readable | Uint8Array, options: PutOptions): Promise<{ bytes: number }> {
  const { signal, onlyIfAbsent = false, expectedBytes, lock } = options;
  const put: Put = { at, key, mark: randomBytes(12).toString('hex'), onlyIfAbsent, lock, signal };
  signal?.throwIfAborted();
  if (!(body instanceof Readable)) return await putWhole(put, body);

  // an error is thrown where the stream is read; until that begins, nobody else listens
  body.once('error', () => {});
  destroyOnAbort(body, signal);
  try {
    const plan = planMultipart(expectedBytes, { equalOnly: at.endpoint !== undefined && isR2(at.endpoint) });
    const parts = fillParts(body, (number) => partBytesAt(plan, number));
    const first = await parts.next();
    if (first.done || first.value.last) return await putWhole(put, first.value?.bytes ?? new Uint8Array());
    return await uploadParts(put, plan, { body, first: first.value, rest: parts });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    body.destroy();
  }
}

async function putWhole(put: Put, bytes: Uint8Array): Promise<{ bytes: number }> {
  await conditionally(put, async (condition) => {
    const command = new put.at.sdk.PutObjectCommand({
      ...nameOf(put),
      ...lockOf(put),
      ...condition,
      Body: bytes,
      ContentLength: bytes.byteLength,
      // AWS asks for it wherever there is a lock, also one by a rule of the bucket
      ContentMD5: md5(bytes),
    });
    await request(put.at, 'write', put.key, put.signal, put.at.client.send(command, abortable(put.signal)));
  });
  return { bytes: bytes.byteLength };
}
