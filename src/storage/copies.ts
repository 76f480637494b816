import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LifeboatError } from '../errors.ts';
import type { CopyStore } from '../options/copies.ts';
import { openStoreFor, type StoreOptions, settingsFor } from './from-options.ts';
import { openStore } from './open.ts';
import { isR2, type S3Credentials } from './s3-client.ts';
import type { Store } from './store.ts';
import { parseFileUrl, parseS3Url, schemeOf } from './urls.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the key for copies is looked for when nothing names other variables; without one, the key of the first store is used. */
const KEY_VARIABLES = { id: 'LIFEBOAT_COPY_ACCESS_KEY_ID', secret: 'LIFEBOAT_COPY_SECRET_ACCESS_KEY' } as const;

/**
 * Opens a store for copies, with a key of its own where there is one.
 * @throws LifeboatError `bad-storage-url`, or `bad-option` when a variable that should hold its key is not set
 */
export async function openCopy(copy: CopyStore, environment: Environment, key?: Partial<S3Credentials>): Promise<Store> {
  if (schemeOf(copy.storage) === 'file') return await openStore(copy.storage);
  const credentials = credentialsOf(copy, environment, key);
  return await openStore(copy.storage, { ...settingsFor(optionsOf(copy), environment), ...(credentials === null ? {} : { credentials }) });
}

/**
 * Refuses a copy that would be the store itself, or lie inside it, or it inside the copy: deleting one would take the other.
 * @throws LifeboatError `same-store`
 */
export async function assertElsewhere(store: StoreOptions, copies: readonly CopyStore[], environment: Environment): Promise<void> {
  const places: { url: string; place: string }[] = [{ url: store.storage, place: await placeOf(store, environment) }];
  for (const copy of copies) {
    const place = await placeOf(optionsOf(copy), environment);
    const other = places.find((one) => `${one.place}/`.startsWith(`${place}/`) || `${place}/`.startsWith(`${one.place}/`));
    if (other !== undefined) throw sameStore(copy.storage, other.url, other.place === place);
    places.push({ url: copy.storage, place });
  }
}

function optionsOf({ storage, s3Endpoint, s3Region, s3PathStyle }: CopyStore): StoreOptions {
  // an R2 bucket has one region, whatever AWS_REGION says for the first store
  const region = s3Region ?? (s3Endpoint !== undefined && isR2(s3Endpoint) ? 'auto' : undefined);
  return { storage, s3Endpoint, s3Region: region, s3PathStyle };
}

function credentialsOf(copy: CopyStore, environment: Environment, key: Partial<S3Credentials> | undefined): S3Credentials | null {
  const { accessKeyIdEnv, secretAccessKeyEnv } = copy;
  if (accessKeyIdEnv !== undefined && secretAccessKeyEnv !== undefined) {
    const missing = [accessKeyIdEnv, secretAccessKeyEnv].filter((name) => !environment[name]);
    if (missing.length > 0) throw noKey(copy, missing);
    return { accessKeyId: environment[accessKeyIdEnv] ?? '', secretAccessKey: environment[secretAccessKeyEnv] ?? '' };
  }
  const accessKeyId = key?.accessKeyId || environment[KEY_VARIABLES.id];
  const secretAccessKey = key?.secretAccessKey || environment[KEY_VARIABLES.secret];
  if (!accessKeyId && !secretAccessKey) return null;
  if (!accessKeyId || !secretAccessKey) throw noKey(copy, [accessKeyId ? KEY_VARIABLES.secret : KEY_VARIABLES.id]);
  return { accessKeyId, secretAccessKey };
}

/** What two names of one store have in common. */
async function placeOf(store: StoreOptions, environment: Environment): Promise<string> {
  if (schemeOf(store.storage) === 'file') return `file:${await realPath(parseFileUrl(store.storage))}`;
  const { bucket, prefix } = parseS3Url(store.storage);
  const { endpoint } = settingsFor(store, environment);
  const host = endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint).host : 'amazonaws.com';
  // the name of a bucket of AWS is nobody else's, in whatever region
  return ['s3:', host.endsWith('amazonaws.com') ? 'aws' : host, bucket, ...(prefix === '' ? [] : [prefix])].join('/');
}

/** The folder need not be there yet. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path === dirname(path) ? path : join(await realPath(dirname(path)), basename(path));
  }
}

function sameStore(copy: string, store: string, same: boolean): LifeboatError {
  return new LifeboatError(
    'same-store',
    same ? `${copy} is the same store as ${store}.` : `${copy} and ${store} lie one inside the other.`,
    'Name another bucket or folder, best with another provider: a copy is for the day on which the first store is gone.',
  );
}

function noKey(copy: CopyStore, missing: readonly string[]): LifeboatError {
  return new LifeboatError(
    'bad-option',
    `The key for ${copy.storage} is not complete: ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set.`,
    `Set ${missing.join(' and ')}; in a workflow under \`env:\`, from a secret.`,
    { details: { missing } },
  );
}

/** A verb's store, and the copies that lifeboat.yml and `--copy` name. */
export interface StoresOptions extends StoreOptions {
  readonly copy?: readonly CopyStore[];
  /** The URL of one of them, or of any other store; the first one unless given. */
  readonly from?: string | undefined;
}

/** Opens the store that something is to be read from. A URL that is no known copy's is opened as a copy without settings. */
export function openFrom(options: StoresOptions, environment: Environment): Promise<Store> {
  const isMeant = ({ storage }: { readonly storage: string }) => withoutSlash(storage) === withoutSlash(options.from ?? '');
  if (options.from === undefined || isMeant(options)) return openStoreFor(options, environment);
  return openCopy(options.copy?.find(isMeant) ?? { storage: options.from }, environment);
}

/**
 * Opens every store for copies, once it is sure that none is the first one, or another's.
 * @throws LifeboatError `bad-option`, `bad-storage-url`, `same-store`
 */
export async function openCopies(options: StoresOptions, environment: Environment): Promise<Store[]> {
  const copies = options.copy ?? [];
  await assertElsewhere(options, copies, environment);
  const stores: Store[] = [];
  try {
    for (const copy of copies) stores.push(await openCopy(copy, environment));
    return stores;
  } catch (error) {
    for (const store of stores) await store.close();
    throw error;
  }
}

function withoutSlash(url: string): string {
  return url.replace(/(?<!\/)\/+$/, '');
}
