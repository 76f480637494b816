import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type ActionEnd, expectStatus, runAction } from '../harness/actions.ts';
import { urlOf } from '../harness/cli.ts';
import { filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { shopDatabase } from '../harness/shop.ts';
import { newSigningKeys } from '../harness/signing.ts';

const ours = newSigningKeys();
const theirs = newSigningKeys();
const folder = await ownTemporaryFolder();
const storage = `file://${folder}/store`;
let shop: ConnectionTarget;
beforeAll(async () => {
  shop = await shopDatabase();
});

const backup = (environment: Record<string, string>, inputs: Record<string, string> = {}) =>
  runAction('backup', { folder, inputs: { 'database-url': urlOf(shop), storage, issue: 'false', ...inputs }, environment });

function expectNoKey(end: ActionEnd): void {
  for (const pair of [ours, theirs]) expect(end.everything).not.toContain(pair.privateText);
}

describe('the action backup', () => {
  it('signs with LIFEBOAT_SIGNING_KEY, and masks every line of it before anything else', async () => {
    const end = await backup({ LIFEBOAT_SIGNING_KEY: ours.privatePem, LIFEBOAT_PUBLIC_KEY: ours.publicText });
    expectStatus(end, 0);
    expect(end.masks).toEqual(expect.arrayContaining([ours.privatePem.trimEnd(), ours.privateText]));
    expect(end.masks).not.toContain(ours.publicText);
    expect(end.summary).toMatch(/\| Signed \| yes \|/);
    expect((await filesIn(join(folder, 'store'))).filter((name) => /manifest-[0-9a-f]{16}\.sig$/.test(name))).toHaveLength(1);
    expectNoKey(end);
  });

  it.each([
    ['a public key for the private one', { LIFEBOAT_SIGNING_KEY: ours.publicText }, {}, 2, /is a public key/],
    ['the private key for the public one', { LIFEBOAT_PUBLIC_KEY: ours.privateText }, {}, 2, /is a private key/],
    ['a lock in a folder', {}, { 'lock-days': '7', 'lock-mode': 'compliance' }, 1, /cannot lock objects/],
    ['an unknown lock', {}, { 'lock-days': '7', 'lock-mode': 'forever' }, 2, /neither governance nor compliance/],
  ])('refuses %s', async (_, environment, inputs, status, message) => {
    const before = await filesIn(join(folder, 'store'));
    const end = await backup(environment as Record<string, string>, inputs as Record<string, string>);
    expectStatus(end, status);
    expect(end.annotations).toMatchObject([{ name: 'error', data: expect.stringMatching(message) }]);
    expect(await filesIn(join(folder, 'store'))).toEqual(before);
    expectNoKey(end);
  });
});

describe('the actions drill and restore', () => {
  it('refuse what is signed with a key that they do not know, before anything else', async () => {
    const target = await freshDatabase(Math.max(...majors()));
    const environment = { LIFEBOAT_PUBLIC_KEY: theirs.publicPem };
    const inputs = { storage, database: shop.database };
    const before = await filesIn(join(folder, 'store'));
    for (const end of [
      await runAction('drill', { folder, inputs: { ...inputs, issue: 'false' }, environment }),
      await runAction('restore', { folder, inputs: { ...inputs, 'target-url': urlOf(target), confirm: target.database }, environment }),
    ]) {
      expectStatus(end, 1);
      expect(end.annotations).toMatchObject([{ properties: { title: expect.stringContaining('signature-wrong') } }]);
    }
    expect(await filesIn(join(folder, 'store'))).toEqual(before);
    expect(await runSql(target, "SELECT nspname FROM pg_namespace WHERE nspname = 'shop'")).toEqual([]);
  });
});
