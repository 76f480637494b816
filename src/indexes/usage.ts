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
  const totals = new Map<number, Total>();
  for (const { oid, scans } of indexes) if (scans !== null) totals.set(oid, totalOf(oid, servers));
  const before = entriesOf(previous);
  const since = latest(servers.map((server) => server.since));
  const resets = servers.map((server) => server.since).toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1));
  const continues = previous !== null && isDeepStrictEqual(previous.server.resets, resets) && isContinued(indexes, totals, before);
  const countedSince = earlier(earlier(at, since), continues ? previous.server.countedSince : null);
  const of = new Map<number, IndexUsage>();
  for (const index of indexes) {
    const total = totals.get(index.oid);
    if (total === undefined) continue;
    const entry = before(index);
    const idleSince = earlier(earlier(at, total.quietSince), continues && entry?.scans === total.scans ? entry.idleSince : null);
    of.set(index.oid, { scans: total.scans, idleSince, seenSince: earlier(earlier(at, entry?.seenSince ?? null), total.lastScan) });
  }
  return { of, servers: servers.length, countersSince: since, countedSince, resets, unknown };
}

interface Total extends ScanCount {
  /** ISO time; `null` when a server does not know. */
  readonly quietSince: string | null;
}

function totalOf(oid: number, servers: readonly Counters[]): Total {
  let total: Total | null = null;
  for (const server of servers) {
    const { scans, lastScan } = server.scans.get(oid) ?? NEVER;
    const quietSince = scans === 0 ? server.since : lastScan;
    const one = { scans, lastScan, quietSince };
    total = total === null ? one : added(total, one);
  }
  return total ?? { ...NEVER, quietSince: null };
}

function added(a: Total, b: Total): Total {
  const lastScan = a.lastScan === null || b.lastScan === null ? (a.lastScan ?? b.lastScan) : latest([a.lastScan, b.lastScan]);
  return { scans: a.scans + b.scans, lastScan, quietSince: latest([a.quietSince, b.quietSince]) };
}

const NEVER: ScanCount = { scans: 0, lastScan: null };

/** After a crash, of which no reset tells, a counter has fallen. */
function isContinued(indexes: readonly IndexFacts[], totals: ReadonlyMap<number, Total>, before: EntryOf): boolean {
  return indexes.every((index) => {
    const entry = before(index);
    return entry?.oid !== index.oid || (totals.get(index.oid)?.scans ?? 0) >= (entry.scans ?? 0);
  });
}

/** `null` when one of them is not known, or there are none. */
function latest(times: readonly (string | null)[]): string | null {
  return times.reduce((last, time) => (last === null || time === null ? null : time > last ? time : last), times[0] ?? null);
}

/** Of a time and one that may not be known. */
function earlier(time: string, other: string | null): string {
  return other !== null && other < time ? other : time;
}
