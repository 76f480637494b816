import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scenario } from '../scene.ts';

/** A leaf of an index is not what was written to disk. */
export const corruption: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    // copied file by file, it is on disk and not in shared memory, where the damage would go unnoticed
    await server.makeShop(scene.database, 'STRATEGY file_copy');
    const [row] = await server.sql<{ path: string }>(scene.database, "SELECT pg_relation_filepath('orders_by_customer') AS path");
    await overwrite(join(server.folder, 'data', row?.path ?? ''), 8192 + 4000);
    return { ...scene.values(server, await scene.s3Store()), INDEX: 'public.orders_by_customer' };
  },
  check: async () => {},
};

async function overwrite(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.alloc(2000, 0x5a), 0, 2000, offset);
  } finally {
    await file.close();
  }
}
