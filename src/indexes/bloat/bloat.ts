/** From the best to the weakest: whatever is higher up is taken where it can be had. */
export const BLOAT_METHODS = ['measured', 'scaled', 'exact', 'estimated'] as const;

/**
 * How an index's rebuilt size is known. `measured`: a drill built it anew from the rows of the same snapshot. `scaled`: that size, grown
 * with the tuples since, and with what each of them takes. `exact`: pgstattuple read its pages. `estimated`: from the catalogue's statistics.
 */
export type BloatMethod = (typeof BLOAT_METHODS)[number];

export const CONFIDENCES = ['high', 'medium', 'low'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export interface Bloat {
  readonly oid: number;
  readonly method: BloatMethod;
  /** Of the live index, at the moment that is judged. */
  readonly bytes: number;
  /** What a REINDEX would leave. */
  readonly rebuiltBytes: number;
  readonly confidence: Confidence;
  /** What the judgement stands on, and every reason to doubt it; sentences for people. */
  readonly evidence: readonly string[];
}

export interface NotExamined {
  readonly oid: number;
  /** One sentence. */
  readonly why: string;
  /** What would change it: a GRANT, an ANALYZE, a drill. */
  readonly remedy: string | null;
}

export interface BloatReport {
  readonly judged: readonly Bloat[];
  readonly notExamined: readonly NotExamined[];
  /** Why no drill speaks of any of them; `null` when one does. */
  readonly unmeasured: Omit<NotExamined, 'oid'> | null;
  /** Of those whose pages were to be counted: how many were not, and the first reason; `null` when all were, or nobody asked for it. */
  readonly uncounted: (Omit<NotExamined, 'oid'> & { readonly indexes: number }) | null;
}

/** Live size in rebuilt sizes below which no index is bloated: random inserts alone lead there. */
export const NORMAL_RATIO = 1.5;

/** Live size in rebuilt sizes: 1 is as good as new. */
export function bloatRatio(bloat: Pick<Bloat, 'bytes' | 'rebuiltBytes'>): number {
  return bloat.bytes / Math.max(bloat.rebuiltBytes, 8192);
}

export function wastedBytes(bloat: Pick<Bloat, 'bytes' | 'rebuiltBytes'>): number {
  return Math.max(0, bloat.bytes - bloat.rebuiltBytes);
}
