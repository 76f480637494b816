import { strict as assert } from 'node:assert';
import { hasAge, newAgeKey } from '../../../test/harness/age.ts';
import type { Scenario } from '../scene.ts';
import { NotHere } from '../world.ts';

/** The database is lost, its backup is in the bucket, and there are stock programs only. */
export const projectGone: Scenario = scenario(async () => null);

/** The same, and the backup is encrypted. */
export const projectGoneEncrypted: Scenario = scenario(() => {
  if (!hasAge()) throw new NotHere('the program age is needed (LIFEBOAT_TEST_REQUIRE=age makes this a failure)');
  return newAgeKey();
});

function scenario(makeKey: () => Promise<{ readonly identity: string; readonly recipient: string } | null>): Scenario {
  return {
    async prepare(scene) {
      const key = await makeKey();
      const server = await scene.world.newestServer();
      const store = await scene.s3Store();
      await server.makeShop(scene.database);
      const { id } = await scene.backup(server, store, key === null ? {} : { encryptTo: [key.recipient] });
      await server.sql('postgres', `DROP DATABASE ${scene.database}`);
      return { ...scene.values(server, store), BACKUP: id, IDENTITY: key?.identity ?? '' };
    },
    async check(scene) {
      const server = await scene.world.newestServer();
      assert.deepEqual(await server.sql(scene.database, 'SELECT count(*)::int AS rows FROM turnover'), [{ rows: 500 }]);
    },
  };
}
