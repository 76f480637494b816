import type { Scenario } from '../scene.ts';

/** The bucket is empty, and the second copy is not. */
export const bucketLost: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const [first, second] = [await scene.s3Store(), await scene.s3Store('second')];
    await server.makeShop(scene.database);
    await scene.backup(server, second);
    await scene.drill(second);
    const { STORE = '', REGION = '', ENDPOINT = '', KEY_ID = '', KEY_SECRET = '' } = second.values;
    return {
      ...scene.values(server, first),
      SECOND_STORE: STORE,
      SECOND_REGION: REGION,
      SECOND_ENDPOINT: ENDPOINT,
      SECOND_KEY_ID: KEY_ID,
      SECOND_KEY_SECRET: KEY_SECRET,
    };
  },
  check: async () => {},
};
