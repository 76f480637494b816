import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens to requests from now on; those whose first line `only` does not match pass. */
export type Behaviour =
  | { readonly kind: 'pass' }
  /** The connection is closed once so many bytes of one answer went `down`, or reset once so many of one request went `up`. */
  | { readonly kind: 'cut'; readonly way: 'down' | 'up'; readonly afterBytes: number; readonly times: number; readonly only?: RegExp }
  /** The server never sees the request; the client gets this S3 error. */
  | { readonly kind: 'answer'; readonly status: number; readonly code: string; readonly times: number; readonly only?: RegExp }
  /** The request goes nowhere and stays unanswered. */
  | { readonly kind: 'hang'; readonly only?: RegExp };

export interface FaultProxy {
  readonly endpoint: string;
  behave(behaviour: Behaviour): void;
  /** First lines of the requests that were tampered with. */
  readonly tampered: readonly string[];
  close(): Promise<void>;
}

const FIRST_LINE = /^([A-Z]+ [^ ]+) HTTP\/1\.1\r\n/;

/** A TCP proxy in front of an HTTP server that breaks what it is told to break. */
export async function startProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  let behaviour: Behaviour = { kind: 'pass' };
  let left = 0;
  const tampered: string[] = [];
  const sockets = new Set<Socket>();

  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    let current: Behaviour = { kind: 'pass' };
    let up = 0;
    let down = 0;
    const cut = () => {
      client.resetAndDestroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      socket.on('error', cut);
      socket.on('close', cut);
    }

    client.on('data', (chunk) => {
      const line = FIRST_LINE.exec(chunk.subarray(0, 2048).toString('latin1'))?.[1];
      if (line !== undefined) {
        up = 0;
        down = 0;
        current = claim(line);
      }
      up += chunk.length;
      if (current.kind === 'hang') return;
      if (current.kind === 'answer') return void client.end(answerOf(current));
      if (current.kind === 'cut' && current.way === 'up' && up > current.afterBytes) return cut();
      if (!upstream.write(chunk)) {
        client.pause();
        upstream.once('drain', () => client.resume());
      }
    });
    upstream.on('data', (chunk) => {
      down += chunk.length;
      if (current.kind === 'cut' && current.way === 'down' && down > current.afterBytes) {
        // a reset would also take back what the client has not read yet
        client.end(chunk.subarray(0, chunk.length - (down - current.afterBytes)));
        upstream.off('close', cut).destroy();
        return;
      }
      if (!client.write(chunk)) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
    });
  });

  function claim(line: string): Behaviour {
    if (behaviour.kind === 'pass' || (behaviour.only !== undefined && !behaviour.only.test(line))) return { kind: 'pass' };
    if (behaviour.kind !== 'hang' && left-- <= 0) return { kind: 'pass' };
    tampered.push(line);
    return behaviour;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tampered,
    behave(next) {
      behaviour = next;
      left = 'times' in next ? next.times : 0;
      tampered.length = 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerOf({ status, code }: { status: number; code: string }): string {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>as told</Message></Error>`;
  return `HTTP/1.1 ${status} ${code}\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}
