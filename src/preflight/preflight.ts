import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { PreflightOptions } from '../options/preflight.ts';
import { parseDatabaseUrl } from '../postgres/url.ts';
import { profileOf } from '../providers/detect.ts';
import { openStoreFor } from '../storage/from-options.ts';
import { openInspector } from '../storage/inspect.ts';
import type { Store } from '../storage/store.ts';
import { readHistory } from './history.ts';
import type { PreflightCheck, PreflightVerdict } from './judgement.ts';
import type { PastBackup } from './predict.ts';
import { examineSource } from './source.ts';
import { examineStore } from './store.ts';

export interface PreflightResult {
  /** Nothing failed; warnings and what nobody could look at may be there all the same. */
  readonly ok: boolean;
  /** The worst of all checks. */
  readonly verdict: PreflightVerdict;
  /** ISO time. */
  readonly at: string;
  readonly database: string;
  readonly storage: string;
  /** The provider that is taken to run the server, as people know it; `null` for a plain Postgres. */
  readonly provider: string | null;
  readonly checks: readonly PreflightCheck[];
}

/**
 * Says before the first night what would fail: on the source, which is only read, and on the store, by a round trip that leaves nothing.
 * What fails is a check in the result. Throws only what keeps it from beginning: LifeboatError `bad-database-url`, `bad-storage-url`.
 */
export async function preflight(options: PreflightOptions, context: Context, now: Date = new Date()): Promise<PreflightResult> {
  const { environment, signal } = context;
  const database = options.database ?? nameOf(options.databaseUrl, environment);
  const store = await openStoreFor(options, environment);
  const inspector = await openInspector(options, environment);
  try {
    const past = await pastOf(store, database, signal);
    const source = await examineSource(options.databaseUrl, { options, past, now }, context);
    const stored = await examineStore({ store, inspector, options, source: source.facts, now }, signal);
    const checks = [...source.checks, ...stored];
    const verdict = (['fail', 'warn', 'not-run'] as const).find((level) => checks.some((check) => check.verdict === level)) ?? 'pass';
    return {
      ok: verdict !== 'fail',
      verdict,
      at: now.toISOString(),
      database,
      storage: store.url,
      provider: profileOf(options.profile, source.provider)?.title ?? null,
      checks,
    };
  } finally {
    await store.close();
    await inspector.close();
  }
}

/** A pooler's URL has a name for the database, too, and is told of by a check. */
function nameOf(databaseUrl: string, environment: Context['environment']): string {
  try {
    return parseDatabaseUrl(databaseUrl, environment).database;
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'pooler-url') return 'the database';
    throw error;
  }
}

const HISTORY_MS = 30_000;

/** Without them the duration is assumed, and said to be; why they cannot be read is told by the checks of the store. */
async function pastOf(store: Store, database: string, signal: AbortSignal): Promise<PastBackup[]> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(HISTORY_MS)]);
  const late = new Promise<PastBackup[]>((resolve) => limited.addEventListener('abort', () => resolve([]), { once: true }));
  const past = await Promise.race([readHistory(store, database, limited).catch(() => []), late]);
  signal.throwIfAborted();
  return past;
}
