import { availableParallelism } from 'node:os';

/** How many parts are worked on at once when nobody says: more than four seldom pays, and costs connections. */
export function defaultJobs(): number {
  return Math.min(4, availableParallelism());
}

/**
 * Runs all tasks at once. When one fails the others are told to stop through the signal they get; the first failure is thrown once
 * every task has ended, so that nothing goes on behind the caller's back.
 */
export async function allOrNothing<T extends readonly unknown[]>(
  signal: AbortSignal,
  tasks: { readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> },
): Promise<T> {
  const group = new AbortController();
  const shared = AbortSignal.any([signal, group.signal]);
  let first: { error: unknown } | null = null;
  const results = await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        return await task(shared);
      } catch (error) {
        first ??= { error };
        group.abort(error);
        throw error;
      }
    }),
  );
  if (first !== null) throw (first as { error: unknown }).error;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

/** Spreads weighted items over `bins` so that the heaviest bin is light: largest first, each into the lightest bin. */
export function balance<T>(items: readonly T[], weightOf: (item: T) => number, bins: number, startWeights: readonly number[] = []): T[][] {
  const loads = Array.from({ length: bins }, (_, i) => ({ weight: startWeights[i] ?? 0, items: [] as T[] }));
  const heaviestFirst = [...items].sort((a, b) => weightOf(b) - weightOf(a));
  for (const item of heaviestFirst) {
    const lightest = loads.reduce((least, load) => (load.weight < least.weight ? load : least));
    lightest.items.push(item);
    lightest.weight += weightOf(item);
  }
  return loads.map((load) => load.items);
}

/** Tasks for `allOrNothing` that together run all of `tasks`, at most `width` at a time, in their order. */
export function inTurns(tasks: readonly ((signal: AbortSignal) => Promise<void>)[], width: number): ((signal: AbortSignal) => Promise<void>)[] {
  const queue = [...tasks];
  return Array.from({ length: Math.min(width, queue.length) }, () => async (signal: AbortSignal) => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      signal.throwIfAborted();
      await task(signal);
    }
  });
}
