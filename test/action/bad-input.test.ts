import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ActionName } from '../../src/options/actions.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { type ActionOptions, expectStatus, runAction } from '../harness/actions.ts';
import { urlOf } from '../harness/cli.ts';
import { type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';
import { ownTemporaryFolder } from '../harness/nothing-left.ts';
import { freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { roleIn } from '../harness/roles.ts';

const PASSWORD = 'hunter2+Ä/@:%';
const URL = `postgres://shop:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/shop`;
const folder = await ownTemporaryFolder();
const storage = `file://${folder}/store`;
const quiet = { issue: 'false' };
const file = (text: string) => ({ 'lifeboat.yml': text });
const secret = (name: string) => `\${{ secrets.${name} }}`;
const BOTH = 'databases: { shop: { database-url-env: SHOP_URL }, blog: { database-url-env: BLOG_URL } }';

describe('wrong inputs', () => {
  it.each<[string, ActionName, Omit<ActionOptions, 'folder'>, string, string]>([
    [
      'an empty database-url',
      'backup',
      { inputs: { storage } },
      'bad-option',
      `Input database-url is empty: pass it with \`database-url: ${secret('DATABASE_URL')}\`, or name a database of lifeboat.yml in \`database:\`; a called workflow gets secrets only through \`secrets:\`.`,
    ],
    [
      'an empty target-url',
      'restore',
      { inputs: { storage, database: 'shop' } },
      'bad-option',
      `Input target-url is empty: pass it with \`target-url: ${secret('TARGET_DATABASE_URL')}\`; a called workflow gets secrets only through \`secrets:\`.`,
    ],
    [
      'an empty storage',
      'backup',
      { inputs: { 'database-url': URL } },
      'bad-option',
      'Input storage is empty: write `storage:` under `with:`, set LIFEBOAT_STORAGE',
    ],
    ['no database', 'drill', { inputs: { storage } }, 'bad-option', 'Input database is empty: write `database:` under `with:`'],
    [
      'both database and database-url',
      'backup',
      { inputs: { storage, database: 'shop', 'database-url': URL } },
      'bad-option',
      'Inputs database and database-url are both given.',
    ],
    [
      'a secret that lifeboat.yml names and the workflow does not pass',
      'backup',
      { inputs: { storage, database: 'shop' }, workspace: file(BOTH), environment: { SHOP_URL: '' } },
      'bad-option',
      `Input database-url is missing: lifeboat.yml says it is in SHOP_URL, which is not set: pass it with \`SHOP_URL: ${secret('SHOP_URL')}\` under \`env:\``,
    ],
    [
      'no database where lifeboat.yml has several',
      'backup',
      { inputs: { storage }, workspace: file(BOTH) },
      'bad-option',
      'Input database is missing: lifeboat.yml has shop, blog.',
    ],
    [
      'a database that lifeboat.yml does not have',
      'backup',
      { inputs: { storage, database: 'shpo' }, workspace: file(BOTH) },
      'bad-option',
      'Input database "shpo" is not in lifeboat.yml: did you mean shop?',
    ],
    [
      'a duration that is none',
      'drill',
      { inputs: { storage, database: 'shop', rto: '5 minutes' } },
      'bad-option',
      'Input rto "5 minutes" is not a duration',
    ],
    [
      'a number that is none',
      'backup',
      { inputs: { storage, 'database-url': URL, jobs: 'many' } },
      'bad-option',
      'Input jobs "many" is not a whole number',
    ],
    [
      'a boolean that is none',
      'backup',
      { inputs: { storage, 'database-url': URL, issue: 'yes' } },
      'bad-option',
      'Input issue "yes" is neither true nor false',
    ],
    [
      'an input that nobody knows',
      'restore',
      { inputs: { storage, 'dry-runn': 'true' } },
      'bad-option',
      'Input dry-runn is not an input of this action: did you mean dry-run?',
    ],
    [
      'a key of lifeboat.yml that nobody knows',
      'drill',
      { inputs: { database: 'shop' }, workspace: file('databases:\n  shop:\n    storge: s3://bucket\n') },
      'bad-config',
      'lifeboat.yml:3:5: "storge" is not a key in databases.shop: did you mean storage?',
    ],
    [
      'a password in lifeboat.yml',
      'drill',
      { inputs: { database: 'shop' }, workspace: file(`databases:\n  shop:\n    database-url: ${URL}\n`) },
      'bad-config',
      'a URL with a password stands here',
    ],
    [
      'a configuration that is not there',
      'drill',
      { inputs: { database: 'shop', config: 'nowhere.yml' } },
      'bad-config',
      'The configuration file nowhere.yml is not there.',
    ],
    [
      'a URL that cannot be read',
      'backup',
      { inputs: { storage, 'database-url': `postgres://shop:${PASSWORD}@127.0.0.1/shop` } },
      'bad-database-url',
      'unescaped',
    ],
    [
      'a password in the store',
      'backup',
      { inputs: { storage: `s3://key:${encodeURIComponent(PASSWORD)}@bucket`, 'database-url': URL } },
      'bad-storage-url',
      'holds credentials',
    ],
  ])('%s: says so in an annotation and in the summary, with no secret', async (_, name, options, code, message) => {
    const inputs = name === 'restore' || 'issue' in options.inputs ? options.inputs : { ...options.inputs, ...quiet };
    const end = await runAction(name, { folder, ...options, inputs });
    expectStatus(end, 2);
    expect(end.annotations).toMatchObject([{ name: 'error', properties: { title: code } }]);
    expect(end.annotations[0]?.data).toContain(message);
    expect(end.annotations[0]?.data).toMatch(/\nhttps:\/\/github\.com\/lifeboat-home\/pg-lifeboat\/blob\/v1\/runbooks\/[a-z-]+\.md#[a-z-]+$/);
    expect(end.summary).toMatch(/^## ❌ \w+ of .* failed\n/);
    expect(end.summary).toContain(`\`${code}\``);
    expect(end.outputs).toEqual({});
    for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 'hunter2']) expect(end.everything).not.toContain(secret);
  });

  it('lets lifeboat.yml speak where an input is at its default, and inputs go first', async () => {
    const workspace = file(`databases: { shop: { storage: "${storage}", drill: { backup: 20200101T000000Z-0000, keep: true } } }`);
    const end = await runAction('drill', { folder, inputs: quiet, workspace });
    expect(end.annotations[0]?.data).toContain('holds no backup of shop');
    const given = await runAction('drill', { folder, inputs: { ...quiet, storage: 'file:///nowhere' }, workspace });
    expect(given.annotations[0]?.data).toContain('file:///nowhere holds no backup');
  });
});

describe('around a backup', () => {
  let shop: ConnectionTarget;
  let api: GitHubApiStandIn;
  beforeAll(async () => {
    shop = await freshDatabase(Math.max(...majors()));
    await runSql(shop, 'CREATE TABLE t (id int)');
    api = await startGithubApi();
    return () => api.close();
  });

  it('is made although summary and outputs cannot be written, with a warning', async () => {
    await mkdir(join(folder, 'no-file'));
    const broken = { GITHUB_STEP_SUMMARY: join(folder, 'no-file'), GITHUB_OUTPUT: join(folder, 'nowhere', 'output') };
    const end = await runAction('backup', { folder, inputs: { 'database-url': urlOf(shop), storage, ...quiet }, environment: broken });
    expectStatus(end, 0);
    expect(end.annotations.map(({ name, data }) => [name, data])).toEqual([
      ['warning', expect.stringMatching(/^The outputs could not be written/)],
      ['warning', expect.stringMatching(/^The summary could not be written \(EISDIR\)/)],
    ]);
    expect(end.text.join('\n')).toContain('| Part | Tables |');
  });

  it('opens an issue when it fails and closes it when it works again', async () => {
    const environment = { ...api.environment, GITHUB_RUN_ID: '7' };
    const token = api.state.token;
    const failed = await runAction('backup', { folder, inputs: { 'database-url': urlOf({ ...shop, port: 1 }), storage }, environment, token });
    expectStatus(failed, 1);
    expect(api.state.issues).toMatchObject([{ state: 'open', title: `Backup of ${shop.database} failed` }]);
    const done = await runAction('backup', { folder, inputs: { 'database-url': urlOf(shop), storage }, environment, token });
    expectStatus(done, 0);
    expect(api.state.issues).toMatchObject([{ state: 'closed' }]);
    expect(failed.everything + done.everything).not.toContain(token);
    expect(done.masks).toContain(token);
  });

  it('is made although the API for the issue cannot be reached, with a warning', async () => {
    const environment = { ...api.environment, GITHUB_API_URL: 'http://127.0.0.1:1' };
    const end = await runAction('backup', { folder, inputs: { 'database-url': urlOf(shop), storage }, environment, token: api.state.token });
    expectStatus(end, 0);
    expect(end.annotations).toMatchObject([{ name: 'warning', data: expect.stringContaining('No issue was closed') }]);
  });

  it('lists tables that it may not read, whatever they are called, as text', async () => {
    await runSql(shop, 'CREATE TABLE "a\n::error::boom" (id int); CREATE TABLE "##[error]<img>" (id int)');
    const target = await roleIn(shop, '');
    const end = await runAction('backup', { folder, inputs: { 'database-url': urlOf(target), storage, ...quiet } });
    expectStatus(end, 1);
    expect(end.annotations).toHaveLength(1);
    expect(end.annotations[0]).toMatchObject({ name: 'error', properties: { title: 'table-not-readable' } });
    expect(end.annotations[0]?.data).toContain('boom');
    expect(end.summary).not.toMatch(/<img|^::/m);
  });
});
