import { displayName } from '../../postgres/identifiers.ts';
import { bytes, counted, ratio } from '../../report/format.ts';
import type { IndexFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import { aboutIndex, clusterNote, dropSql, sizesOf } from './common.ts';
import { covers, isReadable, isSame, isUsable } from './coverage.ts';
import type { Facts } from './facts.ts';

export interface Overlapping {
  readonly finding: IndexFinding;
  /** What has to stay when the other is dropped. */
  readonly keeper: IndexFacts;
}

/** One that much larger makes the scans of the smaller one dearer. */
const MUCH_LARGER = 3;

/**
 * Indexes that another one makes superfluous: `duplicate` when both can do exactly the same, `redundant` when the other can do more.
 * Whatever is found, what stays when all of it is dropped still does all that they did, and no keeper is itself among them.
 * @param idle oids of indexes that nothing scans: they stay for one that is as idle, or exactly the same, and for no other
 */
export function findOverlapping(facts: Facts, idle: ReadonlySet<number>): Overlapping[] {
  const sizeOf = sizesOf(facts.indexes);
  const prefer = preference(facts);
  const mayStay = (keeper: IndexFacts, index: IndexFacts) => !idle.has(keeper.oid) || idle.has(index.oid) || isSame(keeper, index);
  return groups(facts.indexes).flatMap((group) => {
    const known = new Map<IndexFacts, Overlapping | null>();
    // what replaces one is preferred to it, so that nothing comes back to where it began
    const overlapping = (index: IndexFacts): Overlapping | null => {
      const before = known.get(index);
      if (before !== undefined) return before;
      const found = mayGo(index, facts) ? spared(index) : null;
      known.set(index, found);
      return found;
    };
    const spared = (index: IndexFacts): Overlapping | null => {
      const [keeper] = group
        .filter((other) => other !== index && replaces(other, index, prefer) && mayStay(other, index) && overlapping(other) === null)
        .sort((a, b) => Number(isSame(b, index)) - Number(isSame(a, index)) || Number(idle.has(a.oid)) - Number(idle.has(b.oid)) || prefer(a, b));
      if (keeper === undefined) return null;
      const finding = isSame(keeper, index) ? duplicate(index, keeper, facts, sizeOf) : redundant(index, keeper, facts, sizeOf);
      return finding === null ? null : { finding, keeper };
    };
    return group.map(overlapping).filter((one) => one !== null);
  });
}

/** Whether one stays for another: of two that stand in for each other, the preferred. */
export function replaces(keeper: IndexFacts, index: IndexFacts, prefer: (a: IndexFacts, b: IndexFacts) => number): boolean {
  const stands = (a: IndexFacts, b: IndexFacts) => isSame(a, b) || covers(a, b);
  return stands(keeper, index) && (!stands(index, keeper) || prefer(keeper, index) < 0);
}

/** Which of two to keep: a constraint's, what foreign keys or a replica identity refer to, one of a partitioned index, the more used, the older. */
export function preference({ usage, foreignKeys }: Pick<Facts, 'usage' | 'foreignKeys'>): (a: IndexFacts, b: IndexFacts) => number {
  const referenced = new Set(foreignKeys.map(({ referencedIndexOid }) => referencedIndexOid));
  const rank = (index: IndexFacts) => [
    Number(index.primary),
    Number(referenced.has(index.oid)),
    Number(index.constraint !== null),
    Number(index.replicaIdentity),
    Number(index.parentOid !== null || index.partitioned),
    Number(index.extension !== null),
    Number(index.clustered),
    usage.of.get(index.oid)?.scans ?? index.scans ?? 0,
    -index.oid,
  ];
  return (a, b) => {
    const [left, right] = [rank(a), rank(b)];
    const at = left.findIndex((value, i) => value !== right[i]);
    return at === -1 ? 0 : (right[at] as number) - (left[at] as number);
  };
}

function groups(indexes: readonly IndexFacts[]): IndexFacts[][] {
  const comparable = indexes.filter((index) => isUsable(index) && isReadable(index));
  return [...Map.groupBy(comparable, ({ tableOid }) => tableOid).values()].filter(({ length }) => length > 1);
}

/** A constraint's index goes only when another constraint does the same; one that something else rests on, never. */
function mayGo(index: IndexFacts, { foreignKeys }: Facts): boolean {
  if (index.primary || index.exclusion || index.replicaIdentity || index.parentOid !== null || index.extension !== null) return false;
  return !foreignKeys.some(({ referencedIndexOid }) => referencedIndexOid === index.oid);
}

function duplicate(index: IndexFacts, keeper: IndexFacts, facts: Facts, sizeOf: (index: IndexFacts) => number): IndexFinding | null {
  // of two constraints that say the same, one is as good as the other; a constraint for an index alone is worth keeping
  if (index.constraint !== null && keeper.constraint === null) return null;
  return aboutIndex(index, {
    kind: 'duplicate',
    level: sizeOf(index) >= facts.thresholds.minWasted ? 'warn' : 'info',
    evidence: [
      `${displayName(keeper)} can do exactly the same, and is the one to keep: ${whyKept(keeper, facts)}.`,
      `Keep: ${keeper.definition}.`,
      `Drop: ${index.definition}.`,
      ...clusterNote(index),
    ],
    sizeAtStake: sizeOf(index),
    remedySql: dropSql(index),
  });
}

function redundant(index: IndexFacts, keeper: IndexFacts, facts: Facts, sizeOf: (index: IndexFacts) => number): IndexFinding | null {
  if (index.constraint !== null) return null;
  const [size, kept] = [sizeOf(index), sizeOf(keeper)];
  const isMuchLarger = kept > size * MUCH_LARGER;
  return aboutIndex(index, {
    kind: 'redundant',
    level: size >= facts.thresholds.minWasted && !isMuchLarger ? 'warn' : 'info',
    evidence: [
      `${displayName(keeper)} begins with the same columns, in the same order of sorting, and can stand in for it.`,
      `Keep: ${keeper.definition}.`,
      `Drop: ${index.definition}.`,
      ...(isMuchLarger ? [`The one to keep is ${ratio(kept, size)} as large (${bytes(kept)}): what reads the small one much may get slower.`] : []),
      ...clusterNote(index),
    ],
    sizeAtStake: size,
    confidence: isMuchLarger ? 'low' : 'medium',
    remedySql: dropSql(index),
  });
}

function whyKept(keeper: IndexFacts, { foreignKeys, usage }: Facts): string {
  if (keeper.primary) return 'it is the primary key';
  if (foreignKeys.some(({ referencedIndexOid }) => referencedIndexOid === keeper.oid)) return 'a foreign key refers to it';
  if (keeper.constraint !== null) return `the constraint ${keeper.constraint.name} rests on it`;
  if (keeper.replicaIdentity) return 'it is the replica identity';
  if (keeper.parentOid !== null || keeper.partitioned) return 'it belongs to a partitioned index';
  if (keeper.clustered) return 'the table is clustered by it';
  const scans = usage.of.get(keeper.oid)?.scans ?? 0;
  return scans > 0 ? `it is the more used, with ${counted(scans, 'scan')}` : 'it is the older';
}
