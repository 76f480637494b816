import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { ConnectionTarget } from './url.ts';

const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;

/**
 * Asks the server to cancel what the backend is doing: a closed socket alone does not stop a query that sends nothing.
 * Resolves when the server has taken the request, or after `withinMs`; never rejects. Goes over TLS where the session did.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export async function cancelBackend(
  target: ConnectionTarget,
  tls: ConnectionOptions | null,
  backend: { processId: number; secretKey: number },
  withinMs = 1000,
): Promise<void> {
  const socket = target.host.startsWith('/') ? connect(`${target.host}/.s.PGSQL.${target.port}`) : connect(target.port, target.host);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', resolve);
  socket.on('close', () => resolve());
  const timer = setTimeout(resolve, withinMs);
  const message = packet(CANCEL_REQUEST, backend.processId, backend.secretKey);
  socket.once('connect', () => {
    if (tls === null) sendAndDrain(socket, message);
    else
      overTls(socket, target, tls, (encrypted) => {
        encrypted.on('error', resolve);
        encrypted.on('close', () => resolve());
        sendAndDrain(encrypted, message);
      });
  });
  await promise;
  clearTimeout(timer);
  socket.destroy();
}

function overTls(socket: Socket, target: ConnectionTarget, tls: ConnectionOptions, use: (socket: Socket) => void): void {
  socket.once('data', (answer) => {
    if (answer.toString('latin1') !== 'S') socket.destroy();
    else use(connectTls({ ...tls, socket, host: target.host }));
  });
  socket.write(packet(SSL_REQUEST));
}

/** The server closes its end once the signal is sent, without an answer. */
function sendAndDrain(socket: Socket, message: Buffer): void {
  socket.resume();
  socket.write(message);
}

function packet(...words: number[]): Buffer {
  const bytes = Buffer.alloc(4 + words.length * 4);
  bytes.writeInt32BE(bytes.length, 0);
  for (const [index, word] of words.entries()) bytes.writeInt32BE(word, 4 + index * 4);
  return bytes;
}
