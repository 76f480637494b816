import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { LifeboatError } from '../errors.ts';
import { destroyOnAbort } from '../stream/abort.ts';
import { fileError } from './file-errors.ts';
import { TEMPORARY_FOLDER } from './keys.ts';
import type { PutOptions } from './store.ts';

/** Written back while more arrives, or all of it would wait for the fsync at the end. */
const WRITE_BACK_BYTES = 64 * 1024 * 1024;
const STALE_MS = 24 * 60 * 60 * 1000;

/**
 * Writes to a temporary name, fsyncs, renames, fsyncs the folders: after a crash the file is there whole or not at all.
 * What a killed process left under a temporary name is removed by a put that comes a day later.
 */
export async function putFile(root: string, path: string, body: Readable | Uint8Array, options: PutOptions): Promise<{ bytes: number }> {
  const { signal, onlyIfAbsent = false } = options;
  const temporary = join(root, TEMPORARY_FOLDER, randomBytes(12).toString('hex'));
  const stream = body instanceof Readable ? body : Readable.from([body], { objectMode: false });
  // an error is thrown where the stream is read; until that begins, nobody else listens
  stream.once('error', () => {});
  destroyOnAbort(stream, signal);
  try {
    signal?.throwIfAborted();
    const handle = await onDisk(createTemporary(temporary), path);
    const bytes = await write(handle, stream, path);
    signal?.throwIfAborted();
    await onDisk(onlyIfAbsent ? publishIfAbsent(temporary, path) : publish(temporary, path), path);
    return { bytes };
  } catch (error) {
    await unlink(temporary).catch(() => {});
    signal?.throwIfAborted();
    throw error;
  } finally {
    stream.destroy();
    await tidy(dirname(temporary));
  }
}

/** Another put may remove the folder, when it is empty, between the two calls. */
async function createTemporary(path: string): Promise<FileHandle> {
  return await whileFolderVanishes(async () => {
    await makeFolder(dirname(path));
    return await open(path, 'wx', 0o600);
  });
}

async function write(handle: FileHandle, body: Readable, path: string): Promise<number> {
  let bytes = 0;
  let unwritten = 0;
  let writingBack: Promise<void> = Promise.resolve();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      await onDisk(handle.appendFile(chunk), path);
      bytes += chunk.length;
      unwritten += chunk.length;
      if (unwritten < WRITE_BACK_BYTES) continue;
      unwritten = 0;
      await onDisk(writingBack, path);
      writingBack = handle.datasync();
      writingBack.catch(() => {});
    }
    await onDisk(writingBack, path);
    await onDisk(handle.sync(), path);
    return bytes;
  } finally {
    await writingBack.catch(() => {});
    await handle.close();
  }
}

async function publish(temporary: string, path: string): Promise<void> {
  await whileFolderVanishes(async () => {
    const made = await makeFolder(dirname(path));
    await rename(temporary, path);
    await syncFolders(dirname(path), made);
  });
}

/** link() fails when the name is taken; where a file system has no links, a look and a rename must do. */
async function publishIfAbsent(temporary: string, path: string): Promise<void> {
  await whileFolderVanishes(async () => {
    const made = await makeFolder(dirname(path));
    try {
      await link(temporary, path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (code === 'EEXIST') throw alreadyExists(path);
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
      if (await isThere(path)) throw alreadyExists(path);
      return await publish(temporary, path);
    }
    await unlink(temporary);
    await syncFolders(dirname(path), made);
  });
}

/** A new name is durable only when the folder that holds it is: the file's own, and the parents of every folder just made. */
async function syncFolders(folder: string, firstMade: string | undefined): Promise<void> {
  const last = firstMade === undefined ? folder : dirname(firstMade);
  for (let path = folder; ; path = dirname(path)) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } catch (error) {
      // network file systems that cannot sync a folder say so
      if (!['EINVAL', 'ENOTSUP', 'EBADF'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    } finally {
      await handle.close();
    }
    if (path === last || path === dirname(path)) return;
  }
}

/** Returns the first folder that had to be made. One at a time: `recursive` tells ENOENT where the file system is read-only. */
async function makeFolder(path: string, again = true): Promise<string | undefined> {
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return undefined;
    // /proc says so of everything, although it is there itself
    if (code !== 'ENOENT' || !again || path === dirname(path)) throw error;
    const first = await makeFolder(dirname(path));
    return (await makeFolder(path, false)) === undefined ? first : (first ?? path);
  }
}

async function tidy(temporaries: string): Promise<void> {
  try {
    for (const name of await readdir(temporaries)) {
      const path = join(temporaries, name);
      if ((await stat(path)).mtimeMs < Date.now() - STALE_MS) await unlink(path);
    }
    await rmdir(temporaries);
  } catch {
    // another put is at work there, or has tidied up already
  }
}

async function whileFolderVanishes<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 5) throw error;
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function onDisk<T>(pending: Promise<T>, path: string): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    throw fileError(error, 'write', path);
  }
}

function alreadyExists(path: string): LifeboatError {
  return new LifeboatError('already-exists', `${path} exists already.`, 'It was left as it is. Delete it first if it is to be replaced.', {
    details: { path },
  });
}
