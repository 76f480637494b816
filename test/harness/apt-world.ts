import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Repository } from '../../src/github/setup-postgres/repository.ts';

const run = promisify(execFile);

/** A root folder of its own for apt and dpkg, and a signed repository to install from, whose packages are shell scripts. */
export interface AptWorld {
  readonly root: string;
  readonly repository: Repository;
  /** Tells apt to stay in there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Signs the repository with a key that is not the one it shows. */
  signWithAnotherKey(): Promise<void>;
  close(): Promise<void>;
}

/** Why there can be none here; `null` when there can. */
export function whyNoAptWorld(): string | null {
  const missing = ['/usr/bin/apt-get', '/usr/bin/dpkg-deb', '/usr/bin/gpg'].filter((program) => !existsSync(program));
  if (missing.length > 0) return `${missing.join(', ')} not found`;
  return process.getuid?.() === 0 ? null : 'dpkg installs as root only';
}

/** The packages of one major that does not exist: what a real one has on this machine must not matter. */
export async function startAptWorld(major: number, codename: string): Promise<AptWorld> {
  const home = await mkdtemp(join(tmpdir(), 'lb-apt-'));
  const [root, files, keys] = ['root', 'files', 'k'].map((name) => join(home, name)) as [string, string, string];
  const { stdout } = await run('dpkg', ['--print-architecture']);
  const architecture = stdout.trim();
  await makeRoot(root, codename);
  await mkdir(keys, { mode: 0o700 });
  const fingerprint = await newKey(keys, 'right@example.com');
  await newKey(keys, 'other@example.com');
  await mkdir(join(files, 'pool'), { recursive: true });
  for (const made of packagesOf(major)) await buildPackage(made, architecture, join(files, 'pool'), home);
  const dist = join(files, 'dists', `${codename}-pgdg`);
  const sign = (user: string) => signDist(dist, keys, user);
  await indexPackages(files, dist, architecture);
  await sign('right@example.com');
  const exported = await run('gpg', ['--homedir', keys, '--armor', '--export', 'right@example.com']);
  await writeFile(join(files, 'key.asc'), exported.stdout);

  const server = createServer(async (request, response) => {
    const file = await readFile(join(files, decodeURIComponent(new URL(request.url ?? '', 'http://x').pathname))).catch(() => null);
    response.writeHead(file === null ? 404 : 200).end(file ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    root,
    repository: { uri, keyUrl: `${uri}/key.asc`, fingerprint },
    environment: { APT_CONFIG: join(root, 'apt.conf'), DPKG_ROOT: root },
    signWithAnotherKey: () => sign('other@example.com'),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await run('gpgconf', ['--homedir', keys, '--kill', 'all']).catch(() => undefined);
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function makeRoot(root: string, codename: string): Promise<void> {
  const folders = [
    'etc/apt/apt.conf.d',
    'etc/apt/sources.list.d',
    'etc/apt/preferences.d',
    'etc/apt/trusted.gpg.d',
    'var/cache/apt/archives/partial',
  ];
  for (const folder of [...folders, 'var/lib/apt/lists/partial', 'var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/log/apt'])
    await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, 'var/lib/dpkg/status'), '');
  await writeFile(join(root, 'etc/os-release'), `ID=debian\nVERSION_CODENAME=${codename}\n`);
  await writeFile(
    join(root, 'apt.conf'),
    [
      `Dir "${root}";`,
      `Dir::State::status "${root}/var/lib/dpkg/status";`,
      'APT::Sandbox::User "root";',
      'Acquire::http::Proxy "DIRECT";',
      `DPkg::Options { "--root=${root}"; "--force-script-chrootless"; };`,
      '',
    ].join('\n'),
  );
}

interface Package {
  readonly name: string;
  readonly depends?: string;
  readonly files: Readonly<Record<string, string>>;
  readonly conffiles?: readonly string[];
  readonly postinst?: string;
}

const CREATE_CLUSTER = '/etc/postgresql-common/createcluster.conf';

/** As Debian's packages do, the server makes a cluster unless it is told not to. */
function packagesOf(major: number): Package[] {
  const programs = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`/usr/lib/postgresql/${major}/bin/${name}`, `#!/bin/sh\necho '${name} (PostgreSQL) ${major}.3'\n`]));
  return [
    { name: 'postgresql-common', files: { [CREATE_CLUSTER]: '#create_main_cluster = true\nssl = on\n' }, conffiles: [CREATE_CLUSTER] },
    { name: `postgresql-client-${major}`, depends: 'postgresql-common', files: programs(['pg_dump', 'pg_restore', 'psql']) },
    {
      name: `postgresql-${major}`,
      depends: `postgresql-client-${major}`,
      files: programs(['postgres', 'initdb']),
      postinst: `grep -q '^create_main_cluster = false' "$DPKG_ROOT${CREATE_CLUSTER}" || touch "$DPKG_ROOT/cluster-created"`,
    },
  ];
}

