import { balance } from '../concurrency.ts';
import { dataPartName } from '../format/layout.ts';
import { holdsRows, type Relation } from '../postgres/relations.ts';
import type { Groundwork } from './inventory.ts';

export interface PlannedTable {
  readonly schema: string;
  readonly name: string;
  /** Heap and TOAST. */
  readonly bytes: number;
  /** Whether pg_dump can be given this name as an argument. */
  readonly nameable: boolean;
}

export interface PlannedPart<T extends PlannedTable = PlannedTable> {
  readonly name: string;
  /** The part that every table belongs to which no other part names. */
  readonly catchAll: boolean;
  /** Tables that it is given by name; for the catch-all, those it is known to hold. */
  readonly tables: readonly T[];
  readonly bytes: number;
}

export const SPLIT_ABOVE_BYTES = 256 * 1024 * 1024;
/** Smaller tables gain nothing from a pg_dump of their own choosing, and each name costs pg_dump a catalogue query. */
const NAMED_ABOVE_BYTES = 1024 * 1024;
const MOST_NAMED_TABLES = 500;

/**
 * Which data part holds which table. The first part is the catch-all, so a table that nobody planned for is in it.
 * Tables are never split: one that is larger than all others together decides how long the backup takes.
 */
export function planParts<T extends PlannedTable>(tables: readonly T[], jobs: number): PlannedPart<T>[] {
  const total = sum(tables);
  const partCount = total < SPLIT_ABOVE_BYTES ? 1 : jobs;
  const largestFirst = [...tables].sort((a, b) => b.bytes - a.bytes);
  const named = new Set(largestFirst.filter((table) => table.nameable && table.bytes >= NAMED_ABOVE_BYTES).slice(0, MOST_NAMED_TABLES));
  const unnamed = tables.filter((table) => !named.has(table));
  const bins = balance([...named], (table) => table.bytes, partCount, [sum(unnamed)]);
  return bins
    .map((bin, i) => ({ catchAll: i === 0, tables: i === 0 ? [...bin, ...unnamed] : bin }))
    .filter((part) => part.catchAll || part.tables.length > 0)
    .map((part, i) => ({ name: dataPartName(i), ...part, bytes: sum(part.tables) }));
}

/** The tables whose rows are to be dumped; an extension's stay with the catch-all, where pg_dump treats them in its own way. */
export function plannableTables(relations: readonly Relation[], { facts, sizes }: Groundwork): PlannedTable[] {
  return relations
    .filter((relation) => holdsRows(relation) && relation.leftOut === null)
    .map((relation) => ({
      schema: relation.schema,
      name: relation.name,
      bytes: sizes.get(relation.oid) ?? 0,
      // pg_dump takes its arguments in the database's encoding, and ours are UTF-8
      nameable: relation.extension === null && (facts.encoding === 'UTF8' || isAscii(relation.schema + relation.name)),
    }));
}

function isAscii(text: string): boolean {
  return [...text].every((character) => character.charCodeAt(0) < 128);
}

function sum(tables: readonly PlannedTable[]): number {
  return tables.reduce((bytes, table) => bytes + table.bytes, 0);
}
