import { strict as assert } from 'node:assert';
import type { Scenario } from '../scene.ts';

/** A backup of the oldest server here, and an empty new one. */
export const majorUpgrade: Scenario = {
  async prepare(scene) {
    const [older, newer] = [await scene.world.oldestServer(), await scene.world.newestServer()];
    const store = await scene.s3Store();
    await older.makeShop(scene.database);
    await scene.backup(older, store);
    return scene.values(newer, store);
  },
  async check(scene) {
    const newer = await scene.world.newestServer();
    assert.deepEqual(await newer.sql(scene.database, 'SELECT count(*)::int AS rows FROM orders'), [{ rows: 3000 }]);
  },
};
