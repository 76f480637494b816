import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../src/cli/program.ts';
import { silentLog } from '../../src/context.ts';
import { matrix } from '../../src/matrix/matrix.ts';
import { readConfigFile } from '../../src/options/config-file.ts';
import { readOptions } from '../../src/options/read.ts';
import { onlyJson, startCli } from '../harness/cli.ts';
import { rejectionOf } from '../harness/thrown.ts';

const TWO = `
storage: s3://bucket/postgres
databases:
  shop: { database-url-env: SHOP_DATABASE_URL, drill: { into-env: SCRATCH_URL } }
  "the blog":
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lb-matrix-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(text: string, given: Record<string, unknown> = {}) {
  const config = join(folder, 'lifeboat.yml');
  await writeFile(config, text);
  const warnings: string[] = [];
  const context = { log: { ...silentLog, warn: (line: string) => warnings.push(line) }, signal: new AbortController().signal, environment: {} };
  return { ...(await matrix(readOptions('matrix', { given: { config, ...given }, environment: {} }), context)), warnings };
}

describe('matrix', () => {
  it('is what strategy.matrix takes, with the variables that hold the secrets of this verb', async () => {
    const both = await run(TWO);
    expect(both).toMatchObject({
      databases: 2,
      matrix: { include: [{ database: 'shop', 'database-url-env': 'SHOP_DATABASE_URL' }, { database: 'the blog' }] },
    });
    const drill = await run(TWO, { for: 'drill' });
    expect(drill.matrix).toEqual({ include: [{ database: 'shop', 'into-env': 'SCRATCH_URL' }, { database: 'the blog' }] });
  });

  it('names the variables with the keys of copies, for the verbs that read or write them', async () => {
    const key = (name: string) => `access-key-id-env: ${name}_ID, secret-access-key-env: ${name}_KEY`;
    const text = `copies: [{ storage: "s3://a", ${key('A')} }, { storage: "s3://b", ${key('A')} }, { storage: "s3://c" }]
databases: { shop: , blog: { copies: [{ storage: "s3://d", ${key('D')} }] }, notes: { copies: [] } }`;
    for (const verb of ['backup', 'drill', 'verify']) {
      const { include } = (await run(text, { for: verb })).matrix;
      expect(include.map((entry) => entry['copies-env'])).toEqual(['A_ID A_KEY', 'D_ID D_KEY', undefined]);
    }
    expect((await run(text, { for: 'watch' })).matrix.include.map((entry) => entry['copies-env'])).toEqual([undefined, undefined, undefined]);
  });

  it('narrows to one database, and offers the nearest of those it has', async () => {
    expect((await run(TWO, { database: 'the blog' })).matrix).toEqual({ include: [{ database: 'the blog' }] });
    expect((await rejectionOf(run(TWO, { database: 'shpo' }))).message).toMatch(/Database "shpo" is not in .*lifeboat\.yml: did you mean shop\?$/);
  });

  it('without databases in the file, is the one that was asked for, or none', async () => {
    expect(await run('storage: s3://bucket/postgres')).toMatchObject({ databases: 0, matrix: { include: [] } });
    expect((await run('storage: s3://bucket/postgres', { database: 'shop' })).matrix).toEqual({ include: [{ database: 'shop' }] });
  });

  it('says for a backup which databases have a retention, their own or that at the top', async () => {
    const retentionOf = async (text: string, given = {}) => (await run(text, given)).matrix.include.map(({ retention }) => retention);
    expect(await retentionOf(TWO)).toEqual([undefined, undefined]);
    expect(await retentionOf(`retention: { daily: 7 }\n${TWO}`)).toEqual([true, true]);
    expect(await retentionOf(`retention: { daily: 7 }\n${TWO}`, { for: 'drill' })).toEqual([undefined, undefined]);
    expect(await retentionOf(`retention: { min-keep: 7 }\n${TWO}`)).toEqual([undefined, undefined]);
    expect(
      await retentionOf('retention: { daily: 7 }\ndatabases: { a: { retention: { daily: 0 } }, b: { retention: { keep-within: 30d } } }'),
    ).toEqual([undefined, true]);
  });

  it('is cut at what GitHub allows, and says so', async () => {
    const many = `databases: { ${Array.from({ length: 300 }, (_, i) => `db${i}: `).join(', ')} }`;
    const { matrix: cut, warnings } = await run(many);
    expect(cut.include).toHaveLength(256);
    expect(warnings).toEqual(['A matrix holds at most 256 databases; 44 are left out, the first of them db256: give their names one by one.']);
    expect((await run(many, { database: 'db299' })).matrix.include).toHaveLength(1);
  });

  it('refuses a file with a password in it, and one that was named and is not there', async () => {
    const leaking = await rejectionOf(run('databases: { shop: { storage: "postgres://u:hunter2@h/d" } }'));
    expect(leaking.code).toBe('bad-config');
    expect(`${leaking.message}${leaking.remedy}`).not.toContain('hunter2');
    expect((await rejectionOf(run(TWO, { config: join(folder, 'none.yml') }))).message).toMatch(/none\.yml is not there/);
  });

  it('is one line of JSON on the command line', async () => {
    await writeFile(join(folder, 'lifeboat.yml'), TWO);
    const { status, stdout, stderr } = await startCli(['matrix', '--json', '--for', 'drill'], { folder }).ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const include = [{ database: 'shop', 'into-env': 'SCRATCH_URL' }, { database: 'the blog' }];
    expect(onlyJson(stdout)).toEqual({ ok: true, matrix: { include }, databases: 2 });
  });

  it('has --config as an option of its own, which nothing else reads', async () => {
    expect(parseArguments(['matrix', '--config', 'x.yml', '--json'])).toMatchObject({
      verb: 'matrix',
      given: { config: 'x.yml' },
      config: undefined,
    });
    expect(parseArguments(['backup', '--config', 'x.yml'])).toMatchObject({ verb: 'backup', given: {}, config: 'x.yml' });
    expect(await readConfigFile(join(folder, 'none.yml'), 'matrix', {})).toBeNull();
  });
});
