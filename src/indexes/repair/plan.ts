import { bytes as size } from '../../report/format.ts';
import type { Bloat } from '../bloat/bloat.ts';
import type { IndexFacts } from '../facts.ts';

/** What a repair has to know of an index. */
export interface RepairFacts
  extends Pick<
    IndexFacts,
    'oid' | 'schema' | 'name' | 'tableOid' | 'table' | 'definition' | 'bytes' | 'unique' | 'exclusion' | 'valid' | 'extension' | 'temporary'
  > {
  /** Of Postgres itself, or of a TOAST table. */
  readonly catalogue: boolean;
  /** The role owns the table: whoever may only maintain it cannot drop what a failed rebuild leaves. */
  readonly permitted: boolean;
}

export type Prediction = Pick<Bloat, 'rebuiltBytes' | 'method' | 'confidence' | 'evidence'>;

export interface Candidate {
  readonly facts: RepairFacts;
  /** The operator named it; otherwise a report did. */
  readonly named: boolean;
  /** The partitioned index that was asked for, where this is a leaf of it. */
  readonly leafOf: string | null;
  /** `null` when nobody could say. */
  readonly prediction: Prediction | null;
  /** From which ratio of live to rebuilt size on it is worth a rebuild; raised by rebuilds that gained little. */
  readonly threshold: number;
}

export interface Budget {
  /** What the operator allows an index under construction to take; `null` when nothing was said. */
  readonly maxBytes: number | null;
  /** Of that, what leftovers take that could not be removed. */
  readonly takenBytes: number;
}

/**
 * `rebuild`, with what it may take meanwhile. `skip`: it is not needed. `refuse`: `excluded` will not change by itself; `limited` by what
 * the operator allows; `hindered` by what goes on in the database.
 */
export type Decision =
  | { readonly action: 'rebuild'; readonly needsBytes: number }
  | { readonly action: 'skip'; readonly why: string }
  | { readonly action: 'refuse'; readonly kind: 'excluded' | 'limited' | 'hindered'; readonly why: string };

/** What a rebuild has to gain, as a share of the size before. */
export const LEAST_GAIN = 0.15;
/** A new index beside the old one, in predicted sizes. */
const RESERVE = 1.2;

/** Whether this index is rebuilt, and if not, why. */
export function decide({ facts, named, prediction, threshold }: Candidate, { maxBytes, takenBytes }: Budget): Decision {
  const excluded = exclusionOf(facts);
  if (excluded !== null) return { action: 'refuse', kind: 'excluded', why: excluded };
  if (facts.bytes === null || facts.definition === null) {
    return { action: 'refuse', kind: 'hindered', why: 'Somebody holds a lock on it or on its table that lets nobody even read its size.' };
  }
  const ratio = prediction === null ? null : ratioOf(facts.bytes, prediction.rebuiltBytes);
  if (!named && (ratio === null || ratio < threshold)) {
    const why =
      ratio === null
        ? 'Its bloat could not be judged again.'
        : `It has ${ratio.toFixed(2)} times the size of a rebuilt one, and ${threshold.toFixed(2)} is where a rebuild begins to pay.`;
    return { action: 'skip', why };
  }
  const needsBytes = bytesNeeded(facts.bytes, prediction);
  if (maxBytes !== null && needsBytes > maxBytes - takenBytes) {
    const taken = takenBytes === 0 ? '' : `, of which leftovers take ${size(takenBytes)}`;
    return {
      action: 'refuse',
      kind: 'limited',
      why: `It may take ${size(needsBytes)} while it is built, and --max-bytes allows ${size(maxBytes)}${taken}.`,
    };
  }
  return { action: 'rebuild', needsBytes };
}

/** What must be free for it; without a prediction the index may become as large as it is. */
export function bytesNeeded(bytes: number, prediction: Prediction | null): number {
  return Math.ceil(RESERVE * (prediction?.rebuiltBytes ?? bytes));
}

export function ratioOf(bytes: number, rebuiltBytes: number): number {
  return bytes / Math.max(rebuiltBytes, 8192);
}

/** The threshold of an index that gained too little: it has to look a quarter worse than it did this time. */
export function raisedThreshold(before: number, judgedRatio: number | null): number {
  return Math.round(Math.max(before * 1.25, (judgedRatio ?? 0) * 1.25) * 100) / 100;
}

/** Smallest first: what goes wrong goes wrong with the cheapest. */
export function inOrder(candidates: readonly Candidate[]): Candidate[] {
  return candidates.toSorted((a, b) => (a.facts.bytes ?? Infinity) - (b.facts.bytes ?? Infinity) || a.facts.oid - b.facts.oid);
}

function exclusionOf(facts: RepairFacts): string | null {
  if (facts.catalogue) return 'It belongs to a catalogue or a TOAST table: rebuild it by hand, in a maintenance window.';
  if (facts.temporary) return 'It is temporary: it goes with its session.';
  if (facts.extension !== null) return `It belongs to the extension ${facts.extension}.`;
  if (facts.exclusion) return 'It implements an exclusion constraint, which Postgres cannot rebuild concurrently.';
  if (!facts.valid) return 'It is invalid: somebody else left it so; drop it or rebuild it by hand.';
  if (!facts.permitted) return 'The role does not own its table, or may not use its schema: it could not remove what a failed rebuild leaves.';
  return null;
}