async function buildPackage(
  { name, depends, files, conffiles = [], postinst }: Package,
  architecture: string,
  pool: string,
  home: string,
): Promise<void> {
  const tree = join(home, `tree-${name}`);
  const put = async (path: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
    await chmod(join(tree, path), mode);
  };
  const control = [
    `Package: ${name}`,
    'Version: 1.0',
    `Architecture: ${architecture}`,
    'Maintainer: Nobody <nobody@example.com>',
    ...(depends ? [`Depends: ${depends}`] : []),
    'Description: a stand-in',
  ];
  await put('DEBIAN/control', `${control.join('\n')}\n`);
  if (conffiles.length > 0) await put('DEBIAN/conffiles', `${conffiles.join('\n')}\n`);
  if (postinst) await put('DEBIAN/postinst', `#!/bin/sh\nset -e\n${postinst}\n`, 0o755);
  for (const [path, text] of Object.entries(files)) await put(path, text, path.includes('/bin/') ? 0o755 : 0o644);
  await run('dpkg-deb', ['--build', '--root-owner-group', tree, join(pool, `${name}.deb`)]);
}

async function indexPackages(files: string, dist: string, architecture: string): Promise<void> {
  const stanzas: string[] = [];
  const { stdout } = await run('sh', ['-c', 'ls pool/*.deb'], { cwd: files });
  for (const name of stdout.trim().split('\n')) {
    const control = (await run('dpkg-deb', ['--field', join(files, name)])).stdout.trim();
    const bytes = await readFile(join(files, name));
    stanzas.push(`${control}\nFilename: ${name}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`);
  }
  const index = join('main', `binary-${architecture}`, 'Packages');
  const packages = stanzas.join('\n');
  await mkdir(dirname(join(dist, index)), { recursive: true });
  await writeFile(join(dist, index), packages);
  const suite = dist.split('/').at(-1);
  const head = [`Suite: ${suite}`, `Codename: ${suite}`, 'Components: main', `Architectures: ${architecture}`, `Date: ${new Date().toUTCString()}`];
  await writeFile(join(dist, 'Release'), `${head.join('\n')}\nSHA256:\n ${sha256(packages)} ${Buffer.byteLength(packages)} ${index}\n`);
}

async function signDist(dist: string, keys: string, user: string): Promise<void> {
  await run('gpg', [
    '--homedir',
    keys,
    '--batch',
    '--yes',
    '--local-user',
    user,
    '--clearsign',
    '--output',
    join(dist, 'InRelease'),
    join(dist, 'Release'),
  ]);
}

/** Answers with its fingerprint. */
async function newKey(keys: string, user: string): Promise<string> {
  await run('gpg', ['--homedir', keys, '--batch', '--passphrase', '', '--quick-generate-key', user, 'rsa2048', 'default', 'never']);
  const { stdout } = await run('gpg', ['--homedir', keys, '--with-colons', '--list-keys', user]);
  return /^fpr:+([0-9A-F]+):/m.exec(stdout)?.[1] ?? '';
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
