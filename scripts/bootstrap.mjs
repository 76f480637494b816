// node scripts/bootstrap.mjs <script.ts> [arguments]: makes a fresh clone ready, then becomes Node 24 with that script.
// Node's built-ins only, and nothing newer than Node 18 offers: this runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [script, ...args] = process.argv.slice(2);
if (script === undefined) stop('Usage: node scripts/bootstrap.mjs <script.ts> [arguments]', 2);

installPackages();
// The command line works without any Postgres for `list` and `show`, and says itself what it misses.
if (['demo', 'test', 'bench', 'test-runbooks'].some((name) => script === `scripts/${name}.ts`)) ensurePostgres();
become(node24(), [join(root, script), ...args]);

function installPackages() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  say('Installing packages with npm ci (once) ...');
  const npm = process.env.npm_execpath;
  const command = npm?.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
  // No install script is needed, and none should run on a machine that holds database passwords.
  const options = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
  quietly([...command, ...options], 'npm ci failed. Check the network and the registry, and run it again.');
}

function ensurePostgres() {
  const places = JSON.parse(readFileSync(join(root, 'src/postgres/places.json'), 'utf8'));
  const has = (programs) => folders(places.folders).some((folder) => programs.every((program) => isProgram(join(folder, program))));
  if (has(places.programs.client) && has(places.programs.server)) return;
  const administrator = existsSync('/etc/debian_version') && existsSync('/usr/bin/apt-get') ? asRoot() : null;
  if (administrator === null) {
    stop(
      'Postgres was not found: pg_dump, pg_restore, psql, initdb and postgres are needed. Install it (apt-get install postgresql, ' +
        'dnf install postgresql-server postgresql-contrib, brew install postgresql@17), or name the folder of its programs in LIFEBOAT_PG_BINDIR.',
      1,
    );
  }
  say('Installing Postgres with apt-get (once) ...');
  quietly([...administrator, 'sh', '-euc', APT], 'apt-get could not install Postgres. Install the package postgresql by hand, and run this again.');
  if (!has(places.programs.client) || !has(places.programs.server))
    stop('apt-get installed postgresql, but its programs are not in /usr/lib/postgresql.', 1);
}

// postgresql-common comes first, so that it can be told not to start a cluster for the whole system; afterwards it is as Debian ships it.
const APT = `
export DEBIAN_FRONTEND=noninteractive
conf=/etc/postgresql-common/createcluster.conf
apt-get -q update
apt-get -q -y install --no-install-recommends postgresql-common
if grep -q '^#create_main_cluster' "$conf"; then
  sed -i 's/^#create_main_cluster.*/create_main_cluster = false/' "$conf"
  trap 'sed -i "s/^create_main_cluster = false/#create_main_cluster = true/" "$conf"' EXIT
fi
apt-get -q -y install --no-install-recommends postgresql postgresql-contrib
`;

/** The folders that src/postgres/programs.ts looks into; versions are its business. */
function folders(patterns) {
  const listed = [process.env.LIFEBOAT_PG_BINDIR, process.env.PATH].flatMap((list) => (list ?? '').split(':'));
  const usual = patterns.flatMap((pattern) => {
    const segments = pattern.split('/');
    const star = segments.findIndex((segment) => segment.includes('*'));
    const home = segments.slice(0, star).join('/');
    const [before, after] = segments[star].split('*');
    const names = existsSync(home) ? readdirSync(home) : [];
    return names.filter((name) => name.startsWith(before) && name.endsWith(after)).map((name) => join(home, name, ...segments.slice(star + 1)));
  });
  return [...listed.filter((folder) => folder.startsWith('/')), ...usual];
}

/** Debian's /usr/bin/pg_dump is a script that needs a cluster to choose a version by. */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return basename(realpathSync(file)) !== 'pg_wrapper';
  } catch {
    return false;
  }
}

function asRoot() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

/** The Node 24 that npm installed with the packages, else this one if it is new enough. */
function node24() {
  const own = join(root, 'node_modules', '.bin', 'node');
  if (existsSync(own)) return realpathSync(own);
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return stop(`Node 24 or newer is needed; this is ${process.version} and npm has no package of it for ${process.platform} ${process.arch}.`, 1);
}

/** Where this Node can, it is replaced by the other: then signals, exit status and terminal are the script's own. */
function become(node, argv) {
  // types are stripped once, not by every run
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'), ...process.env };
  if (process.execve) process.execve(node, [node, ...argv], env);
  const child = spawn(node, argv, { stdio: 'inherit', env });
  child.on('error', (error) => stop(`Node 24 could not be started: ${error.message}`, 1));
  // A terminal sends ^C to the child as well: passed on, it would count twice there.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const forwarded = terminal ? ['SIGTERM'] : ['SIGTERM', 'SIGINT', 'SIGHUP'];
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => forwarded.includes(name) && child.kill(name));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Runs a command without a word, unless it fails: then everything it said goes to stderr. stdout belongs to the script. */
function quietly([command, ...rest], advice) {
  const { status, stdout, stderr, error } = spawnSync(command, rest, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status === 0) return;
  stop(`${stdout ?? ''}${stderr ?? ''}${error ? `${error.message}\n` : ''}${advice}`, 1);
}

function say(message) {
  process.stderr.write(`${message}\n`);
}

function stop(message, status) {
  say(message);
  process.exit(status);
}
