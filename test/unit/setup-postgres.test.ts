import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { take } from '../../src/github/setup-postgres/install.ts';
import { codenameOf } from '../../src/github/setup-postgres/machine.ts';
import { readPublicKey } from '../../src/github/setup-postgres/openpgp.ts';
import {
  aptInstall,
  asRoot,
  brewInstall,
  type Command,
  type Machine,
  planSetup,
  type Step,
  sentenceOf,
} from '../../src/github/setup-postgres/plan.ts';
import { CREATE_CLUSTER, offers, PGDG, sourcesText, withoutMainCluster } from '../../src/github/setup-postgres/repository.ts';
import type { Installation } from '../../src/postgres/programs.ts';
import { notShown } from '../harness/skipped.ts';
import { thrownBy } from '../harness/thrown.ts';

const run = promisify(execFile);

function has(client: number | null, server: number | null): Installation {
  const version = (major: number | null) => (major === null ? null : { major, version: `${major}.1` });
  return { bindir: `/pg/${client ?? 'no'}-${server ?? 'no'}`, client: version(client), server: version(server) };
}

const RUNNER: Machine = { platform: 'linux', installations: [has(16, 16)], codename: 'noble', repositoryKnown: false, brew: false, root: 'sudo' };
const MAC: Machine = { platform: 'darwin', installations: [], codename: null, repositoryKnown: false, brew: true, root: 'no' };
const INSTALL_17: Step = { kind: 'apt-install', majors: [17], packages: ['postgresql-client-17', 'postgresql-17'] };

describe('what is done on a runner', () => {
  it.each<[string, number[], Partial<Machine>, Step[]]>([
    ['that has it: nothing', [16], {}, [{ kind: 'use', major: 16, bindir: '/pg/16-16' }]],
    [
      'that has all of several',
      [18, 16],
      { installations: [has(16, 16), has(18, 18)] },
      [
        { kind: 'use', major: 18, bindir: '/pg/18-18' },
        { kind: 'use', major: 16, bindir: '/pg/16-16' },
      ],
    ],
    ['that has another', [17], {}, [{ kind: 'add-repository', codename: 'noble' }, INSTALL_17]],
    ['that has only the client', [17], { installations: [has(17, null)] }, [{ kind: 'add-repository', codename: 'noble' }, INSTALL_17]],
    [
      'whose client and server are of different folders',
      [17],
      { installations: [has(17, null), has(null, 17)] },
      [{ kind: 'add-repository', codename: 'noble' }, INSTALL_17],
    ],
    ['that knows the repository', [17], { repositoryKnown: true }, [INSTALL_17]],
    ['that has one of two', [16, 17], { repositoryKnown: true }, [{ kind: 'use', major: 16, bindir: '/pg/16-16' }, INSTALL_17]],
    [
      'that has none of two',
      [17, 18],
      { root: 'already', repositoryKnown: true },
      [{ kind: 'apt-install', majors: [17, 18], packages: ['postgresql-client-17', 'postgresql-17', 'postgresql-client-18', 'postgresql-18'] }],
    ],
    ['with macOS', [17], MAC, [{ kind: 'brew-install', majors: [17], formulae: ['postgresql@17'] }]],
    ['with macOS that has it', [17], { ...MAC, installations: [has(17, 17)] }, [{ kind: 'use', major: 17, bindir: '/pg/17-17' }]],
    ['with Windows that has it', [16], { platform: 'win32' }, [{ kind: 'use', major: 16, bindir: '/pg/16-16' }]],
  ])('%s', (_, majors, change, steps) => {
    expect(planSetup(majors, { ...RUNNER, ...change })).toEqual(steps);
    for (const step of steps) expect(sentenceOf(step)).toMatch(/^\S.*\.$/);
  });

  it.each<[string, Partial<Machine>, RegExp]>([
    ['without root', { root: 'no' }, /root, or sudo without a password/],
    ['without apt-get', { codename: null }, /Debian, Ubuntu and macOS only/],
    ['with Windows', { platform: 'win32', codename: null }, /Debian, Ubuntu and macOS only/],
    ['with macOS but no Homebrew', { ...MAC, brew: false }, /Homebrew is not there/],
  ])('%s: it says what is missing', (_, change, message) => {
    const error = thrownBy(() => planSetup([17], { ...RUNNER, ...change }));
    expect(error.code).toBe('client-missing');
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(/postgresql-17/);
  });
});

