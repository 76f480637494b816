import type { Scenario } from '../scene.ts';

/** The bucket is empty, and the second copy is not. */
export const bucketLost: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const [first, second] = [await scene.s3Store(), scene.fileStore('second')];
    await server.makeShop(scene.database);
    await scene.backup(server, second);
    await scene.drill(second);
    return { ...scene.values(server, first), SECOND_STORE: second.url };
  },
  check: async () => {},
};
