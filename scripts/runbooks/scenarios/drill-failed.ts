import { join } from 'node:path';
import { partKey } from '../../../src/format/layout.ts';
import { flipByte } from '../../demo/damage.ts';
import type { Scenario } from '../scene.ts';

/** A byte in the middle of the rows was changed after the backup had been written. */
export const drillFailed: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(scene.database);
    const store = scene.fileStore();
    const { id, parts } = await scene.backup(server, store);
    const data = parts.find(({ name }) => name.startsWith('data-00'));
    await flipByte(join(store.folder, partKey(scene.database, id, 'data-00.dump.zst')), Math.floor((data?.stored.bytes ?? 0) / 2));
    return scene.values(server, store);
  },
  check: async () => {},
};
