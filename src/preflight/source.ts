import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { openSession, type Session } from '../postgres/connect.ts';
import { prepareExamination, readPooler } from '../postgres/preflight/server.ts';
import { type ConnectionTarget, describeTarget, parseDatabaseUrl } from '../postgres/url.ts';
import type { Provider } from '../providers/profiles.ts';
import { judgePooler } from './checks/pooler.ts';
import { isolate, notRun } from './isolate.ts';
import { fail, only, type PreflightCheck, pass, verdictOf } from './judgement.ts';
import { createScene, type Scene, type SceneOptions } from './scene.ts';
import { SOURCE_CHECKS } from './source-checks.ts';
import type { SourceFacts } from './store.ts';

export interface SourceReport {
  readonly checks: readonly PreflightCheck[];
  /** `null` where nobody could be asked. */
  readonly provider: Provider | null;
  readonly facts: SourceFacts | null;
}

/** A query that takes longer says something, too. */
const STATEMENT_MS = 20_000;

/**
 * Every check of the source, in one session that writes nothing. A URL through a pooler is a failed check, not an error.
 * @throws LifeboatError `bad-database-url`
 */
export async function examineSource(databaseUrl: string, options: SceneOptions, context: Context): Promise<SourceReport> {
  const { signal, environment } = context;
  const target = targetOf(databaseUrl, environment);
  if (target instanceof LifeboatError) {
    const refused = { area: 'source', name: 'pooler', ...only(fail(target.message, target.remedy)) } as const;
    const rest = notExamined(['reachability'], 'The URL leads through a pooler.');
    return { checks: [{ ...refused, verdict: verdictOf(refused) }, ...rest], ...NOTHING_KNOWN };
  }
  const opened: { session?: Session } = {};
  try {
    const reached = await isolate({ area: 'source', name: 'reachability', signal }, async (stop) => {
      opened.session = await openWithin(target, stop, signal);
      return pass(`${describeTarget(target)} answers, and lets ${target.user} in.`);
    });
    const { session } = opened;
    if (session === undefined || reached.verdict !== 'pass') {
      return { checks: [reached, ...notExamined(['pooler'], 'The source cannot be reached.')], ...NOTHING_KNOWN };
    }
    const pooled = await isolate({ area: 'source', name: 'pooler', signal }, async (stop) => {
      const judgement = judgePooler(await readPooler(session, () => openWithin(target, stop, stop)));
      // never before: what is set through a pooler stays with a server process that is lent to others next
      if (judgement.remarks.length === 0) await prepareExamination(session, STATEMENT_MS);
      return judgement;
    });
    const checks = [reached, pooled];
    if (pooled.verdict !== 'pass') return { checks: [...checks, ...notExamined([], 'No session of its own could be had.')], ...NOTHING_KNOWN };
    const scene = createScene(session, target, options, context);
    const silent = new AbortController();
    for (const { name, look } of SOURCE_CHECKS) {
      const check = { area: 'source', name, signal, onLate: () => silent.abort() } as const;
      checks.push(
        silent.signal.aborted ? notRun('source', name, 'The server no longer answers.') : await isolate(check, (stop) => look(scene, stop)),
      );
    }
    return { checks, ...(silent.signal.aborted ? NOTHING_KNOWN : await factsOf(scene)) };
  } finally {
    await opened.session?.close();
  }
}

const NOTHING_KNOWN = { provider: null, facts: null } as const;

function notExamined(before: readonly string[], reason: string): PreflightCheck[] {
  return [...before, ...SOURCE_CHECKS.map(({ name }) => name)].map((name) => notRun('source', name, reason));
}

async function factsOf(scene: Scene): Promise<Pick<SourceReport, 'provider' | 'facts'>> {
  const provider = await scene.provider().catch(() => null);
  const facts = await Promise.all([scene.server(), scene.prediction()]).then(
    ([{ settings }, prediction]) => ({ host: scene.target.host, dataDirectory: settings['data_directory'] ?? null, prediction }),
    () => null,
  );
  return { provider, facts };
}

function targetOf(databaseUrl: string, environment: Context['environment']): ConnectionTarget | LifeboatError {
  try {
    return parseDatabaseUrl(databaseUrl, environment);
  } catch (error) {
    if (error instanceof LifeboatError && error.code === 'pooler-url') return error;
    throw error;
  }
}

/** @param opening how long connecting may take; the session itself lives as long as `living` */
async function openWithin(target: ConnectionTarget, opening: AbortSignal, living: AbortSignal): Promise<Session> {
  const session = await openSession(target, { signal: living });
  if (!opening.aborted) return session;
  await session.close();
  throw opening.reason;
}
