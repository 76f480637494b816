import { randomBytes } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

/** A new bucket on the server that the LIFEBOAT_TEST_S3_* variables name, as environment for the command line; `null` without one. */
export async function s3Storage(): Promise<Record<string, string> | null> {
  const {
    LIFEBOAT_TEST_S3_ENDPOINT: endpoint,
    LIFEBOAT_TEST_S3_ACCESS_KEY_ID: accessKeyId,
    LIFEBOAT_TEST_S3_SECRET_ACCESS_KEY: secretAccessKey,
  } = process.env;
  if (!endpoint || !accessKeyId || !secretAccessKey) return null;
  const region = process.env['LIFEBOAT_TEST_S3_REGION'] ?? 'us-east-1';
  const bucket = `lifeboat-bench-${randomBytes(4).toString('hex')}`;
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } finally {
    client.destroy();
  }
  return {
    LIFEBOAT_STORAGE: `s3://${bucket}`,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}
