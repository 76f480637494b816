import type { IndexFacts } from '../facts.ts';

/** Of an index: what has storage, which is the index itself, or the leaves of a partitioned one. */
export function leavesOf(indexes: readonly IndexFacts[]): (index: IndexFacts) => IndexFacts[] {
  const children = Map.groupBy(indexes, ({ parentOid }) => parentOid);
  const of = (index: IndexFacts): IndexFacts[] => (index.partitioned ? (children.get(index.oid) ?? []).flatMap(of) : [index]);
  return of;
}

/** Of an index: its oid, and those of the partitioned indexes that it is a part of. */
export function lineageOf(indexes: readonly IndexFacts[]): (index: IndexFacts) => number[] {
  const parents = new Map(indexes.flatMap(({ oid, parentOid }) => (parentOid === null ? [] : [[oid, parentOid] as const])));
  const from = (oid: number | undefined): number[] => (oid === undefined ? [] : [oid, ...from(parents.get(oid))]);
  return ({ oid }) => from(oid);
}
