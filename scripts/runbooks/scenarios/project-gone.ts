import { strict as assert } from 'node:assert';
import type { Scenario } from '../scene.ts';

/** The database is lost, its backup is in the bucket, and there are stock programs only. */
export const projectGone: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const store = await scene.s3Store();
    await server.makeShop(scene.database);
    const { id } = await scene.backup(server, store);
    await server.sql('postgres', `DROP DATABASE ${scene.database}`);
    return { ...scene.values(server, store), BACKUP: id };
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    assert.deepEqual(await server.sql(scene.database, 'SELECT count(*)::int AS rows FROM turnover'), [{ rows: 500 }]);
  },
};
