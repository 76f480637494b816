/** Which columns of a row are NULL, and how many of the rows are so. */
export interface NullPattern {
  readonly share: number;
  readonly isNull: readonly boolean[];
}

/** Statistics know how many rows are NULL in each column, and not which: as chance has it, in the same rows, or in others as far as there are. */
export type Coupling = 'chance' | 'together' | 'apart';

/** More columns than that are taken by a sample of points. */
const ENUMERATED = 6;
const POINTS = 512;
const GOLDEN = 0.6180339887498949;

/** Pure. @param nulls of each column, from 0 to 1 */
export function nullPatterns(nulls: readonly number[], coupling: Coupling): NullPattern[] {
  const nullable = nulls.flatMap((share, i) => (share > 0 && share < 1 ? [i] : []));
  const certain = nulls.map((share) => share >= 1);
  if (coupling === 'chance')
    return nullable.length <= ENUMERATED ? enumerated(nulls, nullable, certain) : merged(scattered(nulls, nullable, certain));
  let start = 0;
  const ranges = nullable.map((i) => {
    const from = coupling === 'together' ? 0 : start % 1;
    start += nulls[i] as number;
    return { i, from, to: from + (nulls[i] as number) };
  });
  const cuts = [...new Set([0, 1, ...ranges.flatMap(({ from, to }) => [from, to > 1 ? to - 1 : to])])].sort((a, b) => a - b);
  return merged(
    cuts.slice(1).map((cut, k) => {
      const at = (cut + (cuts[k] as number)) / 2;
      const hit = new Set(ranges.filter(({ from, to }) => (at >= from && at < to) || at + 1 < to).map(({ i }) => i));
      return { share: cut - (cuts[k] as number), isNull: certain.map((is, i) => is || hit.has(i)) };
    }),
  );
}

function enumerated(nulls: readonly number[], nullable: readonly number[], certain: readonly boolean[]): NullPattern[] {
  return Array.from({ length: 2 ** nullable.length }, (_, bits) => {
    const hit = new Set(nullable.filter((_, k) => (bits >> k) % 2 === 1));
    const share = nullable.reduce((product, i) => product * (hit.has(i) ? (nulls[i] as number) : 1 - (nulls[i] as number)), 1);
    return { share, isNull: certain.map((is, i) => is || hit.has(i)) };
  });
}

function scattered(nulls: readonly number[], nullable: readonly number[], certain: readonly boolean[]): NullPattern[] {
  return Array.from({ length: POINTS }, (_, point) => {
    const hit = new Set(nullable.filter((i, k) => ((point + 0.5) * (GOLDEN + k * Math.SQRT2)) % 1 < (nulls[i] as number)));
    return { share: 1 / POINTS, isNull: certain.map((is, i) => is || hit.has(i)) };
  });
}

function merged(patterns: readonly NullPattern[]): NullPattern[] {
  const found = new Map<string, NullPattern>();
  for (const { share, isNull } of patterns) {
    const key = isNull.map(Number).join('');
    found.set(key, { share: share + (found.get(key)?.share ?? 0), isNull });
  }
  return [...found.values()].filter(({ share }) => share > 1e-9);
}
