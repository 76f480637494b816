import type { Readable } from 'node:stream';

/** Destroys the stream with the signal's reason when it aborts; lets go of the signal when the stream closes. */
export function destroyOnAbort(stream: Readable, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const destroy = () => stream.destroy(signal.reason as Error);
  if (signal.aborted) destroy();
  signal.addEventListener('abort', destroy, { once: true });
  stream.once('close', () => signal.removeEventListener('abort', destroy));
}
