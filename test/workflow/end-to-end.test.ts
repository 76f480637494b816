import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { newAgeKey } from '../harness/age.ts';
import { builtActions } from '../harness/bundle.ts';
import { urlOf } from '../harness/cli.ts';
import { type GitHubApiStandIn, startGithubApi } from '../harness/github-api.ts';
import { writeBackup } from '../harness/history.ts';
import { clusterOf, freshDatabase, majors, runSql } from '../harness/postgres.ts';
import { createTestBucket, type TestBucket } from '../harness/s3.ts';
import { shopDatabase } from '../harness/shop.ts';
import { newSigningKeys } from '../harness/signing.ts';
import { runWorkflow } from './runner/workflow.ts';
import type { JobRun, StandIn, WorkflowRun, World } from './runner/world.ts';
import { awsCredentials, checkout } from './stand-ins.ts';
import { createWorld, HOME, ROOT, temporaryFolder } from './world.ts';

const MAJOR = Math.max(...majors());
const ROLE = { LIFEBOAT_AWS_ROLE: 'arn:aws:iam::123456789012:role/lifeboat', AWS_REGION: 'us-east-1' };
// what the machine has: no test installs another
const POSTGRES = { LIFEBOAT_POSTGRES: String(MAJOR) };

const KEYS = newSigningKeys();
const AGE = await newAgeKey();

let shop: ConnectionTarget;
let blog: ConnectionTarget;
let bucket: TestBucket;
let api: GitHubApiStandIn;
let dist: string;
beforeAll(async () => {
  [shop, blog, bucket, api, dist] = await Promise.all([
    shopDatabase(MAJOR),
    shopDatabase(MAJOR),
    createTestBucket(),
    startGithubApi({ issues: [] }),
    builtActions(),
  ]);
});
afterAll(async () => {
  await bucket?.close();
  await api?.close();
});

const lifeboatYml = () => `
storage: s3://${bucket.name}/postgres
databases:
  shop: { database-url-env: SHOP_DATABASE_URL, drill: { rto: 10m, assertions: { orders are there: SELECT count(*) = 3000 FROM shop.orders } } }
  blog: { database-url-env: BLOG_DATABASE_URL }
`;
const ENDPOINT = () => ({ AWS_ENDPOINT_URL_S3: bucket.endpoint });
const linesOfUrls = () => `SHOP_DATABASE_URL=${urlOf(shop)}\nBLOG_DATABASE_URL=${urlOf(blog)}\n`;

/** A repository with two databases, on AWS by OIDC, that signs its backups and encrypts them. */
async function world(part: Partial<World> = {}, files: Readonly<Record<string, string>> = { 'lifeboat.yml': lifeboatYml() }): Promise<World> {
  const { accessKeyId, secretAccessKey } = bucket.credentials;
  const base = await createWorld({
    event: 'schedule',
    secrets: { DATABASE_URLS: linesOfUrls(), LIFEBOAT_SIGNING_KEY: KEYS.privatePem, LIFEBOAT_AGE_IDENTITY: `# drill\n${AGE.identity}\n` },
    variables: { ...ROLE, ...POSTGRES, ...ENDPOINT(), LIFEBOAT_PUBLIC_KEY: KEYS.publicPem, LIFEBOAT_ENCRYPT_TO: `${AGE.recipient}\n` },
    standIns: {
      'actions/checkout': checkout(files, dist),
      'aws-actions/configure-aws-credentials': awsCredentials({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }),
    },
    apiUrl: api.url,
    token: api.state.token,
    ...part,
  });
  return { ...base, machine: { ...base.machine, LIFEBOAT_PG_BINDIR: clusterOf(MAJOR).installation.bindir } };
}

async function run(name: string, where: World): Promise<WorkflowRun> {
  const path = `.github/workflows/${name}.yml`;
  return runWorkflow(path, await where.readWorkflow(path), where);
}

const ends = ({ jobs }: WorkflowRun) => jobs.map(({ id, matrix, result }) => `${id} ${matrix?.['database'] || '-'} ${result}`);
const jobOf = ({ jobs }: WorkflowRun, id: string, database?: string) =>
  jobs.find((job) => job.id === id && (database === undefined || job.matrix?.['database'] === database)) as JobRun;

