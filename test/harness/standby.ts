import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serviceUser } from '../../src/postgres/service-user.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { clusterOf, runSql } from './postgres.ts';

const run = promisify(execFile);

export interface Standby {
  readonly target: ConnectionTarget;
  stop(): Promise<void>;
}

/** A hot standby of nobody: what `sql` made while it was a primary is there, and it waits for write-ahead log that never comes. */
export async function startStandby(sql: string, settings: Readonly<Record<string, string>>): Promise<Standby> {
  const { bindir } = clusterOf().installation;
  const user = await serviceUser();
  const folder = await mkdtemp(join(tmpdir(), 'lb-standby-'));
  if (user !== null) await chown(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const program = (name: string, ...args: string[]) =>
    run(join(bindir, name), args, { cwd: folder, ...(user === null ? {} : { uid: user.uid, gid: user.gid }) });
  const target: ConnectionTarget = { host: folder, port: 5432, user: 'postgres', password: null, database: 'postgres', parameters: {} };
  const options = ['-c', `unix_socket_directories=${folder}`, '-c', 'listen_addresses=', '-p', String(target.port)];
  const given = Object.entries({ fsync: 'off', ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const start = () => program('pg_ctl', '-D', data, '-l', join(folder, 'log'), '-w', '-o', [...options, ...given].join(' '), 'start');
  const halt = (mode: string) => program('pg_ctl', '-D', data, '-w', '-m', mode, 'stop');
  const stop = async () => {
    await halt('immediate').catch(() => {});
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await program('initdb', '-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--no-instructions', '-E', 'UTF8', '--locale=C');
    await start();
    await runSql(target, sql);
    await halt('fast');
    await writeFile(join(data, 'standby.signal'), '');
    await start();
    return { target, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
