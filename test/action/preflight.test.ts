import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectStatus, runAction } from '../harness/actions.ts';
import { urlOf } from '../harness/cli.ts';
import { filesIn } from '../harness/nothing-left.ts';
import { roleIn } from '../harness/roles.ts';
import { shopDatabase } from '../harness/shop.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-preflight-action-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the action preflight', () => {
  it('passes with warnings, and fails with an annotation for everything that would', async () => {
    const shop = await shopDatabase();
    const store = join(folder, 'store');
    const storage = pathToFileURL(store).href;
    // what backup and drill are told counts here too
    const workspace = {
      'lifeboat.yml': `storage: ${storage}\ndatabases: { shop: { backup: { schema: [shop] }, drill: { allow-missing-extension: [none] } } }\n`,
    };
    const run = (databaseUrl: string) =>
      runAction('preflight', { folder, workspace, inputs: { database: 'shop' }, environment: { DATABASE_URL: databaseUrl } });

    const good = await run(urlOf(shop));
    expectStatus(good, 0);
    expect(good.outputs).toEqual({ ok: 'true', verdict: 'warn', failed: '0', warnings: '2', 'not-run': '0' });
    expect(good.summary).toMatch(/^## ⚠️ `shop` would be backed up, with warnings\n[\s\S]*\| Where \| Check \| Verdict \| What \|/);
    expect(good.annotations.map(({ name, properties }) => [name, properties['title']])).toEqual([
      ['warning', 'preflight: source, large objects'],
      ['warning', 'preflight: store, another disk'],
    ]);

    const role = await roleIn(shop, '');
    const bad = await run(urlOf(role));
    expectStatus(bad, 1);
    expect(bad.outputs).toMatchObject({ ok: 'false', verdict: 'fail', failed: '1' });
    const [error] = bad.annotations;
    expect(error).toMatchObject({ name: 'error', properties: { title: 'preflight: source, privileges' } });
    expect(error?.data).toMatch(/GRANT pg_read_all_data TO[\s\S]*runbooks\/backup-failed\.md#a-preflight-failed/);
    expect(bad.summary).toMatch(/^## ❌ `shop` would fail\n[\s\S]*<summary>❌ fail: source, privileges<\/summary>/);
    expect(bad.everything).not.toContain('pass word');
    expect(await filesIn(store)).toEqual([]);
  });
});
