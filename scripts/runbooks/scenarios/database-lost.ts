import { strict as assert } from 'node:assert';
import type { Scenario } from '../scene.ts';

/** A proven backup in the bucket, and no database any more. */
export const databaseLost: Scenario = {
  async prepare(scene) {
    const { server, store } = await scene.provenShop();
    await server.sql('postgres', `DROP DATABASE ${scene.database}`);
    return scene.values(server, store);
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    const [row] = await server.sql<{ orders: string }>(scene.database, 'SELECT count(*) AS orders FROM orders');
    assert.equal(row?.orders, '3000');
  },
};

/** A restore that got halfway. */
export const databaseLostAgain: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(`${scene.database}_restored`);
    return scene.values(server, scene.fileStore());
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    assert.deepEqual(await server.sql('postgres', 'SELECT FROM pg_database WHERE datname = $1', [`${scene.database}_restored`]), []);
  },
};
