import type { Readable } from 'node:stream';

export interface StoredObject {
  /** Relative to the store's root, with `/` between folders and none at either end. */
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

export interface PutOptions {
  readonly signal?: AbortSignal;
  /** The most that is likely to come; multipart sizes are planned from it. Being wrong costs speed, never correctness. */
  readonly expectedBytes?: number;
  /** Fail with `already-exists` rather than replace. */
  readonly onlyIfAbsent?: boolean;
  /** Until then nobody can delete or change this version of the object. A store that cannot lock fails with `lock-unsupported`. */
  readonly lock?: ObjectLock;
}

/** `governance`: whoever has the right to bypass it can lift it. `compliance`: nobody can, not even the owner of the account. */
export const LOCK_MODES = ['governance', 'compliance'] as const;

export interface ObjectLock {
  readonly until: Date;
  readonly mode: (typeof LOCK_MODES)[number];
}

/** What the store does to keep objects from harm. */
export interface Protection {
  /** Whether objects can be locked; `null` where that may not be asked. */
  readonly locks: boolean | null;
  /** Whether a delete, or a put in its place, leaves the old version there; `null` where that may not be asked. */
  readonly versions: boolean | null;
}

/** An object's lock: until an ISO time, which may be past, or until somebody lifts its legal hold. */
export type LockedUntil = string | 'legal-hold';

/** What a put left that never ended: in S3 an upload of parts, in a folder a temporary file. It may also be still under way. */
export interface Unfinished {
  /** Of the object that it was to become, where the store knows that. */
  readonly key: string;
  /** Tells it from others of the same key. */
  readonly id: string;
  /** When it began, or, where the store knows that, was last written to. */
  readonly since: Date;
}

/**
 * Where backups live. One conformance suite (test/integration/store.test.ts) says what each method promises;
 * every failure is a LifeboatError of the store codes.
 */
export interface Store {
  /** As the user wrote it, without credentials. */
  readonly url: string;
  /** Visible under its key only when complete; when it throws, or the signal aborts it, nothing of it remains. */
  put(key: string, body: Readable | Uint8Array, options?: PutOptions): Promise<{ bytes: number }>;
  /** Throws `object-missing`. A connection lost midway is an error of the stream, never an early end. */
  get(key: string, options?: { signal?: AbortSignal }): Promise<Readable>;
  /** `null` when there is no such object. */
  head(key: string, options?: { signal?: AbortSignal }): Promise<StoredObject | null>;
  /** Every object below the folder, in no particular order. Never lists what an unfinished put left. */
  list(folder: string, options?: { signal?: AbortSignal }): AsyncIterable<StoredObject>;
  /** Names of the folders directly in this one (`''` is the root), sorted. */
  folders(folder: string, options?: { signal?: AbortSignal }): Promise<string[]>;
  /** Deleting what is not there is done. */
  delete(key: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Everything unfinished below the folder; of a store that cannot tell what it was to become, everything unfinished. */
  unfinished(folder: string, options?: { signal?: AbortSignal }): AsyncIterable<Unfinished>;
  /** Whoever is still writing it fails. Abandoning what is not there is done. */
  abandon(unfinished: Unfinished, options?: { signal?: AbortSignal }): Promise<void>;
  protection(options?: { signal?: AbortSignal }): Promise<Protection>;
  /** `null` for an object that was never locked, or is not there. Throws where that may not be asked. */
  lockedUntil(key: string, options?: { signal?: AbortSignal }): Promise<LockedUntil | null>;
  close(): Promise<void>;
}
