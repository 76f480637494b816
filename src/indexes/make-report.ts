import { TOOL } from '../tool.ts';
import type { BloatReport } from './bloat/bloat.ts';
import { coverageOf } from './coverage.ts';
import type { AgeFacts, ForeignKeyFacts, IndexFacts, SequenceFacts, ServerFacts, TableFacts } from './facts.ts';
import type { IndexFinding, Thresholds } from './finding.ts';
import { findAll } from './findings/find.ts';
import { compared, entries, gone, overSince } from './history.ts';
import { applyIgnores, type IgnoreRule } from './ignore.ts';
import type { RaisedThreshold } from './repair/state.ts';
import type { Replicas } from './replicas.ts';
import { type IndexReport, indexKey, REPORT_FORMAT } from './report.ts';
import { usageOf } from './usage.ts';

/** What was read of the database, and what is known from before. */
export interface Observed {
  /** Its name in the store. */
  readonly database: string;
  readonly server: ServerFacts;
  readonly indexes: readonly IndexFacts[];
  readonly tables: readonly TableFacts[];
  readonly foreignKeys: readonly ForeignKeyFacts[];
  readonly sequences: readonly SequenceFacts[];
  readonly ages: readonly AgeFacts[];
  readonly bloat: BloatReport;
  readonly replicas: Replicas;
  readonly previous: IndexReport | null;
  /** What repairs have noted. */
  readonly raised: readonly RaisedThreshold[];
}

export interface MadeReport {
  readonly report: IndexReport;
  readonly warnings: readonly string[];
}

/** Judges everything that was read. Pure. */
export function makeReport(observed: Observed, thresholds: Thresholds, ignore: readonly IgnoreRule[]): MadeReport {
  const { database, server, indexes, bloat, replicas } = observed;
  const at = server.now;
  const previous = sameCluster(observed);
  const own = new Map(indexes.flatMap(({ oid, scans, lastScan }) => (scans === null ? [] : [[oid, { scans, lastScan }] as const])));
  const servers = [{ since: server.countersSince, scans: own }, ...replicas.counters];
  const usage = usageOf(indexes, servers, previous, at, replicas.unknown);
  const over = overSince(bloat, indexes, previous, at, thresholds);
  const tables = new Map(observed.tables.map((table) => [table.oid, table]));
  const raised = new Map(observed.raised.map((threshold) => [indexKey(threshold), threshold]));
  const found = findAll({ ...observed, tables, raised, usage, overSince: over, thresholds });
  const { kept, ignored, expired } = applyIgnores(found, ignore, at.slice(0, 10));
  const judged = new Set(bloat.judged.map(({ oid }) => oid));
  const unjudged = new Set(indexes.filter(({ oid, partitioned }) => !partitioned && !judged.has(oid)).map(indexKey));
  const wasExamined = ({ kind, index }: IndexFinding) =>
    !(kind === 'bloated' && index !== null && unjudged.has(indexKey(index))) && !(kind === 'unused' && replicas.unknown !== null);
  const report: IndexReport = {
    format: REPORT_FORMAT,
    tool: TOOL,
    database,
    at,
    server: {
      versionNumber: server.versionNumber,
      systemIdentifier: server.systemIdentifier,
      standby: server.standby,
      countersSince: usage.countersSince,
      countedSince: usage.countedSince,
      resets: usage.resets,
    },
    coverage: coverageOf(bloat, indexes, observed.sequences, server, usage, thresholds),
    findings: compared(kept, previous),
    ignored: ignored.map(({ finding: { kind, object }, rule: { reason, until } }) => ({ kind, object, reason, until })),
    gone: gone(found, previous, wasExamined),
    previous: previous?.at ?? null,
    indexes: entries(indexes, bloat, usage, over, previous, at),
  };
  return { report, warnings: [...warningsOf(observed), ...expired.map(({ object, until }) => `The rule to ignore ${object} ended on ${until}.`)] };
}

/** A report of another cluster under the same name says nothing of this one. */
function sameCluster({ previous, server }: Observed): IndexReport | null {
  const before = previous?.server.systemIdentifier ?? null;
  return before !== null && server.systemIdentifier !== null && before !== server.systemIdentifier ? null : previous;
}

function warningsOf(observed: Observed): string[] {
  const isOther = observed.previous !== null && sameCluster(observed) === null;
  return isOther ? ['The last report was of another server: nothing is compared with it.'] : [];
}
