import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import type { IndexesOptions } from '../options/indexes.ts';
import type { Session } from '../postgres/connect.ts';
import { areTwoClusters } from '../postgres/inventory.ts';
import { type ConnectionTarget, parseDatabaseUrl } from '../postgres/url.ts';
import { openStoreFor } from '../storage/from-options.ts';
import type { Store } from '../storage/store.ts';
import { NORMAL_RATIO } from './bloat/bloat.ts';
import { judgeBloat } from './bloat/judge.ts';
import { NO_STORE, ofServer } from './bloat/measured.ts';
import { readIndexes } from './catalogue/indexes.ts';
import { readSequences } from './catalogue/sequences.ts';
import { readAges, readServer } from './catalogue/server.ts';
import { withCarefulSession } from './catalogue/session.ts';
import { readForeignKeys, readTables } from './catalogue/tables.ts';
import type { ServerFacts } from './facts.ts';
import { LEVELS, type Thresholds } from './finding.ts';
import { makeReport, type Observed } from './make-report.ts';
import { findMeasuredSource } from './measured-source.ts';
import { stateInStore } from './repair/state.ts';
import { readReplicas } from './replicas.ts';
import type { IndexReport } from './report.ts';
import { readLatestReport, storeReport } from './stored-reports.ts';

export interface IndexesResult {
  /** Whether nothing was found of the level that `failOn` names, or above. */
  readonly ok: boolean;
  readonly report: IndexReport;
  /** Of the report in the store; `null` without a store. */
  readonly reportKey: string | null;
  /** Where the report's files are; `null` when they were not asked for. */
  readonly folder: string | null;
  /** The backup whose drill measured the indexes; `null` without one. */
  readonly measuredBy: { readonly backup: string; readonly at: string } | null;
}

/**
 * Looks at the indexes of a live database, in one session that only reads and waits for nobody, and reports what a person should act on.
 * @throws LifeboatError `bad-option`, `disk-full`, and whatever Postgres and the store say
 */
export async function indexes(options: IndexesOptions, context: Context): Promise<IndexesResult> {
  const { storage } = options;
  if (storage === undefined) return withStore(null, options, context);
  const store = await openStoreFor({ ...options, storage }, context.environment);
  try {
    return await withStore(store, options, context);
  } finally {
    await store.close();
  }
}

async function withStore(store: Store | null, options: IndexesOptions, context: Context): Promise<IndexesResult> {
  const target = parseDatabaseUrl(options.databaseUrl, context.environment);
  const database = options.database ?? target.database;
  const { report, measuredBy } = await look(target, database, store, options, context);
  const json = JSON.stringify(report);
  if (options.out !== undefined) await write(options.out, report, json);
  const reportKey = store === null ? null : await storeReport(store, report, json, options.keepReports, context.signal);
  return { ok: isOk(report, options.failOn), report, reportKey, folder: options.out ?? null, measuredBy };
}

/** Reads and judges. What was read of ten thousand indexes is let go of before the report is written. */
async function look(
  target: ConnectionTarget,
  database: string,
  store: Store | null,
  options: IndexesOptions,
  context: Context,
): Promise<Pick<IndexesResult, 'report' | 'measuredBy'>> {
  const { signal, log } = context;
  return withCarefulSession(target, signal, async (session) => {
    const server = await readServer(session);
    const { measuredBy, ...judged } = await judge(session, server, database, store, options, signal);
    const replicas = await readReplicas(options.replicaUrl, server, context);
    // last: a report on very many indexes is large
    const known = store === null ? NOTHING_KNOWN : await recall(store, database, server, signal);
    const report = makeReport({ database, server, replicas, ...judged, ...known }, thresholdsOf(options), options.ignore);
    for (const note of report.notes) log.warn(note);
    return { report, measuredBy };
  });
}

/** Reads what there is and judges the bloat; what the drill measured is let go of. */
async function judge(
  session: Session,
  { systemIdentifier }: ServerFacts,
  database: string,
  store: Store | null,
  { publicKey, exact }: IndexesOptions,
  signal: AbortSignal,
): Promise<Pick<IndexesResult, 'measuredBy'> & Pick<Observed, 'indexes' | 'tables' | 'foreignKeys' | 'sequences' | 'ages' | 'bloat'>> {
  const drilled = store === null ? NO_STORE : ofServer(await findMeasuredSource(store, database, publicKey, signal), systemIdentifier);
  const indexes = (await readIndexes(session)).filter(({ temporary }) => !temporary);
  return {
    indexes,
    tables: await readTables(session),
    foreignKeys: await readForeignKeys(session),
    sequences: await readSequences(session),
    ages: await readAges(session),
    bloat: await judgeBloat(session, indexes, { drilled, exact, explainFrom: NORMAL_RATIO }, signal),
    measuredBy: 'why' in drilled ? null : { backup: drilled.backup, at: drilled.drilledAt },
  };
}

/** What the store knows of this very server from before, and not of another that had the database's name. */
type Known = Pick<Observed, 'previous' | 'raised'>;

const NOTHING_KNOWN: Known = { previous: null, raised: [] };

async function recall(store: Store, database: string, { now, systemIdentifier }: ServerFacts, signal: AbortSignal): Promise<Known> {
  // a clock that went back leaves reports of a time to come
  const isBefore = ({ at, server: of }: IndexReport) => at <= now && !areTwoClusters(of.systemIdentifier, systemIdentifier);
  const latest = await readLatestReport(store, database, signal, isBefore);
  const state = await stateInStore(store, database).read();
  return {
    previous: latest?.report ?? null,
    raised: areTwoClusters(state.of?.systemIdentifier ?? null, systemIdentifier) ? [] : state.thresholds,
  };
}

function thresholdsOf({ warnRatio, actRatio, minWasted, unusedAfter, minTable, sequenceUsed, staleRows, ageUsed }: IndexesOptions): Thresholds {
  const fractions = { sequenceUsed: sequenceUsed / 100, staleRows: staleRows / 100, ageUsed: ageUsed / 100 };
  return { warnRatio, actRatio, minWasted, unusedAfterSeconds: unusedAfter, minTable, ...fractions };
}

function isOk({ findings }: IndexReport, failOn: IndexesOptions['failOn']): boolean {
  if (failOn === 'never') return true;
  return !findings.some(({ level }) => LEVELS.indexOf(level) <= LEVELS.indexOf(failOn));
}

/** Loaded only when files are wanted. */
async function write(folder: string, report: IndexReport, json: string): Promise<void> {
  const { writeReport } = await import('./write-report.ts');
  try {
    await writeReport(folder, report, json);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new LifeboatError(
      code === 'ENOSPC' ? 'disk-full' : 'bad-option',
      `The report could not be written to ${folder} (${code}).`,
      'Give --out a folder that can be written to.',
      { details: { folder } },
    );
  }
}
