import type { Proof } from '../format/proof.ts';

/** One proof, as far as the trend is concerned. */
export interface TrendPoint {
  /** ISO time. */
  readonly at: string;
  readonly restoredBytes: number;
  readonly rtoSeconds: number;
}

export interface Prediction {
  /** ISO time that it is made for. */
  readonly at: string;
  readonly bytes: number;
  readonly rtoSeconds: number;
  readonly proofs: number;
  /** Days between the first and the last of them. */
  readonly days: number;
}

const HORIZON_DAYS = 183;
const DAY_MS = 86_400_000;
const LEAST_PROOFS = 3;
const LEAST_DAYS = 14;
/** So many of the newest say how fast a restore is now: an older one ran on older machines. */
const NEWEST = 5;

/**
 * What a recovery will take in six months: a straight line through the sizes, times the median seconds per byte of the newest proofs.
 * @returns the reason when the proofs do not carry one
 */
export function predictRecovery(points: readonly TrendPoint[], now: Date): Prediction | { readonly unknown: string } {
  const sorted = points.filter(({ restoredBytes }) => restoredBytes > 0).sort((a, b) => a.at.localeCompare(b.at));
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || sorted.length < LEAST_PROOFS) {
    return { unknown: `there are ${sorted.length} proofs, and it takes ${LEAST_PROOFS}` };
  }
  const days = (Date.parse(last.at) - Date.parse(first.at)) / DAY_MS;
  if (days < LEAST_DAYS) return { unknown: `the proofs are of ${Math.floor(days)} days, and it takes ${LEAST_DAYS}` };
  const then = now.getTime() + HORIZON_DAYS * DAY_MS;
  const bytes = Math.max(lineThrough(sorted)(then), 0);
  const rate = median(sorted.slice(-NEWEST).map(({ rtoSeconds, restoredBytes }) => rtoSeconds / restoredBytes));
  return { at: new Date(then).toISOString(), bytes: Math.round(bytes), rtoSeconds: bytes * rate, proofs: sorted.length, days: Math.round(days) };
}

/** The same from proofs, in whatever order; only those that proved everything count. */
export function predictFromProofs(proofs: readonly Proof[], now: Date): Prediction | { readonly unknown: string } {
  const proven = proofs.filter(({ verdict }) => verdict === 'proven');
  return predictRecovery(
    proven.map(({ at, restoredBytes, rto }) => ({ at, restoredBytes, rtoSeconds: rto.seconds })),
    now,
  );
}

/** Least squares. */
function lineThrough(points: readonly TrendPoint[]): (time: number) => number {
  const times = points.map(({ at }) => Date.parse(at));
  const meanTime = mean(times);
  const meanBytes = mean(points.map(({ restoredBytes }) => restoredBytes));
  const spread = times.reduce((sum, time) => sum + (time - meanTime) ** 2, 0);
  const together = points.reduce((sum, { restoredBytes }, i) => sum + ((times[i] as number) - meanTime) * (restoredBytes - meanBytes), 0);
  return (time) => meanBytes + (together / spread) * (time - meanTime);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1] ?? 0, sorted[middle] ?? 0];
  return (low + high) / 2;
}
