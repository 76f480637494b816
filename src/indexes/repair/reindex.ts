import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { ReindexOptions } from '../../options/reindex.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { readSystemIdentifier } from '../../postgres/inventory.ts';
import { describeTarget, parseDatabaseUrl } from '../../postgres/url.ts';
import { bytes } from '../../report/format.ts';
import { openStoreFor } from '../../storage/from-options.ts';
import type { Store } from '../../storage/store.ts';
import { NO_STORE, ofServer } from '../bloat/measured.ts';
import { findMeasuredSource } from '../measured-source.ts';
import { chooseCandidates } from './choose.ts';
import { type Leftover, recover } from './clear.ts';
import { hindrancesOf, readActivity } from './hindrances.ts';
import { better, judgeIn } from './judge.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { endOutcome, type IndexOutcome, outcomeOf, plannedOutcome } from './outcome.ts';
import { type Budget, type Candidate, type Decision, decide, inOrder } from './plan.ts';
import { type Repair, rebuildIndex } from './rebuild.ts';
import { lockRun, openControl } from './sessions.ts';
import { stateInFile, stateInStore } from './state.ts';
import { isInside, windowText } from './window.ts';

export interface ReindexResult {
  /** Nothing failed, and everything that was named was rebuilt or need not be; a dry run is always ok. */
  readonly ok: boolean;
  readonly applied: boolean;
  /** Its name in the store. */
  readonly database: string;
  /** ISO time. */
  readonly at: string;
  /** The report that they were taken from; `null` when they were named. */
  readonly report: string | null;
  /** In the order in which they were, or would be, rebuilt: smallest first. */
  readonly indexes: readonly IndexOutcome[];
  /** What earlier runs left, and what this one left. */
  readonly leftovers: readonly Leftover[];
  readonly gainedBytes: number;
  readonly seconds: number;
  /** What a person should know. */
  readonly notes: readonly string[];
}

/**
 * Rebuilds bloated indexes one at a time, smallest first, without keeping anybody from reading or writing; without `apply`, only says what
 * it would do. No index is ever the worse for it: the old one serves until the new one is valid.
 * @throws LifeboatError `pooler-url`, `standby`, `version-unsafe`, `reindex-running`, `unknown-index`, `bad-option`, and those of a
 * connection or a store
 */
export async function reindex(options: ReindexOptions, context: Context, clock: () => Date = () => new Date()): Promise<ReindexResult> {
  assertOptions(options);
  const target = parseDatabaseUrl(options.databaseUrl, context.environment);
  const database = options.database ?? target.database;
  const store = options.storage === undefined ? null : await openStoreFor({ ...options, storage: options.storage }, context.environment);
  try {
    const control = await openControl(target);
    try {
      if (options.apply) await lockRun(control);
      context.log.info(`${options.apply ? 'Rebuilding' : 'Looking at'} indexes of ${describeTarget(target)}.`);
      const of = { systemIdentifier: await readSystemIdentifier(control), database: target.database };
      const ledger = await openLedger(stateFileOf(options, store, database), of, context.log);
      // to read an index's pages is little beside rebuilding it, and much beside looking at it
      const found = store === null ? NO_STORE : await findMeasuredSource(store, database, options.publicKey, context.signal);
      const drilled = ofServer(found, of.systemIdentifier);
      const judge = judgeIn(target, { drilled, exact: options.apply }, context.signal);
      const hindrance = async (tableOid: number) => {
        const activity = await readActivity(control, tableOid, []);
        return hindrancesOf(activity, { ...options, maxTransactionAgeSeconds: options.maxTransactionAge }).join(' ') || null;
      };
      const repair = { target, control, ledger, judge, limits: options, lockTimeoutMs: options.lockTimeout * 1000, hindrance };
      const asked = { ...options, database, systemIdentifier: of.systemIdentifier };
      return await perform(asked, { ...repair, timeProblem: () => null }, store, context, clock);
    } finally {
      await control.close();
    }
  } finally {
    await store?.close();
  }
}

