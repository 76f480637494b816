import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, LifeboatError } from '../errors.ts';
import { fail, type Judgement, only, type PreflightCheck, unknown, verdictOf } from './judgement.ts';

/** How long a check may take; each talks over the network. */
export const CHECK_MS = 30_000;

/** What shows that the other side is not there, or does not let us in. Anything else only says that a check could not look. */
const OUTAGES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'host-unreachable',
  'authentication-failed',
  'database-missing',
  'tls-failed',
  'too-many-connections',
  'connection-lost',
  'pooler-url',
  'store-unreachable',
  'store-wrong-region',
  'store-busy',
  'bucket-missing',
  'disk-full',
]);

export interface Isolated {
  readonly area: PreflightCheck['area'];
  readonly name: string;
  readonly signal: AbortSignal;
  readonly withinMs?: number;
  /** Further codes that are a failure of this very check: a write that is denied, for one. */
  readonly failures?: readonly ErrorCode[];
  /** Called when it did not end in time: whatever else asks the same server will not either. */
  readonly onLate?: () => void;
}

/**
 * Runs one check apart from all others. What it throws becomes its verdict, and it ends in time whatever it waits for.
 * @throws only the reason of `signal`, once that is aborted
 */
export async function isolate(check: Isolated, look: (signal: AbortSignal) => Promise<Judgement>): Promise<PreflightCheck> {
  const { area, name, signal, withinMs = CHECK_MS } = check;
  signal.throwIfAborted();
  const judgement = await inTime(withinMs, signal, look).catch((error: unknown) => {
    signal.throwIfAborted();
    if (error instanceof NotInTime) check.onLate?.();
    return only(remarkOf(error, check));
  });
  return { area, name, verdict: verdictOf(judgement), ...judgement };
}

/** For a check that cannot begin. */
export function notRun(area: PreflightCheck['area'], name: string, reason: string, remedy = ''): PreflightCheck {
  return { area, name, verdict: 'not-run', ...only(unknown(reason, remedy)) };
}

class NotInTime extends Error {}

async function inTime<T>(ms: number, signal: AbortSignal, look: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const tooLate = setTimeout(ms, undefined, { signal: done.signal }).then(() => {
    const late = new NotInTime(`There was no answer within ${Math.round(ms / 1000)} s.`);
    over.abort(late);
    throw late;
  });
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: done.signal });
  });
  // whichever loses the race is nobody's any more
  for (const loser of [tooLate, stopped]) loser.catch(() => {});
  try {
    const looking = look(AbortSignal.any([signal, over.signal]));
    looking.catch(() => {});
    return await Promise.race([looking, tooLate, stopped]);
  } finally {
    done.abort();
  }
}

function remarkOf(error: unknown, { failures = [] }: Isolated) {
  if (error instanceof NotInTime)
    return fail(error.message, 'Look whether the server is overloaded, or something between swallows what it says; then run it again.');
  if (error instanceof LifeboatError) {
    const isFailure = OUTAGES.has(error.code) || failures.includes(error.code);
    return isFailure ? fail(error.message, error.remedy) : unknown(error.message, error.remedy);
  }
  return unknown(`It could not be looked at: ${error instanceof Error ? error.message : String(error)}`);
}
