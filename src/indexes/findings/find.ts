import { type IndexFinding, LEVELS } from '../finding.ts';
import { findAges } from './ages.ts';
import { findBloated } from './bloated.ts';
import type { Facts } from './facts.ts';
import { findForeignKeys } from './foreign-keys.ts';
import { findInvalid } from './invalid.ts';
import { findOverlapping } from './overlapping.ts';
import { leavesOf, lineageOf } from './partitions.ts';
import { findSequences } from './sequences.ts';
import { findSequentialScans, findStatistics } from './tables.ts';
import { findUnused } from './unused.ts';

/** All findings, the worst first. */
export function findAll(facts: Facts): IndexFinding[] {
  const finders = [findBloated, findInvalid, findSuperfluous, findForeignKeys, findSequentialScans, findStatistics, findSequences, findAges];
  return finders.flatMap((find) => find(facts)).sort(worstFirst);
}

/**
 * Duplicate, redundant and unused indexes, such that all of them may go at once: what stays for another is not called unused, and of two of
 * which only the narrow one is scanned, the wide one goes.
 */
function findSuperfluous(facts: Facts): IndexFinding[] {
  const unused = findUnused(facts);
  const [leaves, lineage] = [leavesOf(facts.indexes), lineageOf(facts.indexes)];
  const named = new Set(unused.map(({ index }) => index?.oid));
  // a partitioned index goes with its leaves
  const idle = new Set(facts.indexes.filter(({ oid }) => named.has(oid)).flatMap((index) => [index.oid, ...leaves(index).map(({ oid }) => oid)]));
  const overlapping = findOverlapping(facts, idle);
  const told = new Set(overlapping.flatMap(({ finding, keeper }) => [finding.index?.oid, ...lineage(keeper)]));
  return [...overlapping.map(({ finding }) => finding), ...unused.filter(({ index }) => !told.has(index?.oid))];
}

export function worstFirst(a: IndexFinding, b: IndexFinding): number {
  return LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || b.sizeAtStake - a.sizeAtStake || (a.object < b.object ? -1 : 1);
}
