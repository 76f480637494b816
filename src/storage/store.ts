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
  close(): Promise<void>;
}
