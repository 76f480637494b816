import { spawnSync } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AgeKey, hasAge, newAgeKey } from '../harness/age.ts';
import { type CliEnd, onlyJson, startCli } from '../harness/cli.ts';
import { ownTemporaryFolder } from '../harness/nothing-left.ts';
import { notShown } from '../harness/skipped.ts';

const folder = await ownTemporaryFolder();
const lifeboat = (args: readonly string[], environment: Record<string, string> = {}, inFolder = folder): Promise<CliEnd> =>
  startCli(args, { folder: inFolder, environment }).ended;

describe('lifeboat keygen', () => {
  test('writes a key that only its owner may read, prints what is public of it, and never replaces one', async () => {
    const end = await lifeboat(['keygen', '--out', 'key.txt']);
    const path = join(folder, 'key.txt');
    const text = await readFile(path, 'utf8');
    const [, recipient = '', identity = ''] = /^# created: \S+\n# public key: (age1\S+)\n(AGE-SECRET-KEY-1\S+)\n$/.exec(text) ?? [];
    expect(end).toMatchObject({ status: 0, stdout: expect.stringContaining(`public key: ${recipient}\n`) });
    expect(end.stdout + end.stderr).not.toContain(identity.slice(20));
    expect((await stat(path)).mode & 0o777).toBe(0o600);

    const again = await lifeboat(['keygen', '--out', 'key.txt', '--json']);
    expect(again.status).toBe(1);
    expect(onlyJson(again.stdout)).toMatchObject({ error: { code: 'already-exists' } });
    expect(await readFile(path, 'utf8')).toBe(text);
    expect((await lifeboat(['keygen', '--out', 'no/such/folder'])).status).toBe(2);
    if (!hasAge()) return notShown('age-keygen reads what keygen made', 'age is not installed', 'age');
    expect(spawnSync('age-keygen', ['-y', path], { encoding: 'utf8' }).stdout.trim()).toBe(recipient);
  });

  test('prints the whole key file where no file is named', async () => {
    const plain = await lifeboat(['keygen']);
    expect(plain).toMatchObject({ status: 0, stderr: '' });
    expect(plain.stdout).toMatch(/^# created: \S+\n# public key: age1[0-9a-z]{58}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$/);
    const answer = onlyJson((await lifeboat(['keygen', '--json'])).stdout);
    expect(answer).toMatchObject({ ok: true, for: 'encryption', file: null, secret: expect.stringContaining(String(answer['publicKey'])) });
  });
});

describe('an identity', () => {
  const key: Promise<AgeKey> = newAgeKey();
  const backup = ['backup', '--database-url', 'postgres://x@127.0.0.1:1/x', '--storage', 'file:///nowhere/at/all'];

  test.each<[string, (key: AgeKey) => Promise<CliEnd>]>([
    ['in the place of a recipient', ({ identity }) => lifeboat([...backup, '--encrypt-to', identity])],
    [
      'in a recipients file',
      async ({ identity }) => {
        await writeFile(join(folder, 'recipients.txt'), identity);
        return lifeboat([...backup, '--encrypt-to-file', 'recipients.txt']);
      },
    ],
    [
      'in lifeboat.yml',
      async ({ identity }) => {
        const home = join(folder, 'home');
        await mkdir(home);
        await writeFile(join(home, 'lifeboat.yml'), `databases: { shop: { storage: "file:///x", backup: { encrypt-to: ${identity} } } }\n`);
        return lifeboat(['backup'], {}, home);
      },
    ],
    [
      'with something behind it',
      ({ identity }) => lifeboat(['drill', '--storage', 'file:///x', '--database', 'x', '--identity', `${identity} oops`]),
    ],
    [
      'that lacks its last letter',
      ({ identity }) => lifeboat(['show', '--storage', 'file:///x', '--database', 'x'], { LIFEBOAT_AGE_IDENTITY: identity.slice(0, -1) }),
    ],
  ])('%s is wrong usage, and is never repeated', async (_, run) => {
    const { identity } = await key;
    const { status, stdout, stderr } = await run(await key);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error bad-(?:option|config): /);
    expect(stdout + stderr).not.toContain(identity.slice(20, 50));
  });
});
