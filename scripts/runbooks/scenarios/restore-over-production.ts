import { strict as assert } from 'node:assert';
import { openSession } from '../../../src/postgres/connect.ts';
import { withDatabase } from '../../../src/postgres/url.ts';
import type { Scenario } from '../scene.ts';

/** An update without WHERE, while the application is connected. */
export const restoreOverProduction: Scenario = {
  async prepare(scene) {
    const { server, store, id } = await scene.provenShop();
    await server.sql(scene.database, 'UPDATE orders SET total = 0');
    const application = await openSession(withDatabase(server.target, scene.database), { applicationName: 'shop-web' });
    scene.atEnd(() => application.close().catch(() => {}));
    return { ...scene.values(server, store), BACKUP: id };
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    const totals = 'SELECT min(total) > 0 AS right FROM orders';
    assert.deepEqual(await server.sql(scene.database, totals), [{ right: true }]);
    assert.deepEqual(await server.sql(`${scene.database}_before`, totals), [{ right: false }]);
  },
};

/** The switch was made, and is to be undone. */
export const restoreOverProductionBack: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(scene.database);
    await server.makeShop(`${scene.database}_before`);
    await server.sql(`${scene.database}_before`, 'CREATE TABLE only_in_the_old_one ()');
    await server.sql('postgres', `ALTER DATABASE ${scene.database}_before SET default_transaction_read_only = on`);
    return scene.values(server, scene.fileStore());
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    await server.sql(scene.database, 'DROP TABLE only_in_the_old_one');
    await server.sql(`${scene.database}_restored`, 'SELECT FROM orders LIMIT 1');
  },
};

/** The switch was made a week ago. */
export const restoreOverProductionLater: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(`${scene.database}_before`);
    return scene.values(server, scene.fileStore());
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    assert.deepEqual(await server.sql('postgres', 'SELECT FROM pg_database WHERE datname = $1', [`${scene.database}_before`]), []);
  },
};
