import { Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import pg from 'pg';
import { LifeboatError } from '../errors.ts';
import { cancelBackend } from './cancel.ts';
import { fromPostgres } from './errors.ts';
import { passwordFromFile } from './passfile.ts';
import { tlsAttempts } from './tls.ts';
import { textTypes } from './types.ts';
import type { ConnectionTarget } from './url.ts';

/** One connection. Queries queue behind each other, as on every Postgres connection. */
export interface Session {
  readonly processId: number;
  /** `server_version_num`: 160014 is 16.14. */
  readonly versionNumber: number;
  /**
   * Rows as objects. int8 and numeric are strings (a count may exceed 2^53: `BigInt(row.count)`), dates and timestamps are Postgres's own
   * text, bytea is a Buffer, json is parsed. Several statements without values answer with the rows of the last.
   */
  query<Row = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** One statement, never several; rows as lists, since columns may share a name. For SQL that is not our own. */
  queryValues(sql: string, values: readonly unknown[]): Promise<unknown[][]>;
  /** Ends the session; cancels what still runs. Never throws and never hangs. */
  close(): Promise<void>;
}

export interface SessionOptions {
  /** Aborted: the running query rejects at once with the signal's reason, and the backend is cancelled. */
  readonly signal?: AbortSignal;
  /** Shown in pg_stat_activity; `pg-lifeboat` unless given here or in the URL. */
  readonly applicationName?: string;
}

/**
 * Connects. Throws `host-unreachable`, `authentication-failed`, `database-missing`, `tls-failed` or `too-many-connections`, with a remedy,
 * or the signal's reason.
 */
export async function openSession(target: ConnectionTarget, options: SessionOptions = {}): Promise<Session> {
  options.signal?.throwIfAborted();
  const link = await connectByMode(target, options);
  try {
    const session = sessionOver(link, target, options.signal);
    const [version] = await session.query<{ server_version_num: string }>('SHOW server_version_num');
    return { ...session, versionNumber: Number(version?.server_version_num) };
  } catch (error) {
    link.socket.destroy();
    throw error;
  }
}

/** Opens a session, uses it, and closes it on every way out. */
export async function withSession<T>(target: ConnectionTarget, options: SessionOptions, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await openSession(target, options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

interface Link {
  readonly client: pg.Client;
  readonly socket: Socket;
  readonly tls: ConnectionOptions | null;
}

async function connectByMode(target: ConnectionTarget, options: SessionOptions): Promise<Link> {
  try {
    const attempts = await tlsAttempts(target);
    for (const [index, tls] of attempts.entries()) {
      try {
        return await connectOnce(target, tls, options);
      } catch (error) {
        // libpq too tries the other way only when the server declined this one, not when it cannot be reached.
        const declined = ['tls-failed', 'authentication-failed', 'connection-lost'].includes(fromPostgres(error).code);
        if (options.signal?.aborted || !declined || index === attempts.length - 1) throw error;
      }
    }
    throw new Error('no way to connect was tried');
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    throw fromPostgres(error, target);
  }
}

async function connectOnce(target: ConnectionTarget, tls: ConnectionOptions | null, { signal, applicationName }: SessionOptions): Promise<Link> {
  const socket = new Socket();
  const client = new pg.Client({
    host: target.host,
    port: target.port,
    user: target.user,
    database: target.database,
    password: async () => target.password ?? (await passwordFromFile(target)) ?? '',
    ssl: tls === null ? false : tls,
    application_name: applicationName ?? target.parameters['application_name'] ?? 'pg-lifeboat',
    connectionTimeoutMillis: Number(target.parameters['connect_timeout'] ?? 10) * 1000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
    types: textTypes,
    stream: () => socket,
    enableChannelBinding: tls !== null && target.parameters['channel_binding'] === 'require',
    ...(target.parameters['sslnegotiation'] && tls ? { sslnegotiation: target.parameters['sslnegotiation'] } : {}),
  } as pg.ClientConfig);
  // node-postgres fills what is not given from process.env; only the target may decide.
  Object.assign((client as unknown as { connectionParameters: object }).connectionParameters, {
    options: target.parameters['options'],
    replication: undefined,
    statement_timeout: false,
    lock_timeout: false,
    idle_in_transaction_session_timeout: false,
    query_timeout: false,
  });
  client.on('error', () => {});
  const giveUp = () => socket.destroy(new Error('aborted'));
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    await client.connect();
    return { client, socket, tls };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** Told to stop, a run has five seconds for everything. */
const CANCEL_MS = 1500;

function sessionOver({ client, socket, tls }: Link, target: ConnectionTarget, signal: AbortSignal | undefined): Omit<Session, 'versionNumber'> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const waiting = new Set<(reason: unknown) => void>();
  /** Resolves when the server has answered everything that was sent. */
  let answered: Promise<unknown> = Promise.resolve();
  let lost: unknown;
  let ending: Promise<void> | undefined;

  const end = async (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    if (lost === undefined && waiting.size > 0) await cancelUntil(answered);
    else if (lost === undefined) await Promise.race([client.end().catch(() => {}), elapsed(1000)]);
    socket.destroy();
  };
  /** A request that overtakes its query finds an idle backend, and is in vain. */
  const cancelUntil = async (done: Promise<unknown>): Promise<void> => {
    let isDone = false;
    const noted = done.then(() => {
      isDone = true;
    });
    const deadline = Date.now() + CANCEL_MS;
    for (let patienceMs = 50; Date.now() < deadline && !isDone; patienceMs *= 2) {
      await cancelBackend(target, tls, { processId: processID, secretKey }, CANCEL_MS / 2);
      await Promise.race([noted, elapsed(patienceMs)]);
    }
  };
  const onAbort = (): void => {
    ending ??= end();
    for (const reject of waiting) reject(signal?.reason);
    waiting.clear();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  client.on('error', (error) => {
    lost ??= error;
  });
  client.on('end', () => {
    lost ??= new Error('Connection terminated');
  });

  const run = <Row>(query: pg.QueryConfig) =>
    new Promise<Row[]>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (lost !== undefined || ending !== undefined) return reject(connectionLost(lost, target));
      waiting.add(reject);
      // one at a time: what still stands in line when the session ends is never sent
      answered = answered.then(async () => {
        try {
          if (lost !== undefined || ending !== undefined) throw connectionLost(lost, target);
          const answer: pg.QueryResult | pg.QueryResult[] = await client.query(query);
          resolve(((Array.isArray(answer) ? answer.at(-1) : answer)?.rows ?? []) as Row[]);
        } catch (error) {
          reject(fromPostgres(error, target));
        } finally {
          waiting.delete(reject);
        }
      });
    });

  return {
    processId: processID,
    query: <Row>(text: string, values?: readonly unknown[]) => run<Row>(values === undefined ? { text } : { text, values: [...values] }),
    queryValues: (text, values) => run<unknown[]>({ text, values: [...values], rowMode: 'array', queryMode: 'extended' } as pg.QueryConfig),
    close: async () => {
      ending ??= end();
      await ending;
    },
  };
}

function connectionLost(cause: unknown, target: ConnectionTarget): LifeboatError {
  const mapped = fromPostgres(cause ?? new Error('Connection terminated'), target);
  if (mapped.code === 'connection-lost') return mapped;
  return new LifeboatError('connection-lost', mapped.message, mapped.remedy, { details: mapped.details, cause });
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
