import { strict as assert } from 'node:assert';
import { makeAgeKey } from '../../../src/keygen/age.ts';
import { openSession } from '../../../src/postgres/connect.ts';
import type { Scenario } from '../scene.ts';

/** Somebody knows the password of a role, and is connected with it. */
export const credentialsLeaked: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const user = `${scene.database}_backup`;
    await server.makeShop(scene.database);
    await server.sql('postgres', `CREATE ROLE ${user} LOGIN PASSWORD 'leaked'`);
    const theirs = await openSession({ ...server.target, database: scene.database, user, password: 'leaked' }, { applicationName: 'someone' });
    scene.atEnd(() => theirs.close().catch(() => {}));
    return { ...scene.values(server, scene.fileStore()), ROLE: user };
  },
  async check(scene) {
    const server = await scene.world.newestServer();
    const target = { ...server.target, database: scene.database, user: `${scene.database}_backup`, password: 'leaked' };
    await assert.rejects(
      openSession(target, {}).then((session) => session.close()),
      { code: 'authentication-failed' },
    );
  },
};

/** Backups are encrypted for two, and one of the two identities is nowhere to be found. */
export const ageKeyLost: Scenario = {
  async prepare(scene) {
    const server = await scene.world.newestServer();
    const store = await scene.s3Store();
    const [lost, good] = [await makeAgeKey(new Date()), await makeAgeKey(new Date())];
    await server.makeShop(scene.database);
    await scene.backup(server, store, { encryptTo: [lost.publicKey, good.publicKey] });
    const [identity = ''] = /AGE-SECRET-KEY-1\S+/.exec(good.text) ?? [];
    return { ...scene.values(server, store), IDENTITY: identity, GOOD_RECIPIENT: good.publicKey };
  },
  check: async () => {},
};
