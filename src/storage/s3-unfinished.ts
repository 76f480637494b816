import type { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { LifeboatError } from '../errors.ts';
import { type Bucket, request } from './s3-client.ts';
import { abortable } from './s3-landing.ts';
import type { Unfinished } from './store.ts';

/** Multipart uploads under a prefix that were neither completed nor given up; who asks for them needs s3:ListBucketMultipartUploads. */
export async function* unfinishedUploads(at: Bucket, folder: string, prefix: string, signal: AbortSignal | undefined): AsyncGenerator<Unfinished> {
  let marker: Marker | null = {};
  while (marker !== null) {
    const command: ListMultipartUploadsCommand = new at.sdk.ListMultipartUploadsCommand({ Bucket: at.bucket, Prefix: prefix, ...marker });
    const page = await request(at, 'list', folder, signal, at.client.send(command, abortable(signal)));
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      // one without a time is not older than anything
      if (Key.startsWith(prefix)) yield { key: Key.slice(at.prefix.length), id: UploadId, since: Initiated ?? new Date() };
    }
    marker = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker } : null;
  }
}

type Marker = { readonly KeyMarker?: string | undefined; readonly UploadIdMarker?: string | undefined };

export async function abandonUpload(at: Bucket, { key, id }: Unfinished, signal: AbortSignal | undefined): Promise<void> {
  const command = new at.sdk.AbortMultipartUploadCommand({ Bucket: at.bucket, Key: at.prefix + key, UploadId: id });
  try {
    await request(at, 'delete', key, signal, at.client.send(command, abortable(signal)));
  } catch (error) {
    if (!(error instanceof LifeboatError) || error.code !== 'object-missing') throw error;
  }
}