describe('commands', () => {
  test('are run as root by whatever makes root', () => {
    const command = aptInstall(['postgresql-17'], '/tools/apt');
    expect(command.args).toEqual(expect.arrayContaining(['install', '--no-install-recommends', 'Dir::Cache::archives=/tools/apt/', 'postgresql-17']));
    expect(asRoot(command, 'already')).toEqual(command);
    expect(asRoot(command, 'sudo')).toEqual({ program: 'sudo', args: ['-n', 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...command.args] });
    expect(aptInstall(['x'], null).args.join(' ')).not.toContain('archives');
    expect(brewInstall(['postgresql@17']).args).toEqual(['install', '--quiet', 'postgresql@17']);
  });
});

describe('steps', () => {
  const recorded = async (step: Step, how: Machine['root'], answers: Record<string, string> = {}) => {
    const commands: string[] = [];
    const run = async ({ program, args, env = {} }: Command) => {
      const line = [...Object.entries(env).map(([name, value]) => `${name}=${value}`), program, ...args].join(' ');
      commands.push(line.replaceAll(/\S*lifeboat-setup-\S+/g, 'COPY'));
      return answers[[program, ...args].join(' ')] ?? '';
    };
    const root = await mkdtemp(join(tmpdir(), 'lifeboat-steps-'));
    try {
      await mkdir(join(root, 'etc/postgresql-common'), { recursive: true });
      await writeFile(join(root, CREATE_CLUSTER), 'ssl = on\n');
      const place = { run, how, repository: PGDG, archives: '/tools/apt', root, signal: new AbortController().signal };
      return { brought: await take(step, place), commands: commands.map((line) => line.replaceAll(root, '')), root };
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  };

  test('by apt run every command through sudo where that makes root, and put the configuration back', async () => {
    const { commands, brought, root } = await recorded(INSTALL_17, 'sudo');
    expect(commands).toEqual([
      'sudo -n mkdir -p /tools/apt/partial',
      expect.stringMatching(/^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update/),
      expect.stringMatching(/^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install .*postgresql-common$/),
      'sudo -n install -D -m 0644 COPY /etc/postgresql-common/createcluster.conf',
      expect.stringMatching(/^sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install .*postgresql-17$/),
      'sudo -n install -D -m 0644 COPY /etc/postgresql-common/createcluster.conf',
    ]);
    expect(brought).toEqual([{ major: 17, bindir: `${root}/usr/lib/postgresql/17/bin` }]);
  });

  test('by Homebrew ask where it put them', async () => {
    const step: Step = { kind: 'brew-install', majors: [16, 17], formulae: ['postgresql@16', 'postgresql@17'] };
    const answers = {
      'brew --prefix postgresql@16': '/opt/homebrew/opt/postgresql@16\n',
      'brew --prefix postgresql@17': '/usr/local/opt/postgresql@17\n',
    };
    const { commands, brought } = await recorded(step, 'no', answers);
    expect(commands[0]).toMatch(/brew install --quiet postgresql@16 postgresql@17$/);
    expect(brought).toEqual([
      { major: 16, bindir: '/opt/homebrew/opt/postgresql@16/bin' },
      { major: 17, bindir: '/usr/local/opt/postgresql@17/bin' },
    ]);
  });
});

describe('the release of a system', () => {
  it.each([
    ['NAME="Ubuntu"\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n', 'noble'],
    ['ID=debian\nVERSION_CODENAME=bookworm\n', 'bookworm'],
    ['ID=linuxmint\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n', 'noble'],
    ['ID=fedora\nVERSION_CODENAME=""\n', null],
    ['VERSION_CODENAME="x; rm -rf /"\n', null],
    ['', null],
  ])('%j is %s', (text, codename) => {
    expect(codenameOf(text)).toBe(codename);
  });
});

describe('the repository', () => {
  it.each([
    ['deb [signed-by=/x.asc] https://apt.postgresql.org/pub/repos/apt noble-pgdg main\n', true],
    ['deb http://apt.postgresql.org/pub/repos/apt/ noble-pgdg main', true],
    ['# deb https://apt.postgresql.org/pub/repos/apt noble-pgdg main', false],
    ['deb https://apt.postgresql.org/pub/repos/apt jammy-pgdg main', false],
    ['deb http://archive.ubuntu.com/ubuntu noble main\n', false],
    [sourcesText(PGDG, 'noble', '/k.gpg'), true],
    [`Enabled: no\n${sourcesText(PGDG, 'noble', '/k.gpg')}`, false],
    [
      'Types: deb\nURIs: https://example.com/apt\nSuites: noble-pgdg\n\nTypes: deb\nURIs: https://apt.postgresql.org/pub/repos/apt\nSuites: jammy-pgdg\n',
      false,
    ],
    ['', false],
  ])('is offered by %j: %s', (text, expected) => {
    expect(offers(text, PGDG, 'noble')).toBe(expected);
  });

  test('believes its own key only', () => {
    expect(sourcesText(PGDG, 'noble', '/k.gpg')).toBe(
      'Types: deb\nURIs: https://apt.postgresql.org/pub/repos/apt\nSuites: noble-pgdg\nComponents: main\nSigned-By: /k.gpg\n',
    );
  });
});

describe('createcluster.conf', () => {
  it.each([
    ['a\n#create_main_cluster = true\nb\n', 'a\ncreate_main_cluster = false\nb\n'],
    ['create_main_cluster = true', 'create_main_cluster = false'],
    ['ssl = on\n', 'ssl = on\ncreate_main_cluster = false\n'],
    ['', '\ncreate_main_cluster = false\n'],
    ['create_main_cluster = false\n', null],
    ["create_main_cluster='off'\n", null],
  ])('%j becomes %j', (before, after) => {
    expect(withoutMainCluster(before)).toBe(after);
  });
});

describe('the key', () => {
  const SHIPPED = '/usr/share/postgresql-common/pgdg/apt.postgresql.org.asc';

  test('that Debian ships has the fingerprint that is pinned', async () => {
    if (!existsSync(SHIPPED)) return notShown('the fingerprint of the real signing key', `${SHIPPED} is not there`);
    const armored = await readFile(SHIPPED, 'utf8');
    const key = readPublicKey(armored);
    expect(key?.fingerprint).toBe(PGDG.fingerprint);
    expect(Buffer.from(key?.bytes ?? []).equals(await readFile(SHIPPED.replace('.asc', '.gpg')))).toBe(true);
    // Windows' line ends and a comment are nothing that counts
    expect(readPublicKey(armored.replace('\n\n', '\nComment: x\n\n').replaceAll('\n', '\r\n'))?.fingerprint).toBe(PGDG.fingerprint);
    const { stdout } = await run('gpg', ['--show-keys', '--with-colons', SHIPPED]).catch(() => ({ stdout: null }));
    if (stdout === null) return notShown('that gpg reads the same fingerprint', 'gpg is not there');
    expect(/^fpr:+([0-9A-F]+):/m.exec(stdout)?.[1]).toBe(PGDG.fingerprint);
  });

  const packet = (tag: number, body: number[]) => [0xc0 | tag, body.length, ...body];
  const armor = (bytes: number[], kind = 'PUBLIC KEY BLOCK') =>
    `-----BEGIN PGP ${kind}-----\n\n${Buffer.from(bytes).toString('base64')}\n=abcd\n-----END PGP ${kind}-----\n`;
  const KEY = packet(6, [4, 0, 0, 0, 0, 1, 2, 3]);

  it.each<[string, string]>([
    ['nothing', ''],
    ['a page of HTML', '<html>404</html>'],
    ['a private key', armor(packet(5, [4, 0]), 'PRIVATE KEY BLOCK')],
    ['a second key behind the first', armor([...KEY, ...KEY])],
    ['a second block behind the first', armor(KEY) + armor(KEY)],
    ['a subkey without a key', armor(packet(14, [4, 0]))],
    ['a key of another version', armor(packet(6, [5, 0, 0]))],
    ['something else behind the key', armor([...KEY, ...packet(11, [1])])],
    ['a length beyond the end', armor([0xc6, 200, 4])],
    ['rubbish', armor([1, 2, 3])],
    ['what is not base64', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP PUBLIC KEY BLOCK-----\n'],
  ])('is not %s', (_, text) => {
    expect(readPublicKey(text)).toBeNull();
  });

  test('is one key, with its names and signatures', () => {
    const key = readPublicKey(armor([...KEY, ...packet(13, [65]), ...packet(2, [1]), ...packet(14, [4])]));
    // SHA-1 of 0x99, two bytes of length, and the packet
    expect(key?.fingerprint).toMatch(/^[0-9A-F]{40}$/);
    expect(key?.bytes.length).toBe(KEY.length + 9);
  });
});
