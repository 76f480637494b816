import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface ServiceUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/** Postgres refuses to run as root: then it runs as `postgres`, or else as `nobody`. `null`: as whoever we are. */
export async function serviceUser(): Promise<ServiceUser | null> {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)));
      if (uid !== undefined && gid !== undefined && Number.isInteger(uid) && Number.isInteger(gid)) return { name, uid, gid };
    } catch {
      // This machine has no such user.
    }
  }
  throw new Error('this machine has neither a user postgres nor a user nobody, and Postgres refuses to run as root');
}
