import { strict as assert } from 'node:assert';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scenario, Scene } from '../scene.ts';
import type { Server } from '../world.ts';

/** A leaf of an index is not what was written to disk. */
export const corruption: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await makeShopOnDisk(server, scene);
    await damage(server, scene, 'orders_by_customer', 8192 + 4000);
    return { ...scene.values(server, await scene.s3Store()), INDEX: 'public.orders_by_customer' };
  },
  check: async () => {},
};

/** A page of a table is not what was written to disk; a backup was made before that. */
export const tableDamaged: Scenario = {
  async prepare(scene) {
    const { server, store } = await scene.provenShop();
    await server.sql('postgres', `DROP DATABASE ${scene.database}`);
    await makeShopOnDisk(server, scene);
    await damage(server, scene, 'order_items', 4000);
    return { ...scene.values(server, store), TABLE: 'public.order_items' };
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    assert.deepEqual(await server.sql(`${scene.database}_restored`, 'SELECT count(*)::int AS rows FROM order_items'), [{ rows: 6000 }]);
  },
};

/** Copied file by file, it is on disk and not in shared memory, where damage would go unnoticed. */
function makeShopOnDisk(server: Server, scene: Scene): Promise<void> {
  return server.makeShop(scene.database, 'STRATEGY file_copy');
}

async function damage(server: Server, scene: Scene, relation: string, offset: number): Promise<void> {
  const [row] = await server.sql<{ path: string }>(scene.database, 'SELECT pg_relation_filepath($1) AS path', [relation]);
  const file = await open(join(server.folder, 'data', row?.path ?? ''), 'r+');
  try {
    await file.write(Buffer.alloc(2000, 0x5a), 0, 2000, offset);
  } finally {
    await file.close();
  }
}