/** Fails with the logs when jobs ended otherwise. */
function expectEnds(run: WorkflowRun, expected: readonly string[]): void {
  if (ends(run).join() === expected.join()) return;
  throw new Error(`${ends(run).join(', ')}\n${run.jobs.map(({ id, log }) => `=== ${id}\n${log}`).join('\n')}`);
}

/** Of everything that a run printed or wrote for people. */
function expectNoSecrets({ jobs }: WorkflowRun): void {
  const secrets = [shop.password ?? '', bucket.credentials.secretAccessKey, urlOf(shop), urlOf(blog), KEYS.privateText, AGE.identity].filter(
    (secret) => secret.length > 6,
  );
  for (const { log, summary, annotations } of jobs) {
    const everything = [log, summary, JSON.stringify(annotations)].join('\n');
    for (const secret of secrets) expect(everything).not.toContain(secret);
  }
}

describe('from backup to restore', () => {
  it('backs two databases up by night, each by a job that has its own URL only', async () => {
    const nightly = await run('backup', await world());
    expectEnds(nightly, ['databases - success', 'backup shop success', 'backup blog success']);
    expectNoSecrets(nightly);
    for (const [name, other] of [
      ['shop', blog],
      ['blog', shop],
    ] as const) {
      const { summary, unmasked, concurrency, steps } = jobOf(nightly, 'backup', name);
      expect(concurrency).toEqual({ group: `lifeboat-backup-${name}`, cancelInProgress: false });
      expect(summary).toContain(`## Backed up \`${name}\``);
      expect(unmasked).not.toContain(other.database);
      expect(summary).toContain(`| Encrypted | for \`${AGE.recipient}\` |`);
      expect(steps.find((step) => step.name === 'Back up')?.outputs).toMatchObject({
        'backup-id': expect.stringMatching(/^\d{8}T\d{6}Z-/),
        rows: expect.stringMatching(/^\d+$/),
      });
    }
  });

  it('prunes after a backup that succeeded, where that was asked for and lifeboat.yml has a retention', async () => {
    const store = await bucket.open('pruned');
    const days: string[] = [];
    for (const day of [3, 2, 1]) {
      const at = new Date(Date.now() - day * 86_400_000).toISOString();
      days.push(await writeBackup(store, 'shop', { at, drills: ['proven'] }));
    }
    const files = {
      'lifeboat.yml': lifeboatYml()
        .replace('/postgres', '/pruned')
        .replace('SHOP_DATABASE_URL,', 'SHOP_DATABASE_URL, retention: { daily: 1, min-keep: 1 },'),
    };
    const pruning = (part: Partial<World> = {}) =>
      world({ variables: { ...ROLE, ...POSTGRES, ...ENDPOINT(), LIFEBOAT_PRUNE: 'true' }, ...part }, files);
    const outcomes = async (where: World) => {
      const { jobs } = await run('backup', where);
      return jobs.slice(1).map(({ steps, matrix }) => `${matrix?.['database']} ${steps.slice(-2).map(({ outcome }) => outcome)}`);
    };
    expect(await outcomes(await world({}, files))).toEqual(['shop success,skipped', 'blog success,skipped']);
    const secrets = { DATABASE_URLS: linesOfUrls().replace('SHOP_', 'SHIP_') };
    expect(await outcomes(await pruning({ secrets }))).toEqual(['shop failure,skipped', 'blog success,skipped']);
    expect((await store.folders('shop')).slice(0, 3)).toEqual(days);
    expect(await outcomes(await pruning())).toEqual(['shop success,success', 'blog success,skipped']);
    expect(api.state.issues.splice(0).map(({ title, state }) => [title, state])).toEqual([['Backup of shop failed', 'closed']]);
    expect(await store.folders('shop')).toEqual([days[2], expect.any(String), expect.any(String)]);
    await store.close();
  });

  it('examines instead of backing up when asked to, and says what would fail', async () => {
    const store = await bucket.open('examined');
    const files = { 'lifeboat.yml': lifeboatYml().replace('/postgres', '/examined') };
    const outcomes = (run: WorkflowRun) =>
      run.jobs.slice(1).map(({ steps, matrix }) => `${matrix?.['database']} ${steps.slice(-3).map(({ outcome }) => outcome)}`);
    const asked: Partial<World> = { event: 'workflow_dispatch', inputs: { preflight: true } };
    const secrets = { DATABASE_URLS: linesOfUrls().replace(urlOf(blog), 'postgres://nobody:secret@127.0.0.1:9/blog') };
    const examined = await run(
      'backup',
      await world({ ...asked, secrets, variables: { ...ROLE, ...POSTGRES, ...ENDPOINT(), LIFEBOAT_PRUNE: 'true' } }, files),
    );
    expect(outcomes(examined)).toEqual(['shop success,skipped,skipped', 'blog failure,skipped,skipped']);
    expectNoSecrets(examined);
    expect(jobOf(examined, 'backup', 'shop').summary).toContain('| source | reachability | ✅ pass |');
    expect(jobOf(examined, 'backup', 'blog').summary).toContain('❌ `blog` would fail');
    expect(await store.folders('')).toEqual([]);
    expect(api.state.issues).toEqual([]);
    await store.close();
  });

  it('drills both, against what lifeboat.yml says of each', async () => {
    const weekly = await run('drill', await world());
    expectEnds(weekly, ['databases - success', 'drill shop success', 'drill blog success']);
    expectNoSecrets(weekly);
    expect(jobOf(weekly, 'drill', 'shop').summary).toContain('assertions');
    const { outputs = {} } = jobOf(weekly, 'drill', 'blog').steps.at(-1) ?? {};
    expect(outputs).toMatchObject({ ok: 'true', findings: '0' });
    // what one workflow signed, the next one trusted, and signed its proof
    const store = await bucket.open('postgres');
    expect(await store.head(`${outputs['proof']}.sig`)).toMatchObject({ bytes: 64 });
    await store.close();
  });

  it('copies with the keys that lifeboat.yml names, and verifies what lies there; a key that is missing costs the copy only', async () => {
    const { accessKeyId, secretAccessKey } = bucket.credentials;
    const place = `storage: "s3://${bucket.name}/copies", s3-endpoint: "${bucket.endpoint}", s3-region: us-east-1`;
    const copies = `copies: [{ ${place}, access-key-id-env: COPY_ID, secret-access-key-env: COPY_KEY }]`;
    const files = { 'lifeboat.yml': lifeboatYml().replace('databases:', `${copies}\ndatabases:`) };
    const copying = (given: Record<string, string>, secrets: Record<string, string>) =>
      world(
        {
          event: 'workflow_dispatch',
          inputs: { database: 'shop', ...given },
          secrets: { DATABASE_URLS: linesOfUrls(), LIFEBOAT_SIGNING_KEY: KEYS.privatePem, LIFEBOAT_AGE_IDENTITY: AGE.identity, ...secrets },
        },
        files,
      );
    const keyless = await run('backup', await copying({}, {}));
    expectEnds(keyless, ['databases - success', 'backup shop failure']);
    expect(jobOf(keyless, 'backup').steps.find((step) => step.name === 'Back up')?.outputs['backup-id']).toMatch(/^\d{8}T\d{6}Z-/);
    expect(jobOf(keyless, 'backup').annotations).toContainEqual(
      expect.objectContaining({ kind: 'error', title: expect.stringContaining('not copied: bad-option') }),
    );
    api.state.issues.splice(0);

    const keys = { COPY_KEYS: `COPY_ID=${accessKeyId}\nCOPY_KEY=${secretAccessKey}\nOTHER=x` };
    const nightly = await run('backup', await copying({}, keys));
    expectEnds(nightly, ['databases - success', 'backup shop success']);
    expectNoSecrets(nightly);
    const ids = await (await bucket.open('copies')).folders('shop');
    expect(ids).toEqual(await (await bucket.open('postgres')).folders('shop'));

    const verified = await run('verify', await copying({ from: `s3://${bucket.name}/copies` }, keys));
    expectEnds(verified, ['databases - success', 'verify shop success']);
    expect(jobOf(verified, 'verify').steps.at(-1)?.outputs).toMatchObject({ ok: 'true', backups: String(ids.length), damaged: '0' });
    const drawn = await run('drill', await copying({ from: 'any', backup: 'random' }, keys));
    expectEnds(drawn, ['databases - success', 'drill shop success']);
    expect(jobOf(drawn, 'drill').log).toMatch(/Drew backup \S+, by chance one of \d+ older than the newest, from s3:/);
  });

  it('reports on the indexes of both, measured by those drills, and keeps each report', async () => {
    const kept: string[][] = [];
    const keep: StandIn = async ({ inputs, workspace }) => {
      const files = await readdir(join(workspace, inputs['path'] ?? ''));
      kept.push([inputs['name'] ?? '', ...files.sort()]);
      return undefined;
    };
    const where = await world();
    const weekly = await run('index-report', { ...where, standIns: { ...where.standIns, 'actions/upload-artifact': keep } });
    expectEnds(weekly, ['databases - success', 'report shop success', 'report blog success']);
    expectNoSecrets(weekly);
    const files = ['report.json', 'report.md', 'report.sql', 'report.svg'];
    expect(kept.toSorted()).toEqual([
      ['index-report-0', ...files],
      ['index-report-1', ...files],
    ]);
    const { summary, unmasked, steps } = jobOf(weekly, 'report', 'shop');
    expect(summary).toMatch(/Bloat of \d+ indexes: \d+ (?:measured by a drill|by what a drill measured)/);
    expect(unmasked).not.toContain(blog.database);
    expect(steps.find(({ id }) => id === 'report')?.outputs).toMatchObject({ findings: '0', bloated: '0' });
  });

  it('watches both, and finds nothing', async () => {
    const daily = await run('watch', await world({ event: 'workflow_dispatch' }));
    expectEnds(daily, ['databases - success', 'watch shop success', 'watch blog success']);
  });

  const restoring = (target: ConnectionTarget, confirm: string, more: Record<string, string> = {}, approved = true): Partial<World> => {
    const secrets = { TARGET_DATABASE_URL: urlOf(target), TARGET_DATABASE_URLS: `a=postgres://nobody@127.0.0.1:9/x\nspare=${urlOf(target)}` };
    return {
      event: 'workflow_dispatch',
      inputs: { database: 'shop', confirm, postgres: String(MAJOR), ...more },
      environments: { 'restore-plan': { secrets, approved: true }, restore: { secrets, approved } },
    };
  };
  const ONE: Partial<World> = { event: 'workflow_dispatch', inputs: { database: 'shop' } };
  const ordersIn = (target: ConnectionTarget) =>
    runSql(target, "SELECT to_regclass('shop.orders')::text AS orders, to_regclass('shop.audit')::text AS audit");

  it('restores after a dry run, once somebody has approved', async () => {
    const target = await freshDatabase(MAJOR);
    const refused = await run('restore', await world(restoring(target, target.database, {}, false)));
    expectEnds(refused, ['plan - success', 'restore - failure']);
    expect(jobOf(refused, 'plan').summary).toContain('Dry run');
    expect(await ordersIn(target)).toEqual([{ orders: null, audit: null }]);

    const approved = await run('restore', await world(restoring(target, target.database)));
    expectEnds(approved, ['plan - success', 'restore - success']);
    expectNoSecrets(approved);
    expect(jobOf(approved, 'restore').environment).toBe('restore');
    const [{ rows } = { rows: 0 }] = await runSql<{ rows: number }>(target, 'SELECT count(*)::int AS rows FROM shop.orders');
    expect(rows).toBe(3000);
  });

  it('restores what was approved, although a newer backup was made in between', async () => {
    const target = await freshDatabase(MAJOR);
    const base = await world(restoring(target, target.database));
    const fetch = base.standIns['actions/checkout'] as StandIn;
    let fetched = 0;
    const meanwhile: StandIn = async (call) => {
      fetched += 1;
      // the dry run fetches two things, then comes the restore
      if (fetched === 3) expectEnds(await run('backup', await world(ONE)), ['databases - success', 'backup shop success']);
      return fetch(call);
    };
    const approved = await run('restore', { ...base, standIns: { ...base.standIns, 'actions/checkout': meanwhile } });
    expectEnds(approved, ['plan - success', 'restore - success']);
    const { backup = '' } = jobOf(approved, 'plan').outputs;
    expect(backup).toMatch(/^\d{8}T\d{6}Z-/);
    expect(jobOf(approved, 'restore').steps.at(-1)?.outputs).toMatchObject({ backup });
  });

  it('restores single tables into a target by name', async () => {
    const target = await freshDatabase(MAJOR);
    const some = await run('restore', await world(restoring(target, target.database, { target: 'spare', tables: 'shop.audit, shop.customers' })));
    expectEnds(some, ['plan - success', 'restore - success']);
    expect(await ordersIn(target)).toEqual([{ orders: null, audit: 'shop.audit' }]);
  });

  it('does not restore when the name was typed wrong, or the target is unknown', async () => {
    const target = await freshDatabase(MAJOR);
    const wrong = await run('restore', await world(restoring(target, 'shop')));
    expectEnds(wrong, ['plan - failure', 'restore - skipped']);
    expect(jobOf(wrong, 'plan').annotations).toContainEqual(
      expect.objectContaining({ kind: 'error', title: expect.stringContaining('wrong-confirmation') }),
    );
    const unknown = await run('restore', await world(restoring(target, target.database, { target: 'spar' })));
    expectEnds(unknown, ['plan - failure', 'restore - skipped']);
    expect(jobOf(unknown, 'plan').log).toMatch(/No secret line spar=… was passed/);
    expect(await ordersIn(target)).toEqual([{ orders: null, audit: null }]);
  });
});

