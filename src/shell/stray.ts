import { LifeboatError } from '../errors.ts';

/** Something that was thrown where nobody waited for it: a bug, whatever it is. */
export class StrayError extends Error {}

const PATIENCE_MS = 2000;

/** Hands over what would otherwise end the process with children still running. */
export function catchStrayErrors(process: NodeJS.Process): { readonly caught: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const listener = (cause: unknown) => reject(new StrayError('stray', { cause }));
  process.on('uncaughtException', listener);
  process.on('unhandledRejection', listener);
  return {
    caught: promise,
    stop() {
      process.off('uncaughtException', listener);
      process.off('unhandledRejection', listener);
    },
  };
}

/** Stops a verb that can no longer be trusted, as a signal would, and gives it a moment to put things away. */
export async function cleanUp(working: Promise<unknown>, controller: AbortController, process: NodeJS.Process): Promise<void> {
  controller.abort(new LifeboatError('cancelled', 'Stopped because of a bug.', 'Report the bug.'));
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
  await Promise.race([working.catch(() => {}), patience]);
  setTimeout(() => process.exit(3), PATIENCE_MS).unref();
}