function assertOptions({ index, fromReport, apply, maxBytes, removeLeftovers, storage }: ReindexOptions): void {
  const bad = (message: string, remedy: string) => new LifeboatError('bad-option', message, remedy);
  if (index.length === 0 && fromReport === undefined && !removeLeftovers) {
    throw bad('Nothing says which indexes to rebuild.', 'Name them with --index SCHEMA.INDEX, or take them from a report with --from-report latest.');
  }
  if (fromReport === 'latest' && storage === undefined) throw bad('--from-report latest needs the store that the reports are in.', 'Add --storage.');
  if (apply && maxBytes === undefined && (index.length > 0 || fromReport !== undefined)) {
    throw bad(
      '--apply needs --max-bytes.',
      'Look how much disk is free at the server, and say how much of it an index may take while it is built beside the old one, like --max-bytes 20GB.',
    );
  }
}

function stateFileOf({ state }: ReindexOptions, store: Store | null, database: string) {
  if (state !== undefined) return stateInFile(state);
  return store === null ? null : stateInStore(store, database);
}

async function perform(
  options: ReindexOptions & { readonly database: string; readonly systemIdentifier: string | null },
  untimed: Repair,
  store: Store | null,
  context: Context,
  clock: () => Date,
): Promise<ReindexResult> {
  const started = clock();
  const repair = { ...untimed, timeProblem: () => timeProblem(options, started, clock()) };
  const { control, ledger } = repair;
  const earlier = await recover(control, ledger, options, context);
  const choice = await chooseCandidates(control, options, ledger, store, context);
  const candidates = inOrder(options.apply ? choice.candidates : await judgedNow(choice.candidates, repair));
  const outcomes: IndexOutcome[] = [];
  const own: Leftover[] = [];
  let ended: string | null = null;
  for (const candidate of candidates) {
    context.signal.throwIfAborted();
    if (ended !== null) {
      outcomes.push(outcomeOf(candidate, { action: 'refuse', kind: 'hindered', why: ended }));
      continue;
    }
    // what earlier runs left was there when the operator looked at the disk
    const takenBytes = own.reduce((sum, { removed, bytes }) => sum + (removed ? 0 : (bytes ?? 0)), 0);
    const budget = { maxBytes: options.maxBytes ?? null, takenBytes };
    // what statistics say of it counts only once they are new
    const first = options.apply ? decide({ ...candidate, named: true }, UNLIMITED) : decide(candidate, budget);
    if (first.action !== 'rebuild') {
      outcomes.push(outcomeOf(candidate, first));
      continue;
    }
    const before = await whyNotNow(candidate, repair);
    // by the time that somebody approves it nothing may be in the way any more
    if (!options.apply) outcomes.push({ ...plannedOutcome(candidate), why: before === null ? null : `Not now: ${before.why}` });
    else if (before !== null) outcomes.push(outcomeOf(candidate, before));
    else {
      const end = await rebuildOne(candidate, budget, repair, context);
      outcomes.push(end.outcome);
      own.push(...end.leftovers);
      ended = end.ended;
    }
  }
  return {
    ok: !options.apply || (outcomes.every(isFine) && !(options.removeLeftovers && earlier.some(({ removed }) => !removed))),
    applied: options.apply,
    database: options.database,
    at: started.toISOString(),
    report: choice.report,
    indexes: outcomes,
    leftovers: [...earlier, ...own],
    gainedBytes: outcomes.reduce((sum, { gainedBytes }) => sum + (gainedBytes ?? 0), 0),
    seconds: (clock().getTime() - started.getTime()) / 1000,
    notes: notesOf(options, ledger),
  };

  /** A report may go on to name what is never rebuilt; whoever names it by hand wants to know. */
  function isFine({ outcome, schema, name }: IndexOutcome): boolean {
    if (outcome === 'rebuilt' || outcome === 'skipped') return true;
    const found = candidates.find(({ facts }) => facts.schema === schema && facts.name === name);
    if (outcome !== 'refused' || found === undefined || found.named) return false;
    const decision = decide(found, UNLIMITED);
    return decision.action === 'refuse' && decision.kind === 'excluded';
  }
}

