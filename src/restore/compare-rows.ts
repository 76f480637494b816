import type { ManifestTable } from '../format/manifest.ts';
import type { Finding } from '../format/proof.ts';
import { displayName } from '../postgres/identifiers.ts';

export interface RestoredTable {
  readonly schema: string;
  readonly name: string;
  /** `null` when the table is not there. */
  readonly rows: number | null;
  readonly checksum: string | null;
}

interface Sum {
  rows: number | null;
  checksum: bigint;
}

/** Tables whose rows are not exactly as many as they were; leaves whose rows a restore may move are compared as one. */
export function compareRows(promised: readonly ManifestTable[], restored: readonly RestoredTable[]): Finding[] {
  return compareSums(promised, restored, (object, was, is) => {
    if (is.rows === null) return { object, message: `is not there; ${was.rows} rows were backed up` };
    return is.rows === was.rows ? null : { object, message: `${is.rows} rows came back of ${was.rows}` };
  });
}

/** Tables with as many rows as they had, but not the same ones. */
export function compareChecksums(promised: readonly ManifestTable[], restored: readonly RestoredTable[]): Finding[] {
  const checked = promised.filter((table) => table.checksum !== null);
  return compareSums(checked, restored, (object, was, is) => {
    if (is.rows === null) return { object, message: 'is not there' };
    return is.checksum === was.checksum ? null : { object, message: `its ${is.rows} rows are not those that were backed up` };
  });
}

function compareSums(
  promised: readonly ManifestTable[],
  restored: readonly RestoredTable[],
  judge: (object: string, was: Sum, is: Sum) => Finding | null,
): Finding[] {
  const groupOf = new Map(promised.map((table) => [displayName(table), table.movesWithin ?? displayName(table)]));
  const was = sums(promised, groupOf);
  const is = sums(restored, groupOf);
  const missing: Sum = { rows: null, checksum: 0n };
  return [...was].flatMap(([object, sum]) => judge(object, sum, is.get(object) ?? missing) ?? []);
}

function sums(tables: readonly RestoredTable[], groupOf: ReadonlyMap<string, string>): Map<string, Sum> {
  const groups = new Map<string, Sum>();
  for (const table of tables) {
    const group = groupOf.get(displayName(table));
    if (group === undefined || table.rows === null) continue;
    const sum = groups.get(group) ?? { rows: 0, checksum: 0n };
    groups.set(group, { rows: (sum.rows ?? 0) + table.rows, checksum: sum.checksum + BigInt(table.checksum ?? 0) });
  }
  return groups;
}
