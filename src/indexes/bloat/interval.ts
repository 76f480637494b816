/** A number that is not known exactly: the least and the most that it may well be, and what is likeliest. */
export interface Interval {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

export function exactly(value: number): Interval {
  return { low: value, mid: value, high: value };
}

export function between(low: number, high: number): Interval {
  return { low, mid: (low + high) / 2, high };
}

export function within({ low, mid, high }: Interval, least: number, most: number): Interval {
  const clamp = (value: number) => Math.min(most, Math.max(least, value));
  return { low: clamp(low), mid: clamp(mid), high: clamp(high) };
}
