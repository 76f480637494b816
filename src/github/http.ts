import { setTimeout as sleep } from 'node:timers/promises';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Whether doing it twice is harmless: only then is it sent again when nobody knows what became of it. */
  readonly repeatable: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** There was no answer. The message holds no URL, because in a URL there may be a secret. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const BACKOFF_MS = 500;
/** Nobody waits longer than this for a tracker or a chat, when the backup itself is long done. */
const MOST_PATIENCE_MS = 60_000;

/**
 * Asks, and asks again after a server's fault, a lost connection, or a rate limit that passes soon.
 * @returns the last answer, whatever its status
 * @throws Unreachable when there is none; the signal's reason when it is aborted
 */
export async function ask(url: URL, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await askOnce(url, request, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (attempt === ATTEMPTS || !request.repeatable) throw new Unreachable(reasonOf(error));
      return null;
    });
    const pause = answer === null ? BACKOFF_MS * 2 ** (attempt - 1) : pauseAfter(answer, request, attempt);
    if (answer !== null && (pause === null || attempt === ATTEMPTS)) return answer;
    await sleep(pause ?? 0, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Whether this is a limit on how often one may ask, which GitHub answers with 403 as well as with 429. */
export function isRateLimit({ status, headers, text }: HttpAnswer): boolean {
  if (status === 429) return true;
  return status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0' || /secondary rate limit/i.test(text));
}

async function askOnce(url: URL, { method, headers, body }: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), 'user-agent': 'pg-lifeboat', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Milliseconds until it is worth asking again; `null` when this answer is the last. */
function pauseAfter(answer: HttpAnswer, { repeatable }: HttpRequest, attempt: number): number | null {
  if (isRateLimit(answer)) {
    const pause = limitedFor(answer);
    return pause <= MOST_PATIENCE_MS ? pause : null;
  }
  return answer.status >= 500 && repeatable ? BACKOFF_MS * 2 ** (attempt - 1) : null;
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: Retry-After, else the reset, else a minute. */
function limitedFor({ headers }: HttpAnswer): number {
  const after = headers.get('retry-after');
  if (after !== null) return /^\d+(?:\.\d+)?$/.test(after) ? Number(after) * 1000 : Math.max(0, Date.parse(after) - Date.now());
  const reset = headers.get('x-ratelimit-remaining') === '0' ? Number(headers.get('x-ratelimit-reset') ?? Number.NaN) : Number.NaN;
  return Number.isNaN(reset) ? 60_000 : Math.max(0, reset * 1000 - Date.now());
}

/** fetch says only that it failed; what failed is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  const { code } = (error.cause ?? error) as { code?: unknown };
  return typeof code === 'string' ? code : 'the connection failed';
}
