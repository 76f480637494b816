import { LifeboatError } from '../errors.ts';
import { checkFolder, checkKey } from './keys.ts';
import { type Bucket, connect, request, type S3Settings } from './s3-client.ts';
import { getObject } from './s3-get.ts';
import { abortable } from './s3-landing.ts';
import { readLock, readProtection } from './s3-lock.ts';
import { putObject } from './s3-put.ts';
import { abandonUpload, unfinishedUploads } from './s3-unfinished.ts';
import type { Store, StoredObject } from './store.ts';
import { parseS3Url } from './urls.ts';

export interface S3StoreOptions extends S3Settings {
  /** `s3://bucket` or `s3://bucket/prefix`. */
  readonly url: string;
}

/** A store in a bucket of AWS S3, R2, Ceph, Swift or any compatible server. Nothing is asked of the server until a method is called. */
export async function openS3Store(options: S3StoreOptions): Promise<Store> {
  const { bucket, prefix } = parseS3Url(options.url);
  const at = await connect(bucket, prefix === '' ? '' : `${prefix}/`, options);
  const prefixOf = (folder: string) => at.prefix + (checkFolder(folder) === '' ? '' : `${folder}/`);

  return {
    url: options.url,

    async put(key, body, putOptions = {}) {
      return await putObject(at, checkKey(key), body, putOptions);
    },

    async get(key, { signal } = {}) {
      return await getObject(at, checkKey(key), signal);
    },

    async head(key, { signal } = {}) {
      return await headObject(at, checkKey(key), signal);
    },

    async *list(folder, { signal } = {}) {
      for await (const page of pages(at, folder, { Prefix: prefixOf(folder) }, signal)) {
        for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
          // other tools mark folders with empty objects
          if (!Key.endsWith('/')) yield { key: Key.slice(at.prefix.length), bytes: Size, modifiedAt: LastModified };
        }
      }
    },

    async folders(folder, { signal } = {}) {
      const prefix = prefixOf(folder);
      const names: string[] = [];
      for await (const page of pages(at, folder, { Prefix: prefix, Delimiter: '/' }, signal)) {
        for (const common of page.CommonPrefixes ?? []) names.push((common.Prefix ?? '').slice(prefix.length, -1));
      }
      return names.sort();
    },

    async delete(key, { signal } = {}) {
      const command = new at.sdk.DeleteObjectCommand({ Bucket: bucket, Key: at.prefix + checkKey(key) });
      await ifThere(request(at, 'delete', key, signal, at.client.send(command, abortable(signal))));
    },

    async *unfinished(folder, { signal } = {}) {
      yield* unfinishedUploads(at, folder, prefixOf(folder), signal);
    },

    async abandon(unfinished, { signal } = {}) {
      checkKey(unfinished.key);
      await abandonUpload(at, unfinished, signal);
    },

    async protection({ signal } = {}) {
      return await readProtection(at, signal);
    },

    async lockedUntil(key, { signal } = {}) {
      return await readLock(at, checkKey(key), signal);
    },

    async close() {
      at.client.destroy();
    },
  };
}

async function headObject(at: Bucket, key: string, signal: AbortSignal | undefined): Promise<StoredObject | null> {
  const command = new at.sdk.HeadObjectCommand({ Bucket: at.bucket, Key: at.prefix + key });
  const found = await ifThere(request(at, 'look at', key, signal, at.client.send(command, abortable(signal))));
  return found === null ? null : { key, bytes: found.ContentLength ?? 0, modifiedAt: found.LastModified ?? new Date(0) };
}

async function* pages(at: Bucket, folder: string, query: { Prefix: string; Delimiter?: string }, signal: AbortSignal | undefined) {
  let token: string | undefined;
  do {
    const command = new at.sdk.ListObjectsV2Command({
      Bucket: at.bucket,
      ...query,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    const page = await request(at, 'list', folder, signal, at.client.send(command, abortable(signal)));
    yield page;
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

async function ifThere<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'object-missing') return null;
    throw error;
  }
}
