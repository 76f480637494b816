/** One number that was promised, and what this run measured. */
export interface Row {
  readonly what: string;
  readonly measured: number;
  readonly unit: '×' | 'MB' | 'ms' | 's' | 'points' | 'indexes';
  /** The promise; `null` for a row that only informs. */
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | null;
  readonly how: string;
}

const DIGITS = { '×': 2, MB: 0, ms: 0, s: 0, points: 3, indexes: 0 } as const;

export function printRows(rows: readonly Row[]): void {
  const lines = rows.map((row) => [row.what, `${row.measured.toFixed(DIGITS[row.unit])} ${row.unit}`, promise(row), verdict(row), row.how]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => (line[column] as string).length)));
  for (const line of lines) console.log(line.map((cell, i) => (i < 4 ? cell.padEnd(widths[i] as number) : cell)).join('  '));
}

function promise({ target, unit }: Row): string {
  if (target === null) return '';
  return 'atMost' in target ? `≤ ${target.atMost} ${unit}` : `≥ ${target.atLeast} ${unit}`;
}

function verdict({ target, measured }: Row): string {
  if (target === null) return '';
  return ('atMost' in target ? measured <= target.atMost : measured >= target.atLeast) ? 'met' : 'MISSED';
}
