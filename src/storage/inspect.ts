import { openInspectorOfFolder } from './file-inspect.ts';
import { type StoreOptions, settingsFor } from './from-options.ts';
import { parseFileUrl, schemeOf } from './urls.ts';

/** What a store was asked: its answer, or why it has none. */
export type Asked<T> = { readonly value: T } | { readonly unknown: string };

export interface LifecycleRule {
  readonly id: string;
  readonly prefix: string;
  /** Whether it is only for objects with certain tags or sizes. */
  readonly narrowed: boolean;
  readonly expireDays: number | null;
  readonly noncurrentDays: number | null;
  readonly abortUploadsDays: number | null;
  readonly transitions: readonly { readonly days: number; readonly storageClass: string }[];
}

export interface BucketFacts {
  readonly kind: 'bucket';
  readonly bucket: string;
  /** Of everything in the store; ends with `/`, or is empty. */
  readonly prefix: string;
  /** AWS's own, where there is no other endpoint. */
  readonly aws: boolean;
  /** Settings of Block Public Access that are on; `null` when there are none. */
  readonly publicAccessBlocked: Asked<readonly string[] | null>;
  readonly policyIsPublic: Asked<boolean>;
  /** Rights that the bucket's ACL gives to everybody. */
  readonly publicGrants: Asked<readonly string[]>;
  readonly versioning: Asked<'enabled' | 'suspended' | 'off'>;
  /** Default retention of new objects in days; 0 without a default; `null` without object lock. */
  readonly objectLock: Asked<{ readonly mode: string; readonly days: number } | null>;
  readonly lifecycle: Asked<readonly LifecycleRule[]>;
  readonly encryption: Asked<string | null>;
  /** The server's clock minus ours, in seconds, and how far off that may be. */
  readonly clock: Asked<{ readonly seconds: number; readonly error: number }>;
}

export interface FolderFacts {
  readonly kind: 'folder';
  readonly path: string;
  /** Permission bits of the folder, or of the nearest above it when it is yet to be made. */
  readonly mode: number;
  readonly exists: boolean;
  readonly freeBytes: number;
  /** Number of the file system, as stat() says it. */
  readonly device: number;
}

export type StoreFacts = BucketFacts | FolderFacts;

/** Looks at how a store is set up, beside what is in it. */
export interface Inspector {
  /** Never throws for what the store does not tell: that is in the facts. */
  inspect(signal: AbortSignal): Promise<StoreFacts>;
  /** Whether the server itself refuses to replace the object at this key, which is there; `null` where it does not know such a request. */
  refusesToReplace(key: string, signal: AbortSignal): Promise<boolean | null>;
  close(): Promise<void>;
}

/** @throws LifeboatError `bad-storage-url` */
export async function openInspector(options: StoreOptions, environment: Readonly<Record<string, string | undefined>>): Promise<Inspector> {
  if (schemeOf(options.storage) === 'file') return openInspectorOfFolder(parseFileUrl(options.storage));
  const { openInspectorOfBucket } = await import('./s3-inspect.ts');
  return openInspectorOfBucket(options.storage, settingsFor(options, environment));
}
