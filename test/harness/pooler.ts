import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ConnectionTarget } from '../../src/postgres/url.ts';

/** Tells its clients process ids and keys of its own, as PgBouncer and its like do, and passes on everything else. */
export async function startPooler(target: ConnectionTarget): Promise<{ target: ConnectionTarget; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    let pending = Buffer.alloc(0);
    upstream.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      // every message has a letter and its length
      while (pending.length >= 5 && pending.length > pending.readInt32BE(1)) {
        const message = pending.subarray(0, 1 + pending.readInt32BE(1));
        if (String.fromCharCode(message[0] ?? 0) === 'K') message.writeInt32BE(message.readInt32BE(5) ^ 0x2a_aa, 5);
        client.write(message);
        pending = pending.subarray(message.length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    target: { ...target, host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
