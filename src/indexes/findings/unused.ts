import { bytes, counted, seconds } from '../../report/format.ts';
import type { Confidence } from '../bloat/bloat.ts';
import type { IndexFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import type { IndexUsage } from '../usage.ts';
import { aboutIndex, clusterNote, dropSql, sizesOf, tableName } from './common.ts';
import { coversForeignKey, isUsable } from './coverage.ts';
import type { Facts } from './facts.ts';
import { leavesOf } from './partitions.ts';

/**
 * Indexes that no server scanned for as long as the thresholds ask. Never one that does something without being scanned: a unique one, a
 * constraint's, a replica identity, the only one by which a foreign key finds its rows.
 */
export function findUnused(facts: Facts): IndexFinding[] {
  const { indexes, usage, thresholds, server } = facts;
  if (usage.unknown !== null) return [];
  const sizeOf = sizesOf(indexes);
  const leaves = leavesOf(indexes);
  const now = Date.parse(server.now);
  const findings = indexes.filter(mayGo).flatMap((index) => {
    const parts = leaves(index);
    const used = parts.map(({ oid }) => usage.of.get(oid));
    if (parts.length === 0 || used.includes(undefined)) return [];
    const since = latest((used as IndexUsage[]).map(({ idleSince }) => idleSince));
    const idleSeconds = (now - Date.parse(since)) / 1000;
    if (idleSeconds < thresholds.unusedAfterSeconds) return [];
    const seen = latest((used as IndexUsage[]).map(({ seenSince }) => seenSince));
    const isOld = (now - Date.parse(seen)) / 1000 >= thresholds.unusedAfterSeconds;
    const blind = unseen(facts);
    const confidence: Confidence = blind.length > 0 ? 'low' : isOld ? 'high' : 'medium';
    const size = sizeOf(index);
    const finding = aboutIndex(index, {
      kind: 'unused',
      level: size >= thresholds.minWasted && confidence === 'high' ? 'warn' : 'info',
      evidence: [
        `Nothing scanned it for ${seconds(idleSeconds)}, since ${since.slice(0, 10)}, on ${counted(usage.servers, 'server')}; it takes ${bytes(size)} of ${tableName(index)}.`,
        ...blind,
        ...(isOld ? [] : ['Nobody can say how old it is: it may have been made a moment ago. The next reports will know.']),
        ...(index.columns.some(({ attnum }) => attnum === 0)
          ? ['Its expression has statistics of its own, by which the planner judges queries that never scan the index: they go with it.']
          : []),
        ...clusterNote(index),
      ],
      sizeAtStake: size,
      confidence,
      remedySql: dropSql(index),
    });
    return { index, finding };
  });
  return withoutLastCovers(findings, facts, leaves);
}

function mayGo(index: IndexFacts): boolean {
  if (!isUsable(index) || index.unique || index.constraint !== null || index.exclusion) return false;
  return !index.replicaIdentity && index.parentOid === null && index.extension === null;
}

type Candidate = { readonly index: IndexFacts; readonly finding: IndexFinding };

/** The largest first, each only as long as every foreign key that it covers has another index that stays. */
function withoutLastCovers(candidates: readonly Candidate[], { indexes, foreignKeys }: Facts, leaves: ReturnType<typeof leavesOf>): IndexFinding[] {
  const keysOn = Map.groupBy(foreignKeys, ({ tableOid }) => tableOid);
  const indexesOn = Map.groupBy(indexes, ({ tableOid }) => tableOid);
  const dropped = new Set<IndexFacts>();
  const isLastCover = (index: IndexFacts) =>
    (keysOn.get(index.tableOid) ?? [])
      .filter((key) => coversForeignKey(index, key))
      .some((key) => !indexesOn.get(index.tableOid)?.some((other) => other !== index && !dropped.has(other) && coversForeignKey(other, key)));
  return candidates
    .toSorted((a, b) => b.finding.sizeAtStake - a.finding.sizeAtStake)
    .filter(({ index }) => {
      const parts = leaves(index);
      if (parts.some(isLastCover)) return false;
      for (const part of parts) dropped.add(part);
      return true;
    })
    .map(({ finding }) => finding);
}

function latest(times: readonly string[]): string {
  return times.reduce((newest, time) => (time > newest ? time : newest), '');
}

/** Servers that answer queries too and that nobody asked. */
function unseen({ server, usage }: Facts): string[] {
  const others = server.standbys - (usage.servers - 1);
  return [
    ...(server.standby ? ['This server is a standby: what its primary scans is not counted.'] : []),
    ...(others > 0
      ? [`${counted(others, 'standby', 'standbys')} of this server ${others === 1 ? 'was' : 'were'} not asked: --replica-url adds their scans up.`]
      : []),
  ];
}
