import { strict as assert } from 'node:assert';
import type { Scenario } from '../scene.ts';

/** A thousand orders were deleted; since the backup ten have come and one was changed, which must stay so. */
export const oneTableBack: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const store = await scene.s3Store();
    await server.makeShop(scene.database);
    const { id } = await scene.backup(server, store);
    await server.sql(scene.database, DISASTER);
    return { ...scene.values(server, store), BACKUP: id, TABLE: 'public.orders' };
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    const rows = await server.sql(
      scene.database,
      `SELECT count(*)::int AS rows, count(*) FILTER (WHERE note = 'changed')::int AS changed, count(*) FILTER (WHERE note = 'new')::int AS new,
              count(*) FILTER (WHERE id <= 1000 AND note ~ '^[0-9a-f]{64}$')::int AS back FROM orders`,
    );
    assert.deepEqual(rows, [{ rows: 3010, changed: 1, new: 10, back: 1000 }]);
  },
};

const DISASTER = `
  DELETE FROM order_items WHERE order_id <= 1000;
  DELETE FROM orders WHERE id <= 1000;
  UPDATE orders SET note = 'changed' WHERE id = 2000;
  SELECT setval(pg_get_serial_sequence('orders', 'id'), 3000);
  INSERT INTO orders (customer_id, placed_at, total, note) SELECT 1, now(), 1, 'new' FROM generate_series(1, 10);
`;

/** A table was dropped, and with it what refers to it. */
export const tableDropped: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const store = await scene.s3Store();
    await server.makeShop(scene.database);
    const { id } = await scene.backup(server, store);
    await server.sql(scene.database, 'DROP TABLE orders CASCADE');
    return { ...scene.values(server, store), BACKUP: id, TABLE: 'public.orders' };
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    assert.deepEqual(await server.sql(scene.database, 'SELECT count(*)::int AS rows FROM orders'), [{ rows: 3000 }]);
    assert.deepEqual(await server.sql(scene.database, 'SELECT count(*)::int AS rows FROM turnover'), [{ rows: 500 }]);
  },
};
