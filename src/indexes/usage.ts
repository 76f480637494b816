import { isDeepStrictEqual } from 'node:util';
import type { IndexFacts } from './facts.ts';
import { type EntryOf, entriesOf, type IndexReport } from './report.ts';

/** How much each index is used, on all servers that were asked. */
export interface Usage {
  /** By the index's oid; without those that have no storage. */
  readonly of: ReadonlyMap<number, IndexUsage>;
  /** Servers whose counters are added up. */
  readonly servers: number;
  /** ISO time of the latest reset on any of them; `null` when one does not know. */
  readonly countersSince: string | null;
  /** ISO time since which all counters are known to have counted on, by their reset or by the reports before. */
  readonly countedSince: string;
  /** As in a report. */
  readonly resets: readonly (string | null)[];
  /** Why nobody can say of any index that it is unused; `null` when it can be said. */
  readonly unknown: string | null;
}

export interface IndexUsage {
  readonly scans: number;
  /** ISO time since which it is known that there was no scan. */
  readonly idleSince: string;
  /** ISO time of the first report that saw it, or of its last scan if that was before: it is at least as old. */
  readonly seenSince: string;
}

/** What one server counted. */
export interface Counters {
  /** ISO time of their reset; `null` when Postgres does not know. */
  readonly since: string | null;
  readonly scans: ReadonlyMap<number, ScanCount>;
}

export interface ScanCount {
  readonly scans: number;
  /** ISO time; `null` before Postgres 16, and when there was none. */
  readonly lastScan: string | null;
}

/**
 * Adds up what all servers counted, and works out since when each index is idle: since its last scan, or since the counters' reset where
 * there was none, on whatever server that was latest; or since the first of the reports between which its scans did not change.
 * @param unknown why the counters of a server that was asked are not there
 */
export function usageOf(
  indexes: readonly IndexFacts[],
  servers: readonly Counters[],
  previous: IndexReport | null,
  at: string,
  unknown: string | null,
): Usage {
  const totals = new Map(indexes.filter(({ scans }) => scans !== null).map((index) => [index.oid, totalOf(index.oid, servers)]));
  const before = entriesOf(previous);
  const since = latest(servers.map((server) => server.since));
  const resets = servers.map((server) => server.since).toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1));
  const continues = previous !== null && isDeepStrictEqual(previous.server.resets, resets) && isContinued(indexes, totals, before);
  const countedSince = earliest(since, continues ? previous.server.countedSince : null, at);
  const of = indexes.flatMap((index): [number, IndexUsage][] => {
    const total = totals.get(index.oid);
    if (total === undefined) return [];
    const entry = before(index);
    const idleSince = earliest(total.quietSince, continues && entry?.scans === total.scans ? entry.idleSince : null, at);
    return [[index.oid, { scans: total.scans, idleSince, seenSince: earliest(entry?.seenSince ?? null, total.lastScan, at) }]];
  });
  return { of: new Map(of), servers: servers.length, countersSince: since, countedSince, resets, unknown };
}

interface Total extends ScanCount {
  /** ISO time; `null` when a server does not know. */
  readonly quietSince: string | null;
}

function totalOf(oid: number, servers: readonly Counters[]): Total {
  const counted = servers.map(({ since, scans }) => ({ since, ...(scans.get(oid) ?? { scans: 0, lastScan: null }) }));
  return {
    scans: counted.reduce((sum, { scans }) => sum + scans, 0),
    lastScan: latest(counted.map(({ lastScan }) => lastScan).filter((time) => time !== null)),
    quietSince: latest(counted.map(({ since, scans, lastScan }) => (scans === 0 ? since : lastScan))),
  };
}

/** After a crash, of which no reset tells, a counter has fallen. */
function isContinued(indexes: readonly IndexFacts[], totals: ReadonlyMap<number, Total>, before: EntryOf): boolean {
  return indexes.every((index) => {
    const entry = before(index);
    return entry?.oid !== index.oid || (totals.get(index.oid)?.scans ?? 0) >= (entry.scans ?? 0);
  });
}

/** `null` when one of them is not known, or there are none. */
function latest(times: readonly (string | null)[]): string | null {
  return times.includes(null) ? null : ((times as string[]).toSorted().at(-1) ?? null);
}

function earliest(...times: readonly [...(string | null)[], string]): string {
  return times.filter((time) => time !== null).toSorted()[0] as string;
}
