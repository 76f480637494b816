import { strict as assert } from 'node:assert';
import type { Scenario } from '../scene.ts';

/** The database is wrong, its backup is in the bucket, and there is nothing but a laptop. */
export const githubDown: Scenario = {
  async prepare(scene) {
    const { server, store } = await scene.provenShop();
    await server.sql(scene.database, 'DELETE FROM order_items');
    return scene.values(server, store);
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    assert.deepEqual(await server.sql(`${scene.database}_restored`, 'SELECT count(*)::int AS rows FROM order_items'), [{ rows: 6000 }]);
  },
};
