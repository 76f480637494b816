import type { BloatMethod, Confidence } from './bloat/bloat.ts';

export const FINDING_KINDS = [
  'bloated',
  'invalid',
  'leftover',
  'duplicate',
  'redundant',
  'unused',
  'foreign-key',
  'sequential-scans',
  'statistics',
  'sequence',
  'age',
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** `act`: do something. `warn`: look at it. `info`: good to know; nobody is told of it. */
export const LEVELS = ['act', 'warn', 'info'] as const;
export type Level = (typeof LEVELS)[number];

/** Something about an index, a table, a sequence or the database that a person should act on. */
export interface IndexFinding {
  readonly kind: FindingKind;
  readonly level: Level;
  /** What it is about, as people write it: `shop.orders_idx`. With `kind` it tells one finding from another. */
  readonly object: string;
  /** The index, where it is about one that is there. */
  readonly index: { readonly oid: number; readonly schema: string; readonly name: string } | null;
  /** Sentences. */
  readonly evidence: readonly string[];
  /** Bytes that the remedy would give back, or, of a table, that are concerned. */
  readonly sizeAtStake: number;
  /** The share of a limit that is used up; of a sequence or an age only. */
  readonly used: number | null;
  readonly confidence: Confidence;
  /** Statements to review; `null` where no statement would do. */
  readonly remedySql: string | null;
  /** How it was found out; of a bloated index only. */
  readonly method: BloatMethod | null;
}

/** What makes a finding of a number; defaults are in src/options/indexes.ts. */
export interface Thresholds {
  readonly warnRatio: number;
  readonly actRatio: number;
  readonly minWasted: number;
  readonly unusedAfterSeconds: number;
  readonly minTable: number;
  /** Fractions. */
  readonly sequenceUsed: number;
  readonly staleRows: number;
  readonly ageUsed: number;
}

/** What tells a finding from others, in one report and from one report to the next. */
export function findingKey({ kind, object }: Pick<IndexFinding, 'kind' | 'object'>): string {
  return `${kind} ${object}`;
}
