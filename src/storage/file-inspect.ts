import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from './file-errors.ts';
import type { FolderFacts, Inspector } from './inspect.ts';

export function openInspectorOfFolder(path: string): Inspector {
  return {
    inspect: () => inspectFolder(path),
    // link() fails where the name is taken
    refusesToReplace: async () => true,
    close: async () => {},
  };
}

async function inspectFolder(path: string): Promise<FolderFacts> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const [stats, system] = await Promise.all([stat(folder), statfs(folder)]);
      return { kind: 'folder', path, exists: folder === path, mode: stats.mode & 0o7777, freeBytes: system.bavail * system.bsize, device: stats.dev };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || folder === dirname(folder)) throw fileError(error, 'look at', folder);
    }
  }
}
