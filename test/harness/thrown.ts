import { LifeboatError } from '../../src/errors.ts';

/** The LifeboatError that `use` throws; anything else fails the test. */
export function thrownBy(use: () => unknown): LifeboatError {
  try {
    use();
  } catch (error) {
    return asLifeboatError(error);
  }
  throw new Error('nothing was thrown');
}

/** The LifeboatError that a promise rejects with; anything else fails the test. */
export async function rejectionOf(promise: Promise<unknown>): Promise<LifeboatError> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => ({ error }),
  );
  if (outcome === null) throw new Error('it did not reject');
  return asLifeboatError(outcome.error);
}

function asLifeboatError(error: unknown): LifeboatError {
  if (error instanceof LifeboatError) return error;
  throw error;
}
