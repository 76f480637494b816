import { type Context, silentLog } from '../../src/context.ts';
import { withSession } from '../../src/postgres/connect.ts';
import type { Installation } from '../../src/postgres/programs.ts';
import { type Scratch, startScratch } from '../../src/postgres/scratch.ts';
import { type ConnectionTarget, withDatabase } from '../../src/postgres/url.ts';
import { createTestBucket, type TestBucket } from '../../test/harness/s3.ts';
import { requireWhatIsAsked, serversByMajor } from '../../test/harness/servers.ts';
import { SHOP_SQL } from './shop.sql.ts';

/** A running throwaway server. */
export interface Server {
  readonly major: number;
  readonly installation: Installation;
  /** The superuser, over TCP, in the database postgres. */
  readonly target: ConnectionTarget;
  /** Its folder, for whoever damages files; the data is in `data`. */
  readonly folder: string;
  /** Runs one string of SQL in one of its databases. */
  sql<Row = Record<string, unknown>>(database: string, sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A database with the shop in it, of a few thousand rows; more options for CREATE DATABASE may be given. */
  makeShop(database: string, options?: string): Promise<void>;
}

/** What this machine does not have, so that a scenario cannot be shown on it. */
export class NotHere extends Error {}

/** Servers and a bucket, each started when the first scenario asks for it, and shared by all. */
export interface World {
  /** For the engine: the environment without anything that names other servers. */
  context(): Promise<Context>;
  /** The folders with programs of Postgres, the newest major's first. */
  programs(): Promise<string[]>;
  newestServer(): Promise<Server>;
  /** Throws NotHere unless this machine has servers of two majors. */
  oldestServer(): Promise<Server>;
  /** On the S3 server that LIFEBOAT_TEST_S3_* names, else on the small one from npm. */
  bucket(): Promise<TestBucket>;
  /** What was done with less than the real thing. */
  lacks(): Promise<string[]>;
  close(): Promise<void>;
}

export function openWorld(signal: AbortSignal): World {
  const servers = new Map<number, Promise<{ readonly server: Server; readonly scratch: Scratch }>>();
  const installations = installationsHere();
  installations.catch(() => {});
  let bucket: Promise<TestBucket> | null = null;
  const programs = async () => (await installations).map(({ bindir }) => bindir).toReversed();
  const context = async (): Promise<Context> => ({
    log: silentLog,
    signal,
    environment: { ...ownEnvironment(), LIFEBOAT_PG_BINDIR: (await programs()).join(':') },
  });
  const start = async (installation: Installation) => {
    const major = installation.server?.major ?? 0;
    const starting = servers.get(major) ?? context().then((own) => startServer(installation, own));
    servers.set(major, starting);
    return (await starting).server;
  };
  return {
    context,
    programs,
    newestServer: async () => start((await installations).at(-1) as Installation),
    async oldestServer() {
      const all = await installations;
      if (all.length < 2)
        throw new NotHere('servers of two majors are needed, and there is one (LIFEBOAT_TEST_REQUIRE=pg17,pg18 makes this a failure)');
      return start(all[0] as Installation);
    },
    bucket() {
      bucket ??= openBucket();
      return bucket;
    },
    async lacks() {
      const opened = await bucket?.catch(() => null);
      return opened?.real === false ? ['a real S3 server: LIFEBOAT_TEST_S3_ENDPOINT names none (LIFEBOAT_TEST_REQUIRE=s3 makes this a failure)'] : [];
    },
    async close() {
      const started = await Promise.allSettled(servers.values());
      await Promise.all(started.map((one) => (one.status === 'fulfilled' ? one.value.scratch.stop() : null)));
      await (await bucket?.catch(() => null))?.close();
    },
  };
}

/** Whatever the environment says of other servers is none of our business. */
function ownEnvironment(): Context['environment'] {
  const own = Object.entries(process.env).filter(([name]) => !/^PG|^AWS_|DATABASE_URL$|^LIFEBOAT_(?!PG_BINDIR|TEST)/.test(name));
  return Object.fromEntries(own);
}

/** Oldest first; the newest has client programs of its own major, or none would be fit to dump it. */
async function installationsHere(): Promise<Installation[]> {
  const servers = await serversByMajor(process.env);
  requireWhatIsAsked(servers, process.env);
  const all = [...servers.values()].sort((a, b) => (a.server?.major ?? 0) - (b.server?.major ?? 0));
  const newest = all.findLastIndex(({ client, server }) => client?.major === server?.major);
  if (newest < 0) throw new Error('No Postgres with both server and client programs was found on this machine.');
  return all.slice(0, newest + 1);
}

async function startServer(installation: Installation, context: Context) {
  const settings = { max_connections: '100', shared_buffers: '64MB', dynamic_shared_memory_type: 'posix' };
  const scratch = await startScratch({ installation, context, listen: true, settings });
  const server: Server = {
    major: installation.server?.major ?? 0,
    installation,
    target: scratch.target,
    folder: scratch.folder,
    sql: (database, sql, values) => withSession(withDatabase(scratch.target, database), {}, (session) => session.query(sql, values)),
    async makeShop(database, options = '') {
      // one copy at a time: a template must have no other visitor
      making = making.then(() => server.sql('postgres', `CREATE DATABASE ${database} TEMPLATE template_shop ${options}`)).then(() => {});
      await making;
    },
  };
  let making: Promise<void> = (async () => {
    await server.sql('postgres', 'CREATE DATABASE template_shop TEMPLATE template0');
    await server.sql('template_shop', SHOP_SQL);
  })();
  making.catch(() => {});
  return { server, scratch };
}

/** The SDK looks for credentials in this process's environment, and finds those of the tests. */
async function openBucket(): Promise<TestBucket> {
  const bucket = await createTestBucket();
  process.env['AWS_ACCESS_KEY_ID'] = bucket.credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = bucket.credentials.secretAccessKey;
  return bucket;
}
