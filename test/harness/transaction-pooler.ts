import { type AddressInfo, createServer, type Socket } from 'node:net';
import pg from 'pg';
import type { ConnectionTarget } from '../../src/postgres/url.ts';

export interface Pooler {
  /** The same database, through the pooler; it asks for no password. */
  readonly target: ConnectionTarget;
  close(): Promise<void>;
}

/**
 * A pooler in front of a real server, as PgBouncer is with pool_mode = transaction: a client has a server connection of its own only for as
 * long as its transaction is open. The one that was given back last is lent first.
 */
export async function startTransactionPooler(database: ConnectionTarget, size = 2): Promise<Pooler> {
  const clients = await Promise.all(Array.from({ length: size }, () => connectTo(database)));
  const idle: Socket[] = clients.map(serverSocket);
  const waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    let started = false;
    let bound: Socket | null = null;
    let pending = Buffer.alloc(0);
    sockets.add(client);
    const giveBack = () => {
      if (bound === null) return;
      bound.removeAllListeners('data');
      idle.push(bound);
      bound = null;
      waiting.shift()?.();
    };
    const lend = () => {
      bound ??= idle.pop() ?? null;
      if (bound === null) return void waiting.push(lend);
      let answer = Buffer.alloc(0);
      bound.removeAllListeners('data');
      bound.on('data', (chunk) => {
        client.write(chunk);
        answer = Buffer.concat([answer, chunk]);
        // the end of every answer; its last byte says whether a transaction is open
        if (!answer.subarray(-6, -1).equals(READY.subarray(0, 5))) return;
        const isIdle = answer.at(-1) === 0x49;
        answer = Buffer.alloc(0);
        if (isIdle) giveBack();
      });
      bound.write(pending);
      pending = Buffer.alloc(0);
    };
    client.on('data', (chunk) => {
      if (!started) {
        if (chunk.readInt32BE(4) === SSL_REQUEST) return void client.write('N');
        started = true;
        return void client.write(GREETING);
      }
      if (chunk[0] === 0x58) return client.destroy();
      pending = Buffer.concat([pending, chunk]);
      lend();
    });
    client.on('error', () => client.destroy());
    client.on('close', () => {
      sockets.delete(client);
      bound?.write(query('ROLLBACK'));
    });
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    target: { ...database, host: '127.0.0.1', port, password: null, parameters: { sslmode: 'disable' } },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      for (const client of clients) serverSocket(client).destroy();
    },
  };
}

const SSL_REQUEST = 80_877_103;
const AUTHENTICATED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
/** A process id of the pooler's own making, and a key. */
const BACKEND_KEY = Buffer.from([0x4b, 0, 0, 0, 12, 0, 1, 0x11, 0x70, 1, 2, 3, 4]);
const READY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const GREETING = Buffer.concat([AUTHENTICATED, BACKEND_KEY, READY]);

async function connectTo({ host, port, user, password, database }: ConnectionTarget): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, password: password ?? '', database, application_name: 'pooler' });
  client.on('error', () => {});
  await client.connect();
  serverSocket(client).removeAllListeners('data');
  return client;
}

/** From here on the pooler speaks on it. */
function serverSocket(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

function query(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeInt32BE(4 + text.length, 1);
  return Buffer.concat([head, text]);
}
