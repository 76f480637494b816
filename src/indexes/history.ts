import { type BloatReport, bloatRatio, wastedBytes } from './bloat/bloat.ts';
import type { IndexFacts } from './facts.ts';
import { findingKey, type IndexFinding, LEVELS, type Thresholds } from './finding.ts';
import { entriesOf, type IndexEntry, type IndexReport, type ReportedFinding } from './report.ts';
import type { Usage } from './usage.ts';

/** Half a year of weekly reports. */
const LONGEST_TREND = 26;
const TREND_FROM_BYTES = 1024 * 1024;
/** So much more or less is a change. */
const NOTABLE = 0.1;
/** And so much of a limit. */
const USED_MORE = 0.05;

/** Since when every report measured an index at `actRatio` or above, by the index's oid; an estimate does not count. */
export function overSince(
  bloat: BloatReport,
  indexes: readonly IndexFacts[],
  previous: IndexReport | null,
  at: string,
  { actRatio, minWasted }: Thresholds,
): Map<number, string> {
  const before = entriesOf(previous);
  const over = bloat.judged.filter((one) => one.method !== 'estimated' && bloatRatio(one) >= actRatio && wastedBytes(one) >= minWasted);
  const oids = new Set(over.map(({ oid }) => oid));
  return new Map(indexes.filter(({ oid }) => oids.has(oid)).map((index) => [index.oid, before(index)?.overSince ?? at]));
}

/** What a report keeps of each index, with what the report before it knew. */
export function entries(
  indexes: readonly IndexFacts[],
  bloat: BloatReport,
  usage: Usage,
  over: ReadonlyMap<number, string>,
  previous: IndexReport | null,
  at: string,
): IndexEntry[] {
  const judged = new Map(bloat.judged.map((one) => [one.oid, one]));
  const before = entriesOf(previous);
  const seconds = Math.floor(Date.parse(at) / 1000);
  return indexes.map((index) => {
    const { oid, schema, name, table, method, bytes } = index;
    const one = judged.get(oid);
    const used = usage.of.get(oid);
    const last = before(index);
    return {
      oid,
      schema,
      name,
      table,
      access: method,
      bytes,
      definition: index.definition ?? last?.definition ?? null,
      bloat: one === undefined ? null : { method: one.method, bytes: one.bytes, rebuiltBytes: one.rebuiltBytes, confidence: one.confidence },
      scans: used?.scans ?? null,
      seenSince: used?.seenSince ?? last?.seenSince ?? at,
      idleSince: used?.idleSince ?? at,
      overSince: over.get(oid) ?? (index.unread === null ? null : (last?.overSince ?? null)),
      trend: bytes === null ? (last?.trend ?? []) : bytes >= TREND_FROM_BYTES ? continued(last, [seconds, bytes, one?.rebuiltBytes ?? null]) : [],
    };
  });
}

function continued(last: IndexEntry | undefined, point: IndexEntry['trend'][number]): IndexEntry['trend'] {
  return [...(last?.trend ?? []), point].slice(-LONGEST_TREND);
}

/** Each finding with what has changed about it. */
export function compared(findings: readonly IndexFinding[], previous: IndexReport | null): ReportedFinding[] {
  const before = new Map(known(previous).map((finding) => [findingKey(finding), finding]));
  return findings.map((finding) => ({ ...finding, change: previous === null ? null : changeOf(before.get(findingKey(finding)), finding) }));
}

/**
 * What was found before and is not found any more: gone, or unseen where nobody could look at it this time.
 * @param found with what is ignored
 */
export function missing(
  found: readonly Pick<IndexFinding, 'kind' | 'object'>[],
  previous: IndexReport | null,
  wasExamined: (finding: IndexFinding) => boolean,
): Pick<IndexReport, 'gone' | 'unseen'> {
  const still = new Set(found.map(findingKey));
  const [gone = [], unseen = []] = split(
    known(previous).filter((finding) => !still.has(findingKey(finding))),
    wasExamined,
  );
  return { gone: previous === null ? null : gone.map(({ kind, object }) => ({ kind, object })), unseen };
}

/** What a report found, and what it had not forgotten of those before; without what had changed about it. */
function known(report: IndexReport | null): IndexFinding[] {
  return report === null ? [] : [...report.findings.map(({ change: _, ...finding }) => finding), ...report.unseen];
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] {
  const { true: first = [], false: second = [] } = Object.groupBy(all, (one) => String(isFirst(one)) as 'true' | 'false');
  return [first, second];
}

function changeOf(before: IndexFinding | undefined, now: IndexFinding): ReportedFinding['change'] {
  if (before === undefined) return 'new';
  const byLevel = LEVELS.indexOf(before.level) - LEVELS.indexOf(now.level);
  if (byLevel !== 0) return byLevel > 0 ? 'worse' : 'better';
  if (now.used !== null && before.used !== null && Math.abs(now.used - before.used) >= USED_MORE) return now.used > before.used ? 'worse' : 'better';
  const grown = now.sizeAtStake - before.sizeAtStake;
  if (Math.abs(grown) <= before.sizeAtStake * NOTABLE) return 'same';
  return grown > 0 ? 'worse' : 'better';
}
