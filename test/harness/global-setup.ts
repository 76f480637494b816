import { appendFileSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { type Context, silentLog } from '../../src/context.ts';
import type { Installation } from '../../src/postgres/programs.ts';
import { startScratch } from '../../src/postgres/scratch.ts';
import type { ConnectionTarget } from '../../src/postgres/url.ts';
import { requireWhatIsAsked, serversByMajor } from './servers.ts';

/** One running server of the test run. */
export interface Cluster {
  readonly major: number;
  /** The superuser, over TCP. */
  readonly target: ConnectionTarget;
  readonly socketFolder: string;
  readonly installation: Installation;
}

declare module 'vitest' {
  export interface ProvidedContext {
    clusters: Cluster[];
  }
}

const SUPPORTED = [15, 16, 17, 18];

/** Starts one server of every major that this machine has, for the whole run; what is required and absent fails here, before any test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  const context: Context = { log: silentLog, signal: stopping.signal, environment: process.env };
  const servers = await serversByMajor(process.env);
  requireWhatIsAsked(servers, process.env);
  listMissingMajors(servers);
  const started = await Promise.allSettled(
    [...servers].map(async ([major, installation]) => ({
      major,
      installation,
      scratch: await startScratch({ installation, context, listen: true, settings: { max_connections: '200', shared_buffers: '256MB' } }),
    })),
  );
  const running = started.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
  const teardown = async (): Promise<void> => {
    await Promise.all(running.map(({ scratch }) => scratch.stop()));
  };
  const failure = started.find((start) => start.status === 'rejected');
  if (failure) {
    await teardown();
    throw failure.reason;
  }
  const clusters = running.map(({ major, installation, scratch: { target, socketFolder } }) => ({ major, installation, target, socketFolder }));
  project.provide(
    'clusters',
    clusters.sort((a, b) => a.major - b.major),
  );
  return teardown;
}

function listMissingMajors(servers: ReadonlyMap<number, Installation>): void {
  const list = process.env['LIFEBOAT_TEST_SKIPPED'];
  for (const major of SUPPORTED) {
    if (list === undefined || servers.has(major)) continue;
    appendFileSync(list, `${JSON.stringify({ what: `Postgres ${major}`, why: 'no server of this major is installed', requires: `pg${major}` })}\n`);
  }
}
