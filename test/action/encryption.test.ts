import { beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { expectStatus, runAction } from '../harness/actions.ts';
import { type AgeKey, newAgeKey } from '../harness/age.ts';
import { urlOf } from '../harness/cli.ts';
import { drillServer } from '../harness/drill-server.ts';
import { filesIn, ownTemporaryFolder } from '../harness/nothing-left.ts';
import { shopDatabase } from '../harness/shop.ts';

const folder = await ownTemporaryFolder();
const storage = `file://${folder}/store`;

let shop: ConnectionTarget;
let into: string;
let key: AgeKey;
let paper: AgeKey;
beforeAll(async () => {
  shop = await shopDatabase();
  into = (await drillServer()).url;
  [key, paper] = [await newAgeKey(), await newAgeKey()];
});

describe('the actions backup, drill and rotate-recipients', () => {
  it('encrypt for whom they are told, and open with an identity that nobody gets to see', async () => {
    const { recipient, identity } = key;
    const backup = await runAction('backup', {
      folder,
      inputs: {
        'database-url': urlOf(shop),
        storage,
        'encrypt-to': `${recipient}\n${paper.recipient}\n`,
        'encrypt-manifest': 'true',
        issue: 'false',
      },
    });
    expectStatus(backup, 0);
    expect(backup.summary).toContain(`| Encrypted | for \`${recipient}\`, \`${paper.recipient}\` |`);
    const stored = (await filesIn(`${folder}/store`)).filter((name) => !name.endsWith('manifest.json'));
    expect(stored.length).toBeGreaterThan(2);
    expect(stored.every((name) => name.endsWith('.age'))).toBe(true);

    const inputs = { storage, database: shop.database, into, issue: 'false' };
    const without = await runAction('drill', { folder, inputs });
    expectStatus(without, 2);
    expect(without.annotations).toContainEqual(expect.objectContaining({ data: expect.stringContaining(recipient) }));

    // as a secret holds it: the whole file
    const environment = { LIFEBOAT_AGE_IDENTITY: `# created: today\n# public key: ${recipient}\n${identity}\n` };
    const drill = await runAction('drill', { folder, inputs, environment });
    expectStatus(drill, 0);
    expect(drill.outputs).toMatchObject({ ok: 'true', findings: '0' });
    expect(drill.masks).toContain(identity);
    expect(drill.everything).not.toContain(identity);

    const given = { storage, database: shop.database, 'encrypt-to': paper.recipient };
    const dry = await runAction('rotate-recipients', { folder, inputs: given, environment });
    expectStatus(dry, 0);
    expect(dry.outputs).toEqual({ applied: 'false', rotated: '1', already: '0', blocked: '0', remaining: '0' });
    const rotated = await runAction('rotate-recipients', { folder, inputs: { ...given, apply: 'true' }, environment });
    expectStatus(rotated, 0);
    expect(rotated.outputs).toEqual({ applied: 'true', rotated: '1', already: '0', blocked: '0', remaining: '0' });
    expect(rotated.summary).toMatch(/^## Encrypted /);
    for (const end of [dry, rotated]) expect(end.everything).not.toContain(identity);
    expectStatus(await runAction('drill', { folder, inputs, environment }), 2);
    expectStatus(await runAction('drill', { folder, inputs: { ...inputs, identity: paper.identity } }), 0);
  });

  it('never repeat a secret key that was given in the place of a recipient', async () => {
    const end = await runAction('backup', { folder, inputs: { 'database-url': urlOf(shop), storage, 'encrypt-to': key.identity, issue: 'false' } });
    expectStatus(end, 2);
    expect(end.everything).not.toContain(key.identity.slice(20));
  });
});
