import { execFile } from 'node:child_process';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { type Context, silentLog } from '../../src/context.ts';
import { openSession, withSession } from '../../src/postgres/connect.ts';
import { childEnvironment } from '../../src/postgres/environment.ts';
import { type Scratch, startScratch } from '../../src/postgres/scratch.ts';
import { createFolder } from '../../src/postgres/scratch-folder.ts';
import { lifeOf } from '../../src/postgres/scratch-life.ts';
import { serviceUser } from '../../src/postgres/service-user.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { clusterOf } from './postgres.ts';
import { eventually } from './wait.ts';

const SETTINGS = { wal_level: 'replica', max_wal_senders: '5', max_replication_slots: '5', max_prepared_transactions: '5', full_page_writes: 'on' };
const context: Context = { log: silentLog, signal: new AbortController().signal, environment: process.env };

/** A server of the calling file's own that may have standbys, slots and prepared transactions, which the shared ones do not. */
export async function replicatingServer(): Promise<Scratch> {
  const scratch = await startScratch({ installation: clusterOf().installation, context, listen: true, settings: SETTINGS });
  stops.push(scratch.stop);
  return scratch;
}

/** A streaming standby of such a server, made by a base backup without any program of the client's. */
export async function standbyOf(primary: Scratch): Promise<ConnectionTarget> {
  const user = await serviceUser();
  const folder = await createFolder(process.env['TMPDIR'] ?? '/tmp', user);
  const { installation } = clusterOf();
  const life = lifeOf(folder, installation.bindir, user, { ...childEnvironment(process.env), TZ: 'UTC' });
  stops.unshift(life.stop);
  await withSession(primary.target, {}, async (session) => {
    await session.query("SELECT pg_backup_start('standby', true)");
    await promisify(execFile)('cp', ['-a', `${join(primary.folder, 'data')}/.`, folder.data]);
    const [label] = await session.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await writeFile(join(folder.data, 'backup_label'), label?.labelfile ?? '');
  });
  await writeFile(join(folder.data, 'standby.signal'), '');
  await rm(join(folder.data, 'postmaster.pid'), { force: true });
  if (user) for (const name of ['backup_label', 'standby.signal']) await chown(join(folder.data, name), user.uid, user.gid);
  const { host, port, user: name, password } = primary.target;
  const settings = {
    ...SETTINGS,
    fsync: 'off',
    max_connections: '100',
    max_locks_per_transaction: '1024',
    max_worker_processes: '32',
    primary_conninfo: `host=${host} port=${port} user=${name} password=${password} application_name=standby`,
    unix_socket_directories: folder.socket,
    listen_addresses: '',
  };
  const postmaster = life.run('postgres', ['-D', folder.data, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])]);
  if (postmaster.pid !== undefined) await folder.own(postmaster.pid);
  const target = { ...primary.target, host: folder.socket, port: 5432 };
  await eventually(() =>
    openSession(target).then(
      (session) => session.close().then(() => true),
      () => false,
    ),
  );
  return target;
}

const stops: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const stop of stops.splice(0)) await stop();
});
