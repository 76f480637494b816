import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';

import { fileError } from './file-errors.ts';
import { putFile } from './file-put.ts';
import { checkFolder, checkKey, TEMPORARY_FOLDER } from './keys.ts';
import { lockUnsupported } from './lock.ts';
import type { Store, StoredObject } from './store.ts';
import { parseFileUrl } from './urls.ts';

/** A store in a folder, `file:///absolute/folder`, percent-encoded as URLs are. The folder is made by the first put. */
export function openFileStore(url: string): Store {
  const root = parseFileUrl(url);
  const pathOf = (key: string) => join(root, checkKey(key));
  const folderPath = (folder: string) => join(root, checkFolder(folder));

  return {
    url,

    async put(key, body, options = {}) {
      if (options.lock !== undefined) throw lockUnsupported(url);
      return await putFile(root, pathOf(key), body, options);
    },

    async get(key, options = {}) {
      const path = pathOf(key);
      options.signal?.throwIfAborted();
      return readStream(await openForReading(path), path, options.signal);
    },

    async head(key) {
      const path = pathOf(key);
      const stats = await ifThere(stat(path), 'look at', path);
      return stats?.isFile() ? { key, bytes: stats.size, modifiedAt: stats.mtime } : null;
    },

    async *list(folder, options = {}) {
      yield* filesBelow(folderPath(folder), folder === '' ? '' : `${folder}/`, options.signal);
    },

    async folders(folder, options = {}) {
      const names: string[] = [];
      const path = folderPath(folder);
      for (const entry of await entriesOf(path)) {
        if (!entry.isDirectory() || (folder === '' && entry.name === TEMPORARY_FOLDER)) continue;
        // a folder is what objects are in, as in S3: an empty one is debris
        const first = await filesBelow(join(path, entry.name), '', options.signal).next();
        if (!first.done) names.push(entry.name);
      }
      return names.sort();
    },

    async delete(key) {
      const path = pathOf(key);
      await ifThere(unlink(path), 'delete', path);
      await pruneEmptyFolders(dirname(path), root);
    },

    async *unfinished(_folder, options = {}) {
      const temporaries = join(root, TEMPORARY_FOLDER);
      for await (const { key, modifiedAt } of filesBelow(temporaries, '', options.signal)) {
        yield { key: `${TEMPORARY_FOLDER}/${key}`, id: key, since: modifiedAt };
      }
    },

    async abandon({ id }) {
      const path = join(root, TEMPORARY_FOLDER, basename(id));
      await ifThere(unlink(path), 'delete', path);
      await pruneEmptyFolders(dirname(path), root);
    },

    async protection() {
      return { locks: false, versions: false };
    },

    async lockedUntil() {
      return null;
    },

    async close() {},
  };
}

async function openForReading(path: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    if ((await handle.stat()).isFile()) return handle;
    throw Object.assign(new Error('not a file'), { code: 'EISDIR' });
  } catch (error) {
    await handle?.close();
    throw fileError(error, 'read', path);
  }
}

function readStream(handle: FileHandle, path: string, signal: AbortSignal | undefined): Readable {
  const file = createReadStream(path, { fd: handle, highWaterMark: 256 * 1024 });
  const stream = Readable.from(chunks(), { objectMode: false, highWaterMark: 256 * 1024 });
  const abort = () => stream.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', abort, { once: true });
  stream.once('close', () => {
    signal?.removeEventListener('abort', abort);
    file.destroy();
  });
  return stream;

  async function* chunks() {
    try {
      yield* file as AsyncIterable<Buffer>;
    } catch (error) {
      throw fileError(error, 'read', path);
    }
  }
}

async function* filesBelow(path: string, prefix: string, signal: AbortSignal | undefined): AsyncGenerator<StoredObject> {
  for (const entry of await entriesOf(path)) {
    signal?.throwIfAborted();
    const inside = join(path, entry.name);
    const key = prefix + entry.name;
    if (entry.isDirectory() && key !== TEMPORARY_FOLDER) yield* filesBelow(inside, `${key}/`, signal);
    if (!entry.isFile()) continue;
    const stats = await ifThere(stat(inside), 'look at', inside);
    if (stats !== null) yield { key, bytes: stats.size, modifiedAt: stats.mtime };
  }
}

async function entriesOf(path: string) {
  return (await ifThere(readdir(path, { withFileTypes: true }), 'list', path)) ?? [];
}

async function ifThere<T>(pending: Promise<T>, operation: string, path: string): Promise<T | null> {
  try {
    return await pending;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileError(error, operation, path);
  }
}

async function pruneEmptyFolders(folder: string, root: string): Promise<void> {
  for (let path = folder; path.length > root.length && path.startsWith(root); path = dirname(path)) {
    try {
      await rmdir(path);
    } catch {
      return;
    }
  }
}
