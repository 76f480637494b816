import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { partKey } from '../../src/format/layout.ts';
import { openFileStore } from '../../src/storage/file.ts';
import { expectStatus, runAction } from '../harness/actions.ts';
import { writeBackup } from '../harness/history.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-verify-action-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the action verify', () => {
  it('fails on a finding, with an annotation that names it, and succeeds without', async () => {
    const store = openFileStore(pathToFileURL(join(folder, 'store')).href);
    const good = await writeBackup(store, 'shop', { at: new Date(Date.now() - 86_400_000).toISOString() });
    const run = () => runAction('verify', { folder, inputs: { storage: store.url, issue: 'false' } });
    const intact = await run();
    expectStatus(intact, 0);
    expect(intact.outputs).toMatchObject({ ok: 'true', backups: '1', damaged: '0', bytes: expect.stringMatching(/^[1-9]\d+$/) });
    expect(intact.summary).toMatch(/^## ✅ Verified the backups\n/);

    await store.put(partKey('shop', good, 'data-00.dump.zst'), Buffer.from('rot'));
    const damaged = await run();
    expectStatus(damaged, 1);
    expect(damaged.outputs).toMatchObject({ ok: 'false', backups: '1', damaged: '1' });
    expect(damaged.annotations).toMatchObject([{ name: 'error', data: expect.stringContaining(`${good} of shop: data-00.dump.zst`) }]);
    expect(damaged.summary).toMatch(/^## ❌ Not every backup is intact\n/);
  });
});