describe('what goes wrong', () => {
  it('opens the issue also when what comes before the backup fails, as AWS does when it refuses the role', async () => {
    const { standIns, machine, ...rest } = await world();
    const refused = async () => Promise.reject(new Error('Not authorized to perform sts:AssumeRoleWithWebIdentity'));
    const without = { ...standIns, 'aws-actions/configure-aws-credentials': refused };
    const night = await run('backup', { ...rest, standIns: without, machine: { ...machine, AWS_EC2_METADATA_DISABLED: 'true' } });
    expectEnds(night, ['databases - success', 'backup shop failure', 'backup blog failure']);
    const opened = api.state.issues.splice(0);
    expect(opened.map(({ title }) => title).toSorted()).toEqual(['Backup of blog failed', 'Backup of shop failed']);
  });

  it('fails one database and not the other, opens one issue, and closes it on recovery', async () => {
    const secrets = { DATABASE_URLS: linesOfUrls().replace('BLOG_', 'BLOCK_') };
    for (const _ of ['first night', 'second night']) {
      const night = await run('backup', await world({ secrets }));
      expectEnds(night, ['databases - success', 'backup shop success', 'backup blog failure']);
      expect(jobOf(night, 'backup', 'blog').log).toMatch(/BLOG_DATABASE_URL, which is not set/);
    }
    expect(api.state.issues.map(({ state, labels }) => [state, labels.map(({ name }) => name)])).toEqual([['open', ['lifeboat']]]);
    expect(api.state.issues[0]?.title).toContain('blog');

    expectEnds(await run('backup', await world({ event: 'workflow_dispatch', inputs: { database: 'blog' } })), [
      'databases - success',
      'backup blog success',
    ]);
    expect(api.state.issues.map(({ state }) => state)).toEqual(['closed']);
  });

  it('refuses a database that lifeboat.yml does not have, before any job is made', async () => {
    const wrong = await run('backup', await world({ event: 'workflow_dispatch', inputs: { database: 'shpo' } }));
    expectEnds(wrong, ['databases - failure', 'backup - skipped']);
    expect(jobOf(wrong, 'databases').log).toMatch(/"shpo" is not in lifeboat\.yml: did you mean shop\?/);
  });

  it('does nothing on schedule where nothing is set up, and says so', async () => {
    const idle = await run('backup', await world({ secrets: {}, variables: POSTGRES }, {}));
    expectEnds(idle, ['databases - success', 'backup - skipped']);
    expect(jobOf(idle, 'databases').annotations).toContainEqual(expect.objectContaining({ kind: 'notice', title: 'Nothing set up' }));
  });
});

