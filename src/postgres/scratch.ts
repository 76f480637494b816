import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { openSession } from './connect.ts';
import { childEnvironment } from './environment.ts';
import type { Installation } from './programs.ts';
import { createFolder, lastLinesOf, reapAbandoned, type ScratchFolder, writeSecret } from './scratch-folder.ts';
import { type ChildEnd, type Life, type LivingChild, lifeOf } from './scratch-life.ts';
import { settingsFor } from './scratch-settings.ts';
import { type ServiceUser, serviceUser } from './service-user.ts';
import type { ConnectionTarget } from './url.ts';

export interface Scratch {
  /** The superuser `postgres` with a random password; the socket folder, or 127.0.0.1 when it listens. */
  readonly target: ConnectionTarget;
  readonly folder: string;
  /** The socket's folder, there even when it listens. */
  readonly socketFolder: string;
  /** Of the server: `17.10`. */
  readonly serverVersion: string;
  /** Ends the server and removes the folder, within about 1.5 s. May be called again; never throws. */
  stop(): Promise<void>;
  /** Lets it outlive this process, for a look at it, until the next scratch is started; answers with the password file to connect with. */
  keep(): Promise<string>;
}

export interface ScratchOptions {
  readonly installation: Installation;
  readonly context: Context;
  /** Where its folder is made; the system's folder for temporary files unless given. */
  readonly root?: string;
  /** Also on 127.0.0.1, on a free port. Without it there is a Unix socket only. */
  readonly listen?: boolean;
  /** Over the settings that make it fast and disposable. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Starts a throwaway cluster, and first removes those whose owner died. It ends, and its folder goes, by `stop()`, when the signal is
 * aborted, or when this process exits. Throws `scratch-failed` with the server's last lines, and leaves nothing behind.
 */
export async function startScratch(options: ScratchOptions): Promise<Scratch> {
  const { installation, context, root = tmpdir() } = options;
  context.signal.throwIfAborted();
  if (installation.server === null) throw failed(`there are no server programs in ${installation.bindir}`);
  const user = await serviceUser();
  await reapAbandoned(root);
  const folder = await createFolder(root, user).catch((error: Error) => {
    throw failed(`no folder could be made in ${root} (${error.message})`, [], error);
  });
  // initdb tries every time zone of the system unless it is told one.
  const life = lifeOf(folder, installation.bindir, user, { ...childEnvironment(context.environment), TZ: 'UTC' });
  const onExit = () => life.stopNow();
  const letGo = () => {
    context.signal.removeEventListener('abort', stop);
    process.removeListener('exit', onExit);
  };
  const stop = async (): Promise<void> => {
    await life.stop();
    letGo();
  };
  context.signal.addEventListener('abort', stop, { once: true });
  process.once('exit', onExit);
  try {
    const password = randomBytes(24).toString('base64url');
    await initialize(life, folder, user, password);
    const target = await boot(life, folder, password, options);
    const keep = async () => {
      const file = await writeSecret(folder, 'pgpass', `*:*:*:${target.user}:${password}`, null);
      life.release();
      letGo();
      return file.path;
    };
    return { target, folder: folder.path, socketFolder: folder.socket, serverVersion: installation.server.version, stop, keep };
  } catch (error) {
    const log = await lastLinesOf(folder.log);
    await stop();
    if (context.signal.aborted) throw context.signal.reason;
    throw failed(error instanceof Error ? error.message : String(error), log, error);
  }
}

async function initialize(life: Life, folder: ScratchFolder, user: ServiceUser | null, password: string): Promise<void> {
  const passwordFile = await writeSecret(folder, 'password', password, user);
  const initdb = (locale: string): Promise<ChildEnd> =>
    life.run('initdb', [
      ...['-D', folder.data, '-U', 'postgres', '-E', 'UTF8', `--locale=${locale}`, '--auth=scram-sha-256', `--pwfile=${passwordFile.path}`],
      ...['--no-sync', '--no-instructions', '--wal-segsize=64'],
    ]).ended;
  try {
    let end = await initdb('C.UTF-8');
    if (end.code !== 0 && (await lastLinesOf(folder.log)).some((line) => /invalid locale/.test(line))) end = await initdb('C');
    if (end.code !== 0) throw new Error(`initdb ${how(end)}`);
  } finally {
    await passwordFile.remove();
  }
}

async function boot(life: Life, folder: ScratchFolder, password: string, options: ScratchOptions): Promise<ConnectionTarget> {
  const { listen = false, installation, context } = options;
  const defaults = await settingsFor(installation.server?.major ?? 0);
  for (let attempt = 1; ; attempt += 1) {
    const port = listen ? await freePort() : 5432;
    const settings = {
      ...defaults,
      ...options.settings,
      unix_socket_directories: folder.socket,
      listen_addresses: listen ? '127.0.0.1' : '',
      port: String(port),
    };
    const postmaster = life.run('postgres', ['-D', folder.data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]);
    if (postmaster.pid !== undefined) await folder.own(postmaster.pid);
    const target: ConnectionTarget = {
      host: listen ? '127.0.0.1' : folder.socket,
      port,
      user: 'postgres',
      password,
      database: 'postgres',
      parameters: { sslmode: 'disable' },
    };
    const problem = await waitUntilReady(life, postmaster, target, context);
    if (problem === null) return target;
    // Another process may take the port between our asking for a free one and the server's listening on it.
    const taken = (await lastLinesOf(folder.log)).some((line) => line.includes('Address already in use'));
    if (!listen || !taken || attempt === 3) throw new Error(problem);
  }
}

/** `null` once it lets us in; else why it never will. Readiness is a login that works, not a line in a log. */
async function waitUntilReady(life: Life, postmaster: LivingChild, target: ConnectionTarget, { signal }: Context): Promise<string | null> {
  let over: string | null = null;
  postmaster.ended.then((end) => {
    over = `postgres ${how(end)}`;
  });
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      const session = await openSession(target, { signal });
      await session.close();
      return over;
    } catch (error) {
      const waiting = error instanceof LifeboatError && ['host-unreachable', 'connection-lost'].includes(error.code);
      if (over !== null || life.stopping) return over ?? 'it was stopped';
      if (!waiting || Date.now() > deadline) return error instanceof Error ? error.message : String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function how({ code, signal, error }: ChildEnd): string {
  if (error) return `could not be run (${error.message})`;
  return signal === null ? `ended with exit status ${code}` : `was killed by ${signal}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

function failed(what: string, log: readonly string[] = [], cause?: unknown): LifeboatError {
  return new LifeboatError(
    'scratch-failed',
    `The scratch server could not be started: ${what}${what.endsWith('.') ? '' : '.'}`,
    'See the last lines of its log in the details; a full disk, too little shared memory or a missing library are the usual causes.',
    { details: { log }, cause },
  );
}
