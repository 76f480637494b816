import { openSession } from '../../../src/postgres/connect.ts';
import type { Scenario } from '../scene.ts';

const LIMIT = 4;

/** The application has opened a transaction on every connection that the database allows, and forgotten about them. */
export const connectionsExhausted: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(scene.database);
    const user = `${scene.database}_app`;
    await server.sql('postgres', `CREATE ROLE ${user} LOGIN PASSWORD 'app'`);
    await server.sql('postgres', `ALTER DATABASE ${scene.database} CONNECTION LIMIT ${LIMIT}`);
    const application = { ...server.target, database: scene.database, user, password: 'app' };
    for (let i = 0; i < LIMIT; i += 1) {
      const session = await openSession(application, { applicationName: 'shop-web' });
      scene.atEnd(() => session.close().catch(() => {}));
      await session.query('BEGIN');
    }
    // so that all have been idle for more than the second that the page asks for
    await server.sql('postgres', 'SELECT pg_sleep(1.1)');
    return scene.values(server, scene.fileStore());
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    const session = await openSession({ ...server.target, database: scene.database, user: `${scene.database}_app`, password: 'app' }, {});
    await session.close();
  },
};
