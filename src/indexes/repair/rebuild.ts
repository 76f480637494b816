import type { Context } from '../../context.ts';
import { LifeboatError } from '../../errors.ts';
import type { Session } from '../../postgres/connect.ts';
import { displayName, qualifiedName } from '../../postgres/identifiers.ts';
import type { ConnectionTarget } from '../../postgres/url.ts';
import { clearAfter, type Leftover } from './clear.ts';
import { type Guard, watchRebuild } from './guard.ts';
import type { WalLimits } from './hindrances.ts';
import { better, type Judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import type { Underway } from './leftovers.ts';
import { type Budget, type Candidate, type Decision, decide, type Prediction, type RepairFacts } from './plan.ts';
import { findIndex, readFacts, readInvalid } from './read.ts';
import { endSession, openWork } from './sessions.ts';

export interface Repair {
  readonly target: ConnectionTarget;
  readonly control: Session;
  readonly ledger: Ledger;
  readonly judge: Judge;
  readonly limits: WalLimits;
  readonly lockTimeoutMs: number;
  readonly timeProblem: () => string | null;
  /** Every reason not to begin now on a table, as one text; `null` without any. */
  readonly hindrance: (tableOid: number) => Promise<string | null>;
}

export interface RebuildEnd {
  /** `null` when it was rebuilt, or when that failed. */
  readonly decision: Exclude<Decision, { action: 'rebuild' }> | null;
  /** Why it failed; `null` when it did not. */
  readonly failure: string | null;
  readonly attempts: number;
  readonly prediction: Prediction | null;
  /** As it was just before; `null` when it is gone. */
  readonly before: RepairFacts | null;
  /** The index that has its name now; `null` unless it was rebuilt. */
  readonly after: RepairFacts | null;
  readonly leftovers: readonly Leftover[];
}

/** Beside the first attempt. */
const RETRIES = 3;
const SESSION_PATIENCE_MS = 3000;

/**
 * Analyzes the table, judges again, and rebuilds the index while it is watched. Deadlocks and lock timeouts are tried again, where nothing
 * hinders it by then; what a failed attempt has left is removed. Throws only where this run must end: it was told to, or its own session is
 * lost.
 */
export async function rebuildIndex(candidate: Candidate, budget: Budget, repair: Repair, context: Context): Promise<RebuildEnd> {
  let analyzed: { readonly decision: Decision; readonly candidate: Candidate } | null = null;
  let failed: string | null = null;
  for (let attempt = 1; ; attempt += 1) {
    context.signal.throwIfAborted();
    const { session: work, identity } = await openWork(repair.target, repair.lockTimeoutMs);
    const mostBytes = budget.maxBytes === null ? null : budget.maxBytes - budget.takenBytes;
    const name = displayName(candidate.facts);
    const guard = watchRebuild(
      repair.control,
      { index: name, pid: work.processId, limits: repair.limits, mostBytes, timeProblem: repair.timeProblem },
      context,
      () => work.close(),
    );
    let rebuild: Underway | null = null;
    let error: unknown = null;
    try {
      analyzed = await judgeAgain(work, analyzed?.candidate ?? candidate, analyzed === null, budget, repair);
      if (analyzed.decision.action === 'rebuild') {
        rebuild = await noteBefore(analyzed.candidate.facts, identity, repair);
        context.log.info(`Rebuilding ${displayName(rebuild)}${attempt === 1 ? '' : `, attempt ${attempt}`}.`);
        await work.query(`REINDEX INDEX CONCURRENTLY ${qualifiedName(rebuild)}`);
      }
    } catch (thrown) {
      error = thrown;
    } finally {
      await endWatch(guard, work);
    }
    const facts = analyzed?.candidate.facts ?? candidate.facts;
    const base = { attempts: attempt, prediction: analyzed?.candidate.prediction ?? candidate.prediction, before: facts };
    if (error === null && analyzed !== null && analyzed.decision.action !== 'rebuild') {
      const { decision } = analyzed;
      if (failed === null) return { ...base, decision, failure: null, after: null, leftovers: [] };
      return { ...base, decision: null, failure: `${failed} It was not tried again: ${decision.why}`, after: null, leftovers: [] };
    }
    const { after, leftovers } = await settle(facts, rebuild, repair, context);
    if (context.signal.aborted) throw stopped(context.signal.reason, leftovers, repair.ledger.kept);
    // after the swap the work is done, whatever became of the old index
    if (after !== null) return { ...base, decision: null, failure: null, after, leftovers };
    const failure = guard.breach() ?? (error === null ? 'The index that has its name now is not valid, or is not the same.' : messageOf(error));
    const again = guard.breach() === null && isRetriable(error) && attempt <= RETRIES && leftovers.every(({ removed }) => removed);
    if (!again) return { ...base, decision: null, failure, after: null, leftovers };
    failed = failure;
    context.log.info(`${name}: ${failure} Trying again (${attempt} of ${RETRIES}).`);
  }
}

/** By its oid: since it was chosen, hours ago perhaps, its name may have become another's. Its table is analyzed once. */
async function judgeAgain(work: Session, candidate: Candidate, isFirst: boolean, budget: Budget, { control, judge, hindrance }: Repair) {
  const { oid, tableOid } = candidate.facts;
  const read = async () => (await readFacts(control, [oid]))[0];
  const named = await read();
  if (named !== undefined && isFirst) await work.query(`ANALYZE ${qualifiedName({ schema: named.schema, name: named.table })}`);
  const facts = isFirst ? await read() : named;
  if (facts === undefined) return { candidate, decision: GONE };
  const prediction = isFirst ? better(candidate.prediction, (await judge([oid])).get(oid)) : candidate.prediction;
  const again = { ...candidate, facts, prediction };
  const decision = decide(again, budget);
  const why = decision.action === 'rebuild' ? await hindrance(tableOid) : null;
  return { candidate: again, decision: why === null ? decision : ({ action: 'refuse', kind: 'hindered', why } as const) };
}

const GONE: Decision = { action: 'skip', why: 'It is gone: somebody dropped or rebuilt it meanwhile.' };

/** Before the first statement that could leave something. */
async function noteBefore(facts: RepairFacts, session: Underway['session'], { control, ledger }: Repair): Promise<Underway> {
  const invalid = await readInvalid(control, facts.tableOid);
  const { oid, schema, name, tableOid } = facts;
  const earlier = ledger.unsettled.find((one) => one.oid === oid);
  const rebuild: Underway = {
    ...{ oid, schema, name, tableOid, session },
    definition: facts.definition ?? '',
    invalidBefore: invalid.map((index) => index.oid).filter((one) => earlier === undefined || earlier.invalidBefore.includes(one)),
    at: new Date().toISOString(),
  };
  await ledger.begin(rebuild);
  return rebuild;
}

async function endWatch(guard: Guard, work: Session): Promise<void> {
  try {
    await guard.stop();
  } finally {
    await work.close();
  }
}

/** What came of it, and without what it left. */
async function settle(facts: RepairFacts, rebuild: Underway | null, { control, ledger }: Repair, context: Context) {
  if (rebuild === null) return { after: null, leftovers: [] };
  const hasEnded = await endSession(control, rebuild.session, SESSION_PATIENCE_MS);
  const [now] = await findIndex(control, facts);
  const isNew = now !== undefined && now.facts.oid !== facts.oid && now.facts.valid && [facts.definition, null].includes(now.facts.definition);
  const leftovers = await clearAfter(control, rebuild, hasEnded, ledger, context);
  return { after: isNew ? now.facts : null, leftovers };
}

function isRetriable(error: unknown): boolean {
  return error instanceof LifeboatError && ['40P01', '55P03'].includes(String(error.details['sqlstate']));
}

function messageOf(error: unknown): string {
  if (!(error instanceof LifeboatError)) throw error;
  if (error.details['sqlstate'] === '57014') return 'Somebody cancelled it.';
  return error.message;
}

/** Why the run ended, and what it could not put away. */
function stopped(reason: unknown, leftovers: readonly Leftover[], isNoted: boolean): unknown {
  const left = leftovers.filter(({ removed }) => !removed);
  if (left.length === 0 || !(reason instanceof LifeboatError)) return reason;
  return new LifeboatError(
    'cancelled',
    `${reason.message} Left behind, because somebody uses the table: ${left.map(displayName).join(', ')}.`,
    `${isNoted ? 'The next run removes it, or do it by hand' : 'Remove it by hand'}: ${left.map(({ sql }) => `${sql};`).join(' ')}`,
    { details: { ...reason.details, leftovers: left } },
  );
}
