import { displayName, qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts';
import { counted } from '../../report/format.ts';
import type { SequenceColumn, SequenceFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import { about } from './common.ts';
import type { Facts } from './facts.ts';

const INTEGER_MOST: Readonly<Record<string, bigint>> = { smallint: 32_767n, integer: 2_147_483_647n, bigint: 9_223_372_036_854_775_807n };
const BIGINT_MOST = INTEGER_MOST['bigint'] as bigint;
const ACT = 0.9;

/**
 * Sequences that will soon have no number left, by their own limit or by that of a column that they fill. One that cycles never ends by
 * itself; where its column takes less than it counts to, INSERTs fail for the rest of the way.
 */
export function findSequences({ sequences, thresholds }: Facts): IndexFinding[] {
  return sequences.flatMap((sequence) => {
    const limit = limitOf(sequence);
    const used = limit === null ? null : usedOf(sequence, limit.value);
    if (limit === null || used === null || used < thresholds.sequenceUsed) return [];
    return about(displayName(sequence), {
      kind: 'sequence',
      level: used >= Math.max(ACT, thresholds.sequenceUsed) ? 'act' : 'warn',
      evidence: [
        `It stands at ${sequence.lastValue}, ${(used * 100).toFixed(1)} % of the way to ${limit.value}${limit.column === null ? '' : `, the most that ${columnName(limit.column)} takes (${typeOf(limit.column)})`}.`,
        ...filled(sequence, limit.column),
      ],
      used,
      remedySql: remedyOf(sequence, limit),
    });
  });
}

interface Limit {
  readonly value: bigint;
  /** Whose limit it is; `null` of the sequence's own. */
  readonly column: SequenceColumn | null;
}

/** The nearest; `null` when it goes round within what its columns take. */
function limitOf(sequence: SequenceFacts): Limit | null {
  const limits = sequence.columns.flatMap((column): Limit[] => {
    const value = ascends(sequence) ? mostOf(column) : leastOf(column);
    return value === null ? [] : [{ value, column }];
  });
  const own = { value: BigInt(ascends(sequence) ? sequence.max : sequence.min), column: null };
  const isNearer = (a: Limit, b: Limit) => (ascends(sequence) ? a.value < b.value : a.value > b.value);
  const nearest = limits.reduce<Limit>((best, one) => (isNearer(one, best) ? one : best), own);
  return sequence.cycles && nearest.column === null ? null : nearest;
}

/** The largest number that it takes; `null` where any fits. */
function mostOf({ baseType }: SequenceColumn): bigint | null {
  const [, precision, scale = '0'] = /^numeric\((\d+)(?:,(-?\d+))?\)$/.exec(baseType) ?? [];
  if (precision !== undefined) return 10n ** BigInt(Math.max(0, Number(precision) - Number(scale))) - 1n;
  return INTEGER_MOST[baseType] ?? null;
}

function leastOf(column: SequenceColumn): bigint | null {
  const most = mostOf(column);
  return most === null ? null : column.baseType in INTEGER_MOST ? -most - 1n : -most;
}

/** As a fraction of the way from where it began; `null` when nobody knows where it stands. */
function usedOf(sequence: SequenceFacts, limit: bigint): number | null {
  if (sequence.lastValue === null) return null;
  const [value, start, min] = [sequence.lastValue, sequence.start, sequence.min].map(BigInt) as [bigint, bigint, bigint];
  if (!ascends(sequence)) return Number(start - value) / Math.max(1, Number(start - limit));
  const from = start < 0n ? min : start < limit ? start : min;
  return Number(value - from) / Math.max(1, Number(limit - from));
}

function ascends({ increment }: SequenceFacts): boolean {
  return !increment.startsWith('-');
}

function filled({ columns }: SequenceFacts, nearest: SequenceColumn | null): string[] {
  const [first, ...others] = nearest === null ? columns : [nearest, ...columns.filter((column) => column !== nearest)];
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `, and ${counted(others.length, 'other column')}`;
  return [`It fills ${columnName(first)}${more}; when it has no number left, every INSERT there fails.`];
}

/** Widening a column rewrites the table: a plan, never something to run as it stands. */
function remedyOf(sequence: SequenceFacts, { value }: Limit): string | null {
  const ends = value < 0n ? -value - 1n : value;
  const narrow = sequence.columns.filter((column) => {
    const most = mostOf(column);
    return most !== null && most <= ends && most < BIGINT_MOST;
  });
  const widen = narrow.map(
    (one) =>
      `-- rewrites the whole table under an exclusive lock: plan it, with every column that refers to this one\n${isDomain(one) ? `-- what the domain ${one.type} checks is lost\n` : ''}ALTER TABLE ${qualifiedName({ schema: one.schema, name: one.table })} ALTER COLUMN ${quoteIdentifier(one.name)} TYPE bigint;`,
  );
  // the type of an identity column is its sequence's too
  const follows = narrow.some(({ identity }) => identity);
  const statements = [...widen, ...(follows ? [] : lengthen(sequence))];
  return statements.length === 0 ? null : statements.join('\n');
}

/** Nothing where it counts as far as there are numbers. */
function lengthen(sequence: SequenceFacts): string[] {
  const [most, bound] = ascends(sequence) ? [BigInt(sequence.max), 'MAXVALUE'] : [-BigInt(sequence.min) - 1n, 'MINVALUE'];
  const isAsLongAsItsType = most >= (INTEGER_MOST[sequence.type] ?? BIGINT_MOST);
  const changes = [...(sequence.type === 'bigint' ? [] : ['AS bigint']), ...(isAsLongAsItsType ? [] : [`NO ${bound}`])];
  return changes.length === 0 ? [] : [`ALTER SEQUENCE ${qualifiedName(sequence)} ${changes.join(' ')};`];
}

function columnName({ schema, table, name }: SequenceColumn): string {
  return `${displayName({ schema, name: table })}.${name}`;
}

function isDomain({ type, baseType }: SequenceColumn): boolean {
  return type !== baseType;
}

function typeOf(column: SequenceColumn): string {
  return isDomain(column) ? `${column.type}, which is ${column.baseType}` : column.type;
}
