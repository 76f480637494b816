import type { Scenario } from '../scene.ts';

/** Nothing is full: the page's commands are those that look for room and make it. */
export const diskFullOrSlow: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const store = scene.fileStore();
    await server.makeShop(scene.database);
    await scene.backup(server, store);
    return { ...scene.values(server, store), TABLE: 'public.order_items' };
  },
  check: async () => {},
};
