import type { Scenario } from '../scene.ts';

/** A rebuild was cut off after its new index had been made, and before it was filled. */
export const indexBloat: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    await server.makeShop(scene.database);
    // a vacuum at work on the table would keep the rebuild waiting
    await server.sql(scene.database, 'ALTER TABLE orders SET (autovacuum_enabled = off)');
    await server.sql(scene.database, 'CREATE INDEX orders_by_customer_ccnew ON orders (customer_id)');
    await server.sql(scene.database, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_by_customer_ccnew'::regclass");
    return { ...scene.values(server, await scene.s3Store()), INDEX: 'public.orders_by_customer' };
  },
  check: async () => {},
};
