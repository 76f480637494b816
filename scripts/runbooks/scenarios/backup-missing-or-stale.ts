import { writeBackup } from '../../../test/harness/history.ts';
import type { Scenario } from '../scene.ts';

const DAY_MS = 86_400_000;

/** The newest backup, and its proof, are three days old. */
export const backupMissingOrStale: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(scene.database);
    const bucket = await scene.world.bucket();
    const store = await scene.s3Store();
    const opened = await bucket.open(store.prefix);
    await writeBackup(opened, scene.database, { at: new Date(Date.now() - 3 * DAY_MS).toISOString(), drills: ['proven'] });
    await opened.close();
    return scene.values(server, store);
  },
  check: async () => {},
};
