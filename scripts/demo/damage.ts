import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { $ } from 'zx';
import type { BackupResult } from '../../src/backup/backup.ts';
import { partKey } from '../../src/format/layout.ts';

export interface Damage {
  /** The part's name. */
  readonly part: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Copies the whole store into another folder, and flips one byte in the middle of the backup's largest part there. */
export async function damageCopy(backup: BackupResult, from: string, to: string, signal: AbortSignal): Promise<Damage> {
  await $({ signal, quiet: true })`cp -R ${from} ${to}`;
  const [part] = backup.parts.toSorted((a, b) => b.stored.bytes - a.stored.bytes);
  if (part === undefined) throw new Error(`the backup ${backup.id} has no part`);
  const offset = Math.floor(part.stored.bytes / 2);
  await flipByte(join(to, partKey(backup.database, backup.id, part.name)), offset);
  return { part: part.name, offset, bytes: part.stored.bytes };
}

/** Turns every bit of one byte of a file. */
export async function flipByte(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offset);
    byte.writeUInt8(byte.readUInt8() ^ 0xff);
    await file.write(byte, 0, 1, offset);
  } finally {
    await file.close();
  }
}
