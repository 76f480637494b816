import { openSession } from '../../../src/postgres/connect.ts';
import { withDatabase } from '../../../src/postgres/url.ts';
import type { Scenario } from '../scene.ts';

/** Somebody's migration was left open, and with it a lock that no backup gets past. */
export const backupFailed: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(scene.database);
    const migration = await openSession(withDatabase(server.target, scene.database), { applicationName: 'migration' });
    // the page ends it
    scene.atEnd(() => migration.close().catch(() => {}));
    await migration.query('BEGIN');
    await migration.query('LOCK TABLE orders');
    return scene.values(server, await scene.s3Store());
  },
  check: async () => {},
};
