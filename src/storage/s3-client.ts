import type { S3Client } from '@aws-sdk/client-s3';
import { LifeboatError } from '../errors.ts';
import { type S3Operation, s3Error } from './s3-errors.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3Settings {
  /** `https://host[:port]` of a server that is not AWS's. */
  readonly endpoint?: string;
  readonly region?: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`; by default wherever there is an endpoint. */
  readonly forcePathStyle?: boolean;
  /** Without them the SDK looks: environment, OIDC, profile, instance. */
  readonly credentials?: S3Credentials;
}

export type Sdk = typeof import('./s3-sdk.ts');

/** A bucket, the way to it, and the prefix that everything in the store has. */
export interface Bucket {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly bucket: string;
  /** Ends with `/`, or is empty. */
  readonly prefix: string;
  readonly endpoint: string | undefined;
}

export async function connect(bucket: string, prefix: string, settings: S3Settings): Promise<Bucket> {
  // a tenth of a second and 20 MB that only this kind of store costs
  const sdk = await import('./s3-sdk.ts');
  const { endpoint } = settings;
  if (endpoint !== undefined) checkEndpoint(endpoint);
  const region = settings.region ?? (endpoint === undefined ? undefined : isR2(endpoint) ? 'auto' : 'us-east-1');
  const client = new sdk.S3Client({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
    forcePathStyle: settings.forcePathStyle ?? endpoint !== undefined,
    // R2, Ceph before 20 and Swift know no CRC trailers; the digests in the manifest do their work
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    retryMode: 'standard',
    maxAttempts: 5,
    // socketTimeout is silence, not duration: a slow request is not cut
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  });
  return { sdk, client, bucket, prefix, endpoint };
}

function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return;
  throw new LifeboatError(
    'bad-option',
    'The S3 endpoint is not a URL of the form https://host[:port].',
    'Write it with https:// and without credentials.',
  );
}

export function isR2(endpoint: string): boolean {
  return URL.canParse(endpoint) && /(^|\.)r2\.cloudflarestorage\.com$/.test(new URL(endpoint).hostname);
}

/**
 * Awaits a request of the SDK. What it throws is a LifeboatError: the signal's reason when that aborted, else what s3-errors.ts makes of it.
 */
export async function request<T>(
  at: Bucket,
  verb: S3Operation['verb'],
  key: string,
  signal: AbortSignal | undefined,
  pending: Promise<T>,
): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw s3Error(error, { verb, bucket: at.bucket, key: at.prefix + key, endpoint: at.endpoint });
  }
}

/** The S3 code, or Node's, that a mapped error came from. */
export function s3CodeOf(error: unknown): string | null {
  return error instanceof LifeboatError && typeof error.details['s3'] === 'string' ? error.details['s3'] : null;
}
