import type { LifecycleRule as RuleOfS3 } from '@aws-sdk/client-s3';
import { LifeboatError } from '../errors.ts';
import type { Asked, BucketFacts, Inspector, LifecycleRule } from './inspect.ts';
import { type Bucket, connect, request, type S3Settings, s3CodeOf } from './s3-client.ts';
import { parseS3Url } from './urls.ts';

/** Answers of servers that do not know a request. */
const NOT_KNOWN = ['NotImplemented', 'MethodNotAllowed', 'InvalidRequest', 'InvalidArgument', 'UnsupportedHeader', 'InvalidHeader', 'NotSupported'];
/** A request whose answer is never that nothing was configured. */
const NEVER: Readonly<Record<string, never>> = {};
const EVERYBODY = ['http://acs.amazonaws.com/groups/global/AllUsers', 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers'];

export async function openInspectorOfBucket(url: string, settings: S3Settings): Promise<Inspector> {
  const { bucket, prefix } = parseS3Url(url);
  const at = await connect(bucket, prefix === '' ? '' : `${prefix}/`, settings);
  return {
    inspect: (signal) => inspectBucket(at, signal),
    refusesToReplace: (key, signal) => refusesToReplace(at, key, signal),
    close: async () => at.client.destroy(),
  };
}

async function inspectBucket(at: Bucket, signal: AbortSignal): Promise<BucketFacts> {
  const { sdk, client } = at;
  const options = { abortSignal: signal };
  const of = { Bucket: at.bucket };
  const clock = await readClock(at, signal);
  const [publicAccessBlocked, policyIsPublic, publicGrants, versioning, objectLock, lifecycle, encryption] = await Promise.all([
    ask(at, signal, 's3:GetBucketPublicAccessBlock', { NoSuchPublicAccessBlockConfiguration: null }, async () => {
      const { PublicAccessBlockConfiguration: block } = await client.send(new sdk.GetPublicAccessBlockCommand(of), options);
      return Object.entries(answered(block)).flatMap(([name, on]) => (on === true ? [name] : []));
    }),
    ask(at, signal, 's3:GetBucketPolicyStatus', { NoSuchBucketPolicy: false }, async () => {
      const { PolicyStatus } = await client.send(new sdk.GetBucketPolicyStatusCommand(of), options);
      return answered(PolicyStatus?.IsPublic);
    }),
    ask(at, signal, 's3:GetBucketAcl', NEVER, async () => {
      const { Grants } = await client.send(new sdk.GetBucketAclCommand(of), options);
      return answered(Grants).flatMap(({ Grantee, Permission }) => (EVERYBODY.includes(Grantee?.URI ?? '') ? [Permission ?? '?'] : []));
    }),
    ask(at, signal, 's3:GetBucketVersioning', NEVER, async () => {
      const { Status } = await client.send(new sdk.GetBucketVersioningCommand(of), options);
      return Status === 'Enabled' ? ('enabled' as const) : Status === 'Suspended' ? ('suspended' as const) : ('off' as const);
    }),
    ask(at, signal, 's3:GetBucketObjectLockConfiguration', { ObjectLockConfigurationNotFoundError: null }, async () => {
      const { ObjectLockConfiguration: lock } = await client.send(new sdk.GetObjectLockConfigurationCommand(of), options);
      if (answered(lock).ObjectLockEnabled !== 'Enabled') return null;
      const retention = lock?.Rule?.DefaultRetention;
      return { mode: retention?.Mode ?? '', days: (retention?.Days ?? 0) + (retention?.Years ?? 0) * 365 };
    }),
    ask(at, signal, 's3:GetLifecycleConfiguration', { NoSuchLifecycleConfiguration: [] }, async () => {
      const { Rules } = await client.send(new sdk.GetBucketLifecycleConfigurationCommand(of), options);
      return answered(Rules)
        .filter(({ Status }) => Status === 'Enabled')
        .map(ruleOf);
    }),
    ask(at, signal, 's3:GetEncryptionConfiguration', { ServerSideEncryptionConfigurationNotFoundError: null }, async () => {
      const { ServerSideEncryptionConfiguration: rules } = await client.send(new sdk.GetBucketEncryptionCommand(of), options);
      return answered(rules).Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm ?? null;
    }),
  ]);
  const facts = { publicAccessBlocked, policyIsPublic, publicGrants, versioning, objectLock, lifecycle, encryption, clock };
  return { kind: 'bucket', bucket: at.bucket, prefix: at.prefix, aws: at.endpoint === undefined, ...facts };
}

/** A server that does not know a question may answer another one: then nothing is known. */
function answered<T>(part: T | undefined): T {
  if (part === undefined) throw new LifeboatError('store-failed', 'its answer does not say', 'Look at the settings of the bucket by hand.');
  return part;
}

/** @param absent what the codes mean that say that nothing was configured */
async function ask<T, A>(
  at: Bucket,
  signal: AbortSignal,
  right: string,
  absent: Readonly<Record<string, A>>,
  send: () => Promise<T>,
): Promise<Asked<T | A>> {
  try {
    return { value: await request(at, 'look at', '', signal, send()) };
  } catch (error) {
    signal.throwIfAborted();
    const code = s3CodeOf(error) ?? '';
    if (code in absent) return { value: absent[code] as A };
    if (NOT_KNOWN.includes(code)) return { unknown: `this server does not know the request (${code})` };
    if (error instanceof LifeboatError && error.code === 'store-access-denied') return { unknown: `it takes the right ${right}` };
    return { unknown: error instanceof Error ? error.message : String(error) };
  }
}

function ruleOf(rule: RuleOfS3): LifecycleRule {
  const { ID = '', Filter, Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload, Transitions = [] } = rule;
  const daysUntil = (date: Date | undefined) => (date === undefined ? null : Math.max(0, Math.floor((date.getTime() - Date.now()) / 86_400_000)));
  const { Prefix: prefix = '', Tag, And, ObjectSizeGreaterThan, ObjectSizeLessThan } = Filter ?? {};
  return {
    id: ID,
    // at the rule itself in the older form
    prefix: And?.Prefix ?? (prefix || rule.Prefix || ''),
    narrowed: [Tag, And?.Tags, ObjectSizeGreaterThan, ObjectSizeLessThan, And?.ObjectSizeGreaterThan, And?.ObjectSizeLessThan].some(
      (part) => part !== undefined,
    ),
    expireDays: Expiration?.Days ?? daysUntil(Expiration?.Date),
    noncurrentDays: NoncurrentVersionExpiration?.NoncurrentDays ?? null,
    abortUploadsDays: AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? null,
    transitions: Transitions.map((one) => ({ days: one.Days ?? daysUntil(one.Date) ?? 0, storageClass: one.StorageClass ?? '?' })),
  };
}

/** By the Date of any answer, refused or not. */
async function readClock(at: Bucket, signal: AbortSignal): Promise<BucketFacts['clock']> {
  const asked = Date.now();
  const seen: { date?: string } = {};
  const headersOf = (response: unknown) => (response as { headers?: Record<string, string> } | undefined)?.headers ?? {};
  const command = new at.sdk.HeadBucketCommand({ Bucket: at.bucket });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      seen.date = headersOf(result.response)['date'] ?? '';
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'lifeboatClock' },
  );
  await at.client.send(command, { abortSignal: signal }).catch((error: { $response?: unknown }) => {
    signal.throwIfAborted();
    seen.date ??= headersOf(error.$response)['date'] ?? '';
  });
  const answered = Date.now();
  const server = Date.parse(seen.date ?? '');
  if (Number.isNaN(server)) return { unknown: 'its answer has no Date' };
  // a Date is of whole seconds
  return { value: { seconds: (server + 500 - (asked + answered) / 2) / 1000, error: (answered - asked) / 2000 + 0.5 } };
}

async function refusesToReplace(at: Bucket, key: string, signal: AbortSignal): Promise<boolean | null> {
  const command = new at.sdk.PutObjectCommand({
    Bucket: at.bucket,
    Key: at.prefix + key,
    Body: new Uint8Array(1),
    ContentLength: 1,
    IfNoneMatch: '*',
  });
  try {
    await request(at, 'write', key, signal, at.client.send(command, { abortSignal: signal }));
    return false;
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'already-exists') return true;
    if (NOT_KNOWN.includes(s3CodeOf(error) ?? '')) return null;
    throw error;
  }
}
