interface Sampled {
  readonly histogram: readonly number[] | null;
  readonly common: readonly number[] | null;
  /** Of all rows, NULLs among them. */
  readonly frequencies: readonly number[] | null;
  readonly nulls: number;
}

interface Widths {
  readonly widths: readonly number[] | null;
  readonly commonWidths: readonly number[] | null;
  readonly restWidths: readonly number[] | null;
}

const SLOTS = 200;

/** Lengths that stand for equal shares of the rows: of the frequent values by their frequency, of the others, and of all together. Pure. */
export function widthsOf({ histogram, common, frequencies, nulls }: Sampled): Widths {
  const total = (frequencies ?? []).reduce((sum, frequency) => sum + frequency, 0);
  if (common === null || frequencies === null || total <= 0) return { widths: histogram, commonWidths: null, restWidths: histogram };
  // an own share for each, however the list is sorted
  let cumulated = 0;
  const ends = frequencies.map((frequency) => (cumulated += frequency / total));
  const picked = (slots: number) =>
    Array.from({ length: slots }, (_, i) => {
      const place = (i + 0.5) / slots;
      return common[
        Math.max(
          0,
          ends.findIndex((end) => end >= place),
        )
      ] as number;
    });
  if (histogram === null) return { widths: picked(SLOTS), commonWidths: picked(SLOTS), restWidths: null };
  return { widths: mixed(picked, histogram, total / Math.max(total, 1 - nulls)), commonWidths: picked(SLOTS), restWidths: histogram };
}

function mixed(picked: (slots: number) => number[], histogram: readonly number[], share: number): number[] {
  const slots = Math.min(SLOTS - 1, Math.max(1, Math.round(SLOTS * share)));
  const rest = SLOTS - slots;
  return [...picked(slots), ...Array.from({ length: rest }, (_, i) => histogram[Math.floor(((i + 0.5) * histogram.length) / rest)] as number)];
}
