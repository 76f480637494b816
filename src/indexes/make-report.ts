import { TOOL } from '../tool.ts';
import type { BloatReport } from './bloat/bloat.ts';
import { coverageOf } from './coverage.ts';
import { examiner } from './examined.ts';
import type { AgeFacts, ForeignKeyFacts, IndexFacts, SequenceFacts, ServerFacts, TableFacts } from './facts.ts';
import type { Thresholds } from './finding.ts';
import { findAll } from './findings/find.ts';
import { compared, entries, missing, overSince } from './history.ts';
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
  /** The newest of the same server; `null` without one. */
  readonly previous: IndexReport | null;
  /** What repairs have noted. */
  readonly raised: readonly RaisedThreshold[];
}

/** Judges everything that was read. Pure. */
export function makeReport(observed: Observed, thresholds: Thresholds, ignore: readonly IgnoreRule[]): IndexReport {
  const { database, server, indexes, bloat, replicas, previous } = observed;
  const at = server.now;
  const own = new Map(indexes.flatMap(({ oid, scans, lastScan }) => (scans === null ? [] : [[oid, { scans, lastScan }] as const])));
  const servers = [{ since: server.countersSince, scans: own }, ...replicas.counters];
  const usage = usageOf(indexes, servers, previous, at, replicas.unknown);
  const over = overSince(bloat, indexes, previous, at, thresholds);
  const tables = new Map(observed.tables.map((table) => [table.oid, table]));
  const raised = new Map(observed.raised.map((threshold) => [indexKey(threshold), threshold]));
  const found = findAll({ ...observed, tables, raised, usage, overSince: over, thresholds });
  const today = at.slice(0, 10);
  const { kept, ignored, expired } = applyIgnores(found, ignore, today);
  const { gone, unseen } = missing(found, previous, examiner(observed, usage, thresholds));
  return {
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
    gone,
    unseen: applyIgnores(unseen, ignore, today).kept,
    notes: expired.map(({ object, until }) => `The rule to ignore ${object} ended on ${until}.`),
    previous: previous?.at ?? null,
    indexes: entries(indexes, bloat, usage, over, previous, at),
  };
}
