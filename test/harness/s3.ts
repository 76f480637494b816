import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { openS3Store } from '../../src/storage/s3.ts';
import type { S3Credentials } from '../../src/storage/s3-client.ts';
import type { Store } from '../../src/storage/store.ts';

/** A bucket of its own on a real S3 server, or on the small one from npm. */
export interface TestBucket {
  /** The server is one that the LIFEBOAT_TEST_S3_* variables name. */
  readonly real: boolean;
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  open(prefix: string, over?: { endpoint?: string; bucket?: string; credentials?: S3Credentials }): Promise<Store>;
  /** Keys of uploads that were begun and neither completed nor given up. */
  unfinishedUploads(): Promise<string[]>;
  giveUpUploads(): Promise<void>;
  /** Every version of every object, delete markers apart. */
  versions(): Promise<ObjectVersion[]>;
  /** What really frees space: fails for a version that is locked. */
  deleteVersion(version: ObjectVersion, bypassGovernance?: boolean): Promise<void>;
  close(): Promise<void>;
}

/** @param options.locks with S3 Object Lock, which only a real server has */
export async function createTestBucket({ locks = false }: { locks?: boolean } = {}): Promise<TestBucket> {
  const server = realServer() ?? (await startS3rver());
  const { endpoint, region, credentials } = server;
  const name = `lifeboat-${randomBytes(6).toString('hex')}`;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: name, ...(locks && server.real ? { ObjectLockEnabledForBucket: true } : {}) }));
  return {
    ...server,
    name,

    open: (prefix, over = {}) =>
      openS3Store({
        url: `s3://${over.bucket ?? name}${prefix === '' ? '' : `/${prefix}`}`,
        endpoint: over.endpoint ?? endpoint,
        region,
        credentials: over.credentials ?? credentials,
      }),

    async unfinishedUploads() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }));
      return Uploads.map((upload) => upload.Key ?? '');
    },

    async giveUpUploads() {
      const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: name }));
      await Promise.all(Uploads.map(({ Key, UploadId }) => client.send(new AbortMultipartUploadCommand({ Bucket: name, Key, UploadId }))));
    },

    async versions() {
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: name }));
      return Versions.map(({ Key = '', VersionId = '' }) => ({ key: Key, id: VersionId }));
    },

    async deleteVersion({ key, id }, bypassGovernance = false) {
      const command = { Bucket: name, Key: key, VersionId: id, ...(bypassGovernance ? { BypassGovernanceRetention: true } : {}) };
      await client.send(new DeleteObjectCommand(command));
    },

    async close() {
      if (locks && server.real) await emptyOfVersions();
      // s3rver's folder is removed as a whole
      while (server.real && !locks) {
        const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: name }));
        if (Contents.length === 0) break;
        await Promise.all(Contents.map(({ Key }) => client.send(new DeleteObjectCommand({ Bucket: name, Key }))));
      }
      if (server.real) await client.send(new DeleteBucketCommand({ Bucket: name })).catch(() => {});
      client.destroy();
      await server.stop();
    },
  };

  /** What is locked in compliance mode stays, and its bucket with it. */
  async function emptyOfVersions() {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: name }));
    await Promise.allSettled(
      [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) =>
        client.send(new DeleteObjectCommand({ Bucket: name, Key, VersionId, BypassGovernanceRetention: true })),
      ),
    );
  }
}

export interface ObjectVersion {
  readonly key: string;
  readonly id: string;
}

interface Server {
  readonly real: boolean;
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  stop(): Promise<void>;
}

function realServer(): Server | null {
  const { env } = process;
  const endpoint = env['LIFEBOAT_TEST_S3_ENDPOINT'];
  if (!endpoint) return null;
  const credentials = {
    accessKeyId: env['LIFEBOAT_TEST_S3_ACCESS_KEY_ID'] ?? '',
    secretAccessKey: env['LIFEBOAT_TEST_S3_SECRET_ACCESS_KEY'] ?? '',
  };
  return { real: true, endpoint, region: env['LIFEBOAT_TEST_S3_REGION'] ?? 'us-east-1', credentials, stop: async () => {} };
}

async function startS3rver(): Promise<Server> {
  // it comes without types, and computes another signature than this SDK
  const S3rver = createRequire(import.meta.url)('@20minutes/s3rver');
  const directory = await mkdtemp(join(tmpdir(), 'lifeboat-s3rver-'));
  const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, vhostBuckets: false, allowMismatchedSignatures: true });
  const { port } = (await server.run()) as AddressInfo;
  return {
    real: false,
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    async stop() {
      server.httpServer.closeAllConnections();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
