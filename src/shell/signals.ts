import { cancelled, exitStatusOf } from '../errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A clean-up takes two seconds at most; one that hangs must not keep the process for ever. */
const PATIENCE_MS = 5000;

/**
 * The first signal aborts, with a LifeboatError as the reason, and leaves everything else to the clean-up; the second ends the process at once.
 * This holds to the end of the process: a scratch that was kept must go with it.
 */
export function abortOnSignals(controller: AbortController, process: NodeJS.Process, say: (message: string) => void): void {
  for (const name of SIGNALS) {
    process.on(name, () => {
      const reason = cancelled(name);
      if (controller.signal.aborted) process.exit(exitStatusOf(reason));
      say(`${name}: cleaning up; a second signal ends at once.`);
      controller.abort(reason);
      setTimeout(() => {
        say('The clean-up did not end: something may have been left behind.');
        process.exit(exitStatusOf(reason));
      }, PATIENCE_MS).unref();
    });
  }
}
