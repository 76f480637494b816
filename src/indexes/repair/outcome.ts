import type { BloatMethod } from '../bloat/bloat.ts';
import type { Ledger } from './ledger.ts';
import { type Candidate, type Decision, LEAST_GAIN, raisedThreshold, ratioOf } from './plan.ts';
import type { RebuildEnd } from './rebuild.ts';

export interface IndexOutcome {
  readonly schema: string;
  readonly name: string;
  readonly table: string;
  /** The partitioned index that was asked for, where this is a leaf of it. */
  readonly leafOf: string | null;
  /** `planned` in a dry run only. */
  readonly outcome: 'planned' | 'rebuilt' | 'skipped' | 'refused' | 'failed';
  /** Why it was skipped, refused, or failed; what there is to say of one that was rebuilt. */
  readonly why: string | null;
  readonly bytesBefore: number | null;
  readonly predictedBytes: number | null;
  readonly method: BloatMethod | null;
  /** `null` unless it was rebuilt; so are the next two. */
  readonly bytesAfter: number | null;
  readonly gainedBytes: number | null;
  readonly seconds: number | null;
  readonly attempts: number;
  /** What the index is judged by from now on, because it gained too little; else `null`. */
  readonly raisedThreshold: number | null;
}

/** What came of a rebuild that was begun; one that gained too little raises the index's threshold. */
export async function endOutcome(candidate: Candidate, end: RebuildEnd, seconds: number, ledger: Ledger): Promise<IndexOutcome> {
  const judged = { ...candidate, facts: end.before ?? candidate.facts, prediction: end.prediction };
  if (end.decision !== null) return { ...outcomeOf(judged, end.decision), attempts: end.attempts };
  const base = { ...plannedOutcome(judged), attempts: end.attempts, seconds };
  if (end.failure !== null || end.after === null) return { ...base, outcome: 'failed', why: end.failure };
  const bytesBefore = judged.facts.bytes ?? 0;
  const bytesAfter = end.after.bytes;
  if (bytesAfter === null) return { ...base, outcome: 'rebuilt', why: 'Its new size could not be read: somebody locks it.' };
  const gainedBytes = bytesBefore - bytesAfter;
  const rebuilt = { ...base, outcome: 'rebuilt', bytesAfter, gainedBytes } as const;
  if (gainedBytes >= LEAST_GAIN * bytesBefore) return rebuilt;
  const share = bytesBefore === 0 ? 0 : Math.round((100 * gainedBytes) / bytesBefore);
  const threshold = raisedThreshold(candidate.threshold, judged.prediction === null ? null : ratioOf(bytesBefore, judged.prediction.rebuiltBytes));
  const reason = `A rebuild gained ${share} %, and ${LEAST_GAIN * 100} % is the least that makes one worth while.`;
  const { schema, name } = judged.facts;
  await ledger.raise({ schema, name, threshold, at: new Date().toISOString(), reason });
  return {
    ...rebuilt,
    why: ledger.kept ? `${reason} It is not called bloated again below ${threshold.toFixed(2)} times its rebuilt size.` : reason,
    raisedThreshold: ledger.kept ? threshold : null,
  };
}

/** Of an index of which no rebuild was begun. */
export function outcomeOf(candidate: Candidate, decision: Exclude<Decision, { action: 'rebuild' }>): IndexOutcome {
  return { ...plannedOutcome(candidate), outcome: decision.action === 'skip' ? 'skipped' : 'refused', why: decision.why };
}

export function plannedOutcome({ facts, leafOf, prediction }: Candidate): IndexOutcome {
  return {
    ...{ schema: facts.schema, name: facts.name, table: facts.table, leafOf },
    outcome: 'planned',
    why: null,
    bytesBefore: facts.bytes,
    predictedBytes: prediction?.rebuiltBytes ?? null,
    method: prediction?.method ?? null,
    bytesAfter: null,
    gainedBytes: null,
    seconds: null,
    attempts: 0,
    raisedThreshold: null,
  };
}
