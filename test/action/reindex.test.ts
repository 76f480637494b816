import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../src/postgres/connect.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { expectStatus, runAction, startAction } from '../harness/actions.ts';
import { urlOf } from '../harness/cli.ts';
import { expectNothingLeft, ownTemporaryFolder, TEST_SESSION } from '../harness/nothing-left.ts';
import { clusterOf, freshDatabase, runSql, templateDatabase } from '../harness/postgres.ts';
import { CHURNED_SQL, indexesOf, invalidIndexes, waiting } from '../harness/reindex.ts';

const folder = await ownTemporaryFolder();
let target: ConnectionTarget;
beforeAll(async () => {
  const { major } = clusterOf();
  target = await freshDatabase(major, await templateDatabase(major, 'churned', async (made) => void (await runSql(made, CHURNED_SQL))));
});

const options = (inputs: Record<string, string>) => ({
  folder,
  inputs: { database: 'shop', index: 'churned.orders_note', ...inputs },
  environment: { SHOP_URL: urlOf(target) },
  workspace: {
    'lifeboat.yml': `storage: ${pathToFileURL(join(folder, 'store')).href}\ndatabases: { shop: { database-url-env: SHOP_URL, reindex: { max-bytes: 1GB } } }\n`,
  },
});

describe('the action reindex', () => {
  it('rebuilds only with apply: true, by what lifeboat.yml says of the database', async () => {
    const before = await indexesOf(target);
    for (const inputs of [{}, { apply: 'false' }]) {
      const dry = await runAction('reindex', options(inputs));
      expectStatus(dry, 0);
      expect(dry.outputs).toEqual({ reindexed: '1', 'gained-bytes': '0', failed: '0', leftovers: '0', report: '' });
      expect(dry.summary).toMatch(/^## Dry run: no index of `shop` was rebuilt/);
    }
    expect((await runAction('reindex', options({ aply: 'true' }))).status).toBe(2);
    expect(await indexesOf(target)).toEqual(before);

    const applied = await runAction('reindex', options({ apply: 'true', index: 'churned.orders_customer' }));
    expectStatus(applied, 0);
    expect(applied.outputs).toMatchObject({ reindexed: '1', 'gained-bytes': expect.stringMatching(/^[1-9]\d+$/), failed: '0' });
    expect(applied.summary).toMatch(/^## Rebuilt indexes of `shop`/);
    expect(applied.everything).not.toContain(urlOf(target));
  });

  it('that is cancelled says what it could not put away', async () => {
    const writer = await openSession(target, TEST_SESSION);
    await writer.query('BEGIN; INSERT INTO churned.orders VALUES (0, 0)');
    const run = await startAction('reindex', options({ apply: 'true' }));
    await waiting(target, 'REINDEX');
    run.child.kill('SIGINT');
    const end = await run.ended;
    expect(end.status).toBe(130);
    const title = { properties: { title: 'cancelled' } };
    expect(end.annotations).toContainEqual(
      expect.objectContaining({
        ...title,
        name: 'error',
        data: expect.stringContaining('Left behind, because somebody uses the table: churned.orders_note_ccnew'),
      }),
    );
    expect(end.summary).toMatch(/DROP INDEX CONCURRENTLY .*orders&#95;note&#95;ccnew/);
    await writer.query('COMMIT');
    await writer.close();

    const next = await runAction('reindex', options({ apply: 'true' }));
    expectStatus(next, 0);
    expect(await invalidIndexes(target)).toEqual([]);
    await expectNothingLeft([target], folder);
  });
});