const UNLIMITED: Budget = { maxBytes: null, takenBytes: 0 };

async function judgedNow(candidates: readonly Candidate[], { judge }: Repair): Promise<Candidate[]> {
  const judged = await judge(candidates.map(({ facts }) => facts.oid));
  return candidates.map((one) => ({ ...one, prediction: better(one.prediction, judged.get(one.facts.oid)) }));
}

/** The hour, the deadline, and what goes on in the database. */
async function whyNotNow({ facts }: Candidate, { timeProblem, hindrance }: Repair): Promise<Extract<Decision, { action: 'refuse' }> | null> {
  const late = timeProblem();
  if (late !== null) return { action: 'refuse', kind: 'limited', why: late };
  const why = await hindrance(facts.tableOid);
  return why === null ? null : { action: 'refuse', kind: 'hindered', why };
}

function timeProblem({ window, timezone, deadline }: ReindexOptions, started: Date, now: Date): string | null {
  if (deadline !== undefined && now.getTime() - started.getTime() >= deadline * 1000)
    return `The deadline is over: it was ${deadline} s after the run began.`;
  if (window !== undefined && !isInside(window, timezone, now)) return `It is not between the hours of ${windowText(window)} (${timezone}).`;
  return null;
}

interface RebuiltOne {
  readonly outcome: IndexOutcome;
  readonly leftovers: readonly Leftover[];
  /** Why no other index can be begun after it; `null` when nothing is in the way. */
  readonly ended: string | null;
}

async function rebuildOne(candidate: Candidate, budget: Budget, repair: Repair, context: Context): Promise<RebuiltOne> {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1000;
  try {
    const end = await rebuildIndex(candidate, budget, repair, context);
    const outcome = await endOutcome(candidate, end, elapsed(), repair.ledger);
    // whoever stops the run has no result, but has the log
    if (outcome.bytesAfter !== null)
      context.log.info(`${displayName(outcome)}: ${bytes(outcome.bytesBefore ?? 0)} before, ${bytes(outcome.bytesAfter)} now.`);
    if (outcome.outcome === 'failed') context.log.warn(`${displayName(candidate.facts)} was not rebuilt: ${outcome.why}`);
    return { outcome, leftovers: end.leftovers, ended: null };
  } catch (error) {
    // what was rebuilt before it is worth telling of; only a stop by hand, or a bug, ends without a result
    if (context.signal.aborted || !(error instanceof LifeboatError)) throw error;
    context.log.warn(`${displayName(candidate.facts)} was not rebuilt: ${error.message}`);
    const next = repair.ledger.kept ? 'the next run removes it' : 'look for it in pg_index';
    const why = `${error.message} It may have left an invalid _ccnew or _ccold index: ${next}.`;
    const outcome: IndexOutcome = { ...plannedOutcome(candidate), outcome: 'failed', why, seconds: elapsed(), attempts: 1 };
    return { outcome, leftovers: [], ended: `Not begun, because the run ended with an earlier index: ${error.message}` };
  }
}

function notesOf({ apply, index, fromReport, maxBytes }: ReindexOptions, ledger: Ledger): string[] {
  const chosen = index.length > 0 || fromReport !== undefined;
  return [
    ...(!apply && chosen ? ['A dry run goes by the statistics as they are; with --apply each table is analyzed and judged again first.'] : []),
    ...(!apply && chosen && maxBytes === undefined ? ['--apply needs --max-bytes: how much disk an index may take while it is built.'] : []),
    ...(ledger.kept ? [] : ['Nothing notes what is under way: with --storage or --state, the run after one that was killed knows what it left.']),
  ];
}
