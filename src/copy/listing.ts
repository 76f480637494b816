import { BACKUP_ID, databaseFolder } from '../format/layout.ts';
import type { Store } from '../storage/store.ts';
import type { ListedFolder } from './plan.ts';

/** Every folder of a database that has the id of a backup, by one listing, newest first. */
export async function listFolders(store: Store, database: string, signal: AbortSignal): Promise<ListedFolder[]> {
  const root = databaseFolder(database);
  const folders = new Map<string, Map<string, number>>();
  for await (const { key, bytes } of store.list(root, { signal })) {
    const [id = '', ...rest] = key.slice(root.length + 1).split('/');
    if (!BACKUP_ID.test(id) || rest.length === 0) continue;
    const objects = folders.get(id) ?? new Map<string, number>();
    folders.set(id, objects.set(rest.join('/'), bytes));
  }
  return [...folders].map(([id, objects]) => ({ id, objects })).sort((a, b) => (a.id < b.id ? 1 : -1));
}
