import { statfs } from 'node:fs/promises';
import { LifeboatError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';

/** Beside tables and indexes: write-ahead log, the files that building an index sorts in, a new cluster's own catalogues. */
const OVERHEAD = 1.2;
const CLUSTER_BYTES = 200 * 1024 * 1024;

/**
 * Bytes that scratch will need for this backup: never less than the live tables and indexes, though bloat makes that generous. Of a whole
 * database it is all of it, since large objects and materialized views are in no list of tables.
 */
export function bytesNeeded({ tables, indexes, selection, source }: Pick<Manifest, 'tables' | 'indexes' | 'selection' | 'source'>): number {
  const listed = sum(tables.filter((table) => table.rows !== null)) + sum(indexes);
  const isWhole = Object.values(selection).every((patterns) => patterns.length === 0);
  return bytesForScratch(Math.max(listed, isWhole ? source.bytes : 0));
}

/** Bytes that a scratch with tables and indexes of so many takes on disk. */
export function bytesForScratch(bytes: number): number {
  return Math.ceil(bytes * OVERHEAD) + CLUSTER_BYTES;
}

function sum(items: readonly { readonly bytes: number }[]): number {
  return items.reduce((bytes, item) => bytes + item.bytes, 0);
}

/** @throws LifeboatError `disk-too-small` */
export async function assertRoom(manifest: Manifest, folder: string): Promise<void> {
  const needed = bytesNeeded(manifest);
  const { bavail, bsize } = await statfs(folder).catch((error: NodeJS.ErrnoException) => {
    throw new LifeboatError(
      'scratch-failed',
      `The folder for scratch, ${folder}, cannot be used (${error.code}).`,
      'Name one that is there, and may be written to.',
      {
        details: { folder, system: error.code },
        cause: error,
      },
    );
  });
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new LifeboatError(
    'disk-too-small',
    `Scratch needs about ${gibibytes(needed)}, and ${folder} has ${gibibytes(free)} free.`,
    'Free some space, point --scratch-folder at a larger disk, or drill on another server with --into.',
    { details: { needed, free, folder } },
  );
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
