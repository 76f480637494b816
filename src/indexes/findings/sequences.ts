import { displayName, qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts';
import type { SequenceFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import { about } from './common.ts';
import type { Facts } from './facts.ts';

const COLUMN_MAX: Readonly<Record<string, bigint>> = { smallint: 32_767n, integer: 2_147_483_647n, bigint: 9_223_372_036_854_775_807n };
const ACT = 0.9;

/** Sequences that will soon have no number left, by their own limit or by that of the column that they fill. One that cycles never ends. */
export function findSequences({ sequences, thresholds }: Facts): IndexFinding[] {
  return sequences.flatMap((sequence) => {
    const used = usedOf(sequence);
    if (used === null || used.fraction < thresholds.sequenceUsed) return [];
    const { column } = sequence;
    const percent = (used.fraction * 100).toFixed(1);
    const byColumn = used.limit !== BigInt(ascends(sequence) ? sequence.max : sequence.min);
    return about(displayName(sequence), {
      kind: 'sequence',
      level: used.fraction >= Math.max(ACT, thresholds.sequenceUsed) ? 'act' : 'warn',
      evidence: [
        `It stands at ${sequence.lastValue}, ${percent} % of the way to ${used.limit}${byColumn ? `, the most that its column takes (${column?.type})` : ''}.`,
        ...(column === null
          ? []
          : [
              `It fills ${displayName({ schema: column.schema, name: column.table })}.${column.name}; when it has no number left, every INSERT there fails.`,
            ]),
      ],
      remedySql: remedyOf(sequence),
    });
  });
}

function usedOf(sequence: SequenceFacts): { readonly fraction: number; readonly limit: bigint } | null {
  if (sequence.lastValue === null || sequence.cycles) return null;
  const [value, start, min, max] = [sequence.lastValue, sequence.start, sequence.min, sequence.max].map(BigInt) as [bigint, bigint, bigint, bigint];
  const most = COLUMN_MAX[sequence.column?.type ?? ''];
  if (ascends(sequence)) {
    const limit = most !== undefined && most < max ? most : max;
    const from = start < 0n ? min : start < limit ? start : min;
    return { fraction: Number(value - from) / Math.max(1, Number(limit - from)), limit };
  }
  const limit = most !== undefined && -most - 1n > min ? -most - 1n : min;
  return { fraction: Number(start - value) / Math.max(1, Number(start - limit)), limit };
}

function ascends({ increment }: SequenceFacts): boolean {
  return !increment.startsWith('-');
}

/** Widening a column rewrites the table: a plan, never something to run as it stands. */
function remedyOf({ column, ...sequence }: SequenceFacts): string | null {
  if (column === null || column.type === 'bigint') return null;
  const table = qualifiedName({ schema: column.schema, name: column.table });
  const widen = `-- rewrites the whole table under an exclusive lock: plan it, with every column that refers to this one\nALTER TABLE ${table} ALTER COLUMN ${quoteIdentifier(column.name)} TYPE bigint;`;
  return column.identity ? widen : `${widen}\nALTER SEQUENCE ${qualifiedName(sequence)} AS bigint;`;
}