describe('called from another repository', () => {
  const call = async (example: string, storage: string, part: Partial<World>, files = {}, database = 'shop') => {
    const text = (await readFile(join(ROOT, 'examples', example), 'utf8')).replaceAll('OWNER/pg-lifeboat', HOME);
    const own = text.replaceAll('s3://my-bucket/postgres', storage).replaceAll('database: shop', `database: ${database}`);
    return runWorkflow('.github/workflows/nightly.yml', own, await world({ variables: { ...ROLE, ...POSTGRES, ...ENDPOINT() }, ...part }, files));
  };

  it('backs up and drills with the ten lines of the first example, on AWS by OIDC', async () => {
    const storage = `s3://${bucket.name}/ten-lines`;
    const secrets = { DATABASE_URL: urlOf(shop) };
    const variables = { ...POSTGRES, AWS_ENDPOINT_URL_S3: bucket.endpoint };
    const nightly = await call('aws.yml', storage, { secrets, variables });
    expectEnds(nightly, ['backup / databases - success', 'backup / backup - success']);
    // of three waiting in one group GitHub cancels one: callers that name no database must not share it
    expect(jobOf(nightly, 'backup / backup').concurrency?.group).toBe('lifeboat-backup-Backup');
    const weekly = await call('aws-drill.yml', storage, { secrets, variables }, {}, shop.database);
    expectEnds(weekly, ['drill / databases - success', `drill / drill ${shop.database} success`]);
    for (const run of [nightly, weekly]) expectNoSecrets(run);
  });

  it('does of several things what this schedule is for', async () => {
    const weekly = await call('several.yml', '', { schedule: '43 4 * * 6' }, { 'lifeboat.yml': lifeboatYml() });
    expectEnds(weekly, [
      'backup - skipped',
      'drill / databases - success',
      'drill / drill shop success',
      'drill / drill blog success',
      'watch - skipped',
    ]);
  });

  it('backs up the one database of the secret DATABASE_URL, with the keys it was given', async () => {
    const { accessKeyId, secretAccessKey } = bucket.credentials;
    const secrets = { DATABASE_URL: urlOf(shop), AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const nightly = await call('keys.yml', `s3://${bucket.name}/called`, {
      secrets,
      variables: { ...POSTGRES, AWS_ENDPOINT_URL_S3: bucket.endpoint },
    });
    expectEnds(nightly, ['backup / databases - success', 'backup / backup - success']);
    expect(jobOf(nightly, 'backup / backup').summary).toContain(shop.database);
    expectNoSecrets(nightly);
  });

  it('says where a secret has to come from that was not passed on', async () => {
    const storage = pathToFileURL(await temporaryFolder()).href;
    const nightly = await call('keys.yml', storage, { secrets: {} });
    expectEnds(nightly, ['backup / databases - success', 'backup / backup - failure']);
    expect(jobOf(nightly, 'backup / backup').log).toMatch(/database-url is empty.*a called workflow gets secrets only through `secrets:`/);
    // nobody knew yet which database it was about: the first success in this workflow closes the issue all the same
    const [issue] = api.state.issues.filter(({ state }) => state === 'open');
    expect(issue?.title).toBe('Backup of a database of workflow Backup failed');
    const repaired = await call('keys.yml', storage, { secrets: { DATABASE_URL: urlOf(shop) } });
    expectEnds(repaired, ['backup / databases - success', 'backup / backup - success']);
    expect(issue?.state).toBe('closed');
  });

  it('builds the actions where the workflow is that of a branch, which has no dist', async () => {
    const storage = pathToFileURL(await temporaryFolder()).href;
    const { standIns } = await world();
    const fromMain = { ...standIns, 'actions/checkout': checkout({}, null) };
    const nightly = await call('keys.yml', storage, { secrets: { DATABASE_URL: urlOf(shop) }, standIns: fromMain });
    expectEnds(nightly, ['backup / databases - success', 'backup / backup - success']);
    expect(jobOf(nightly, 'backup / backup').log).toMatch(/in all \d\.\d+ MB/);
    expect(jobOf(nightly, 'backup / backup').log).not.toContain('Installing packages');
  });
});
