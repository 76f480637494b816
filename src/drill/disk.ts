import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { LifeboatError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';

/** Beside tables and indexes: write-ahead log, the files that building an index sorts in, a new cluster's own catalogues. */
const OVERHEAD = 1.2;
const CLUSTER_BYTES = 200 * 1024 * 1024;

/** Bytes that scratch will need for this backup: never less than the live tables and indexes, though bloat makes that generous. */
export function bytesNeeded(manifest: Manifest): number {
  const tables = manifest.tables.reduce((sum, table) => sum + (table.rows === null ? 0 : table.bytes), 0);
  const indexes = manifest.indexes.reduce((sum, index) => sum + index.bytes, 0);
  return Math.ceil((tables + indexes) * OVERHEAD) + CLUSTER_BYTES;
}

/** @throws LifeboatError `disk-too-small` */
export async function assertRoom(manifest: Manifest, folder: string = tmpdir()): Promise<void> {
  const needed = bytesNeeded(manifest);
  const { bavail, bsize } = await statfs(folder);
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
