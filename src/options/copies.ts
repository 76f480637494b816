import { z } from 'zod';
import { LOCK_MODES, type ObjectLock } from '../storage/store.ts';
import { option } from './define.ts';

/** A store that holds copies of another's backups, as lifeboat.yml's `copies:` or a line on the command line describes it. */
export interface CopyStore {
  readonly storage: string;
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  readonly s3PathStyle?: boolean;
  /** Names of the environment variables that hold its key: both or none. */
  readonly accessKeyIdEnv?: string;
  readonly secretAccessKeyEnv?: string;
  /** Every object of a copy is locked there for so long. */
  readonly lockDays?: number;
  readonly lockMode?: ObjectLock['mode'];
}

const text = z.string('is not text').min(1, 'is empty');
const variable = z.string('is not text').regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of an environment variable');

/** One of `copies:` in lifeboat.yml. */
export const copyMapping = z
  .strictObject(
    {
      storage: text.describe('Where the copies live: s3://bucket/prefix or file:///folder.'),
      's3-endpoint': text.describe('The S3 endpoint of this store; AWS_ENDPOINT_URL_S3 unless given.').nullish(),
      's3-region': text.describe("The bucket's region; AWS_REGION unless given.").nullish(),
      's3-path-style': z.boolean('is neither true nor false').describe('Address buckets by path rather than by host name.').nullish(),
      'access-key-id-env': variable
        .describe('The environment variable that holds the access key id; LIFEBOAT_COPY_ACCESS_KEY_ID unless given.')
        .nullish(),
      'secret-access-key-env': variable
        .describe('The environment variable that holds the secret access key, never the key itself; LIFEBOAT_COPY_SECRET_ACCESS_KEY unless given.')
        .nullish(),
      'lock-days': z
        .int('is not a whole number')
        .min(1, 'is not between 1 and 36500')
        .max(36_500, 'is not between 1 and 36500')
        .describe('Lock every object of a copy for so many days, by S3 Object Lock.')
        .nullish(),
      'lock-mode': z.enum(LOCK_MODES, 'is neither governance nor compliance').describe('How it is locked; governance unless given.').nullish(),
    },
    'is not a mapping: write storage: s3://bucket/prefix',
  )
  .refine((copy) => !copy['access-key-id-env'] === !copy['secret-access-key-env'], {
    message: 'names one variable of a key that has two: access-key-id-env and secret-access-key-env',
  });

/** A copy's settings, as `key=value` behind its URL. */
const SETTING = /\s+(?=(?:s3-endpoint|s3-region|s3-path-style|access-key-id-env|secret-access-key-env|lock-days|lock-mode)=)/;

const copyStore = z.unknown().transform((given, context): CopyStore => {
  const parsed = copyMapping.safeParse(typeof given === 'string' ? mappingOf(given) : given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const key = issue?.path.length ? `has a ${issue.path.map(String).join('.')} that ` : '';
    const message = issue?.code === 'unrecognized_keys' ? `has the unknown ${issue.keys.join(', ')}` : `${key}${issue?.message}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
  const copy = parsed.data;
  return {
    storage: copy.storage,
    ...(copy['s3-endpoint'] ? { s3Endpoint: copy['s3-endpoint'] } : {}),
    ...(copy['s3-region'] ? { s3Region: copy['s3-region'] } : {}),
    ...(typeof copy['s3-path-style'] === 'boolean' ? { s3PathStyle: copy['s3-path-style'] } : {}),
    ...(copy['access-key-id-env'] ? { accessKeyIdEnv: copy['access-key-id-env'] } : {}),
    ...(copy['secret-access-key-env'] ? { secretAccessKeyEnv: copy['secret-access-key-env'] } : {}),
    ...(copy['lock-days'] ? { lockDays: copy['lock-days'] } : {}),
    ...(copy['lock-mode'] ? { lockMode: copy['lock-mode'] } : {}),
  };
});

/** An option that takes stores for copies, and is `copies:` in lifeboat.yml, at the top or of a database. */
export function copyStores(description: string) {
  return option(z.array(copyStore).default([]), {
    description: `${description} With settings of its own: "STORE s3-region=… s3-endpoint=…". May be given several times.`,
    placeholder: 'STORE',
    sharedKey: 'copies',
  });
}

function mappingOf(line: string): Record<string, unknown> {
  const [storage, ...settings] = line.trim().split(SETTING);
  const pairs = settings.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
  return { storage, ...Object.fromEntries(pairs.map(([key, value]) => [key, plainOf(key, value)])) };
}

function plainOf(key: string, value: string): unknown {
  if (key === 's3-path-style' && (value === 'true' || value === 'false')) return value === 'true';
  return key === 'lock-days' && /^\d+$/.test(value) ? Number(value) : value;
}

/** The environment variables that hold keys of the stores for copies among a verb's options. */
export function keyVariables(options: object): string[] {
  const { copy = [], to = [] } = options as { readonly copy?: readonly CopyStore[]; readonly to?: readonly CopyStore[] };
  return [...copy, ...to]
    .flatMap(({ accessKeyIdEnv, secretAccessKeyEnv }) => [accessKeyIdEnv, secretAccessKeyEnv])
    .filter((name) => name !== undefined);
}

/** Which of a backup's stores something is read from. */
export function fromStore(description: string) {
  return option(z.string().min(1, 'is empty').optional(), { description, placeholder: 'STORE' });
}
