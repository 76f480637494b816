import type { Context } from '../../src/context.ts';
import { LifeboatError } from '../../src/errors.ts';
import { withSession } from '../../src/postgres/connect.ts';
import { findInstallations, type Installation, installHint } from '../../src/postgres/programs.ts';
import { startScratch } from '../../src/postgres/scratch.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';

export const DATABASE = 'shop';

export interface Production {
  readonly target: ConnectionTarget;
  /** For --database-url. */
  readonly url: string;
  readonly serverVersion: string;
  stop(): Promise<void>;
}

/** Starts a throwaway server with an empty database: the newest one here that has client programs of its own major too. */
export async function startProduction(context: Context): Promise<Production> {
  const installation = newestComplete(await findInstallations(context.environment));
  const scratch = await startScratch({ installation, context });
  try {
    await withSession(scratch.target, { signal: context.signal }, (session) => session.query(`CREATE DATABASE ${DATABASE}`));
  } catch (error) {
    await scratch.stop();
    throw error;
  }
  const target = withDatabase(scratch.target, DATABASE);
  return { target, url: urlOf(target), serverVersion: scratch.serverVersion, stop: scratch.stop };
}

function newestComplete(installations: readonly Installation[]): Installation {
  const withClients = new Set(installations.map(({ client }) => client?.major));
  const [newest] = installations
    .filter(({ server }) => server !== null && withClients.has(server.major))
    .sort((a, b) => (b.server?.major ?? 0) - (a.server?.major ?? 0));
  if (newest) return newest;
  throw new LifeboatError('client-missing', 'No Postgres with both server and client programs was found on this machine.', installHint(17, 'server'));
}

function urlOf({ user, password, host, port, database }: ConnectionTarget): string {
  return `postgres://${user}:${encodeURIComponent(password ?? '')}@${encodeURIComponent(host)}:${port}/${database}?sslmode=disable`;
}
