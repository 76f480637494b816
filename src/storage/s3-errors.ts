import { type ErrorCode, LifeboatError } from '../errors.ts';

/** What was being done to what, for the sentence. */
export interface S3Operation {
  /** As in `Could not write s3://bucket/key`. */
  readonly verb: 'write' | 'read' | 'look at' | 'list' | 'delete';
  readonly bucket: string;
  /** Empty for the bucket as a whole. */
  readonly key: string;
  readonly endpoint: string | undefined;
}

interface Row {
  readonly names: readonly string[];
  readonly statuses?: readonly number[];
  readonly code: ErrorCode;
  readonly what: string;
  readonly remedy: string;
}

const KEYS_REMEDY = 'Check the access key, its secret and, for temporary credentials, the session token.';
const UNREACHABLE_REMEDY = 'Check the endpoint URL, its port and that this machine can reach it; then run it again.';

/**
 * The first row with the error's name or code decides; where none has it, the first with its status. Names of AWS
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html), of R2, Ceph and Swift where they differ, of the SDK and of Node.
 */
const TABLE: readonly Row[] = [
  {
    names: ['NoSuchBucket'],
    code: 'bucket-missing',
    what: 'there is no such bucket',
    remedy: 'Create the bucket, or check its name and the endpoint.',
  },
  {
    names: ['NoSuchKey', 'NotFound', 'NoSuchVersion'],
    statuses: [404],
    code: 'object-missing',
    what: 'there is no such object',
    remedy: 'List the store to see what it holds.',
  },
  {
    names: ['PreconditionFailed', 'ConditionalRequestConflict'],
    statuses: [412],
    code: 'already-exists',
    what: 'it exists already',
    remedy: 'It was left as it is. Delete it first if it is to be replaced.',
  },
  {
    names: [
      'InvalidAccessKeyId',
      'SignatureDoesNotMatch',
      'InvalidToken',
      'ExpiredToken',
      'ExpiredTokenException',
      'InvalidClientTokenId',
      'Unauthorized',
    ],
    statuses: [401],
    code: 'store-access-denied',
    what: 'the credentials are not accepted',
    remedy: KEYS_REMEDY,
  },
  {
    names: ['CredentialsProviderError', 'TokenProviderError'],
    code: 'store-access-denied',
    what: 'no credentials were found',
    remedy: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the job a role (OIDC) or a profile.',
  },
  {
    names: ['RequestTimeTooSkewed'],
    code: 'store-access-denied',
    what: "this machine's clock differs too much from the server's",
    remedy: 'Set the clock of this machine.',
  },
  {
    names: ['PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'InvalidRegionName'],
    statuses: [301, 307],
    code: 'store-wrong-region',
    what: 'the bucket is in another region',
    remedy: 'Set AWS_REGION (or --s3-region) to the region of the bucket.',
  },
  {
    names: ['AccessDenied', 'AllAccessDisabled', 'AccountProblem', 'Forbidden', 'InvalidObjectState'],
    statuses: [403],
    code: 'store-access-denied',
    what: 'access denied',
    remedy:
      'Allow these credentials s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on its objects.',
  },
  {
    names: ['SlowDown', 'Throttling', 'ThrottlingException', 'TooManyRequests', 'RequestLimitExceeded', 'ServiceUnavailable', 'Busy'],
    statuses: [429, 503],
    code: 'store-busy',
    what: 'the server asks to slow down, again and again',
    remedy: 'Run it again later, or with fewer jobs.',
  },
  {
    names: ['ENOTFOUND', 'EAI_AGAIN'],
    code: 'store-unreachable',
    what: "the server's name is not known",
    remedy: 'Check the endpoint URL and the bucket name; with a custom endpoint, path style may be needed.',
  },
  {
    names: ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'TimeoutError', 'RequestTimeout'],
    statuses: [408, 502, 504],
    code: 'store-unreachable',
    what: 'the server does not answer',
    remedy: UNREACHABLE_REMEDY,
  },
  {
    names: [
      'EPROTO',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    ],
    code: 'store-unreachable',
    what: 'no TLS connection can be made',
    remedy: 'Check http or https in the endpoint URL; name the file of a private certificate authority in NODE_EXTRA_CA_CERTS.',
  },
  {
    names: ['CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    code: 'store-unreachable',
    what: "the server's certificate does not hold",
    remedy: 'Check the host name in the endpoint URL and the certificate of the server.',
  },
];

interface AnswerOfS3 {
  readonly name?: string;
  readonly message?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number; readonly requestId?: string };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** What a failed request means to the store; a LifeboatError passes as it is. Nothing that the SDK says in its message is repeated. */
export function s3Error(error: unknown, operation: S3Operation): LifeboatError {
  if (error instanceof LifeboatError) return error;
  const answer = error as AnswerOfS3;
  const status = answer.$metadata?.httpStatusCode;
  const region = answer.Region ?? answer.$response?.headers?.['x-amz-bucket-region'];
  const row = rowOf(answer, status, region);
  const name = answer.Code ?? answer.code ?? answer.name ?? 'unknown';
  const details = { s3: name, status: status ?? null, requestId: answer.$metadata?.requestId ?? null, attempts: answer.$metadata?.attempts ?? null };
  if (row === undefined) {
    const remedy = 'See whether the server is well and knows this request; its own code is in the details.';
    const how = status === undefined ? 'the request failed before an answer' : 'the server answered';
    return new LifeboatError('store-failed', `Could not ${sentence(operation)}: ${how} (${name}).`, remedy, { details, cause: error });
  }
  const wrongRegion = row.code === 'store-wrong-region' && region !== undefined;
  const what = wrongRegion ? `the bucket is in region ${region}` : row.what;
  const remedy = wrongRegion ? `Set AWS_REGION (or --s3-region) to ${region}.` : row.remedy;
  return new LifeboatError(row.code, `Could not ${sentence(operation)}: ${what} (${name}).`, remedy, { details, cause: error });
}

function rowOf(answer: AnswerOfS3, status: number | undefined, region: string | undefined): Row | undefined {
  const names = [answer.Code, answer.code, answer.name];
  const wrongRegion = TABLE.find((row) => row.code === 'store-wrong-region');
  // the answer to a HEAD has no body, hence no code, but tells the region in a header
  if (region !== undefined && (status === 400 || status === 301)) return wrongRegion;
  if (answer.message?.includes('Region is missing')) return wrongRegion;
  return (
    TABLE.find((row) => row.names.some((name) => names.includes(name))) ?? TABLE.find((row) => status !== undefined && row.statuses?.includes(status))
  );
}

function sentence({ verb, bucket, key, endpoint }: S3Operation): string {
  const where = endpoint === undefined ? '' : ` at ${new URL(endpoint).host}`;
  return `${verb} s3://${bucket}${key === '' ? '' : `/${key}`}${where}`;
}
