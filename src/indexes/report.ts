import type { BloatMethod, Confidence } from './bloat/bloat.ts';
import type { FindingKind, IndexFinding } from './finding.ts';

export const REPORT_FORMAT = 1;

/** What one run of the report saw, as it is stored beside the backups: plain JSON. */
export interface IndexReport {
  readonly format: typeof REPORT_FORMAT;
  readonly tool: string;
  /** Its name in the store. */
  readonly database: string;
  /** ISO time, by the server's clock. */
  readonly at: string;
  readonly server: {
    readonly versionNumber: number;
    readonly systemIdentifier: string | null;
    readonly standby: boolean;
    /** ISO time of the counters' latest reset on any of them; `null` when Postgres does not know. */
    readonly countersSince: string | null;
    /** ISO time since which the counters are known to have counted on, by that reset or by the reports before. */
    readonly countedSince: string;
    /** ISO time of the reset of each server whose counters are added up, this one among them; in ascending order and unknown ones first. */
    readonly resets: readonly (string | null)[];
  };
  readonly coverage: Coverage;
  /** The worst first. */
  readonly findings: readonly ReportedFinding[];
  readonly ignored: readonly { readonly kind: FindingKind; readonly object: string; readonly reason: string; readonly until: string | null }[];
  /** What the report before this one found and this one did not; `null` when there is none to compare with. */
  readonly gone: readonly { readonly kind: FindingKind; readonly object: string }[] | null;
  /** What reports before this one found, and nobody could look at since: neither there nor gone. */
  readonly unseen: readonly IndexFinding[];
  /** What a person should know beside the findings: a rule that has ended. Sentences. */
  readonly notes: readonly string[];
  /** When the report was made that this one is compared with. */
  readonly previous: string | null;
  readonly indexes: readonly IndexEntry[];
}

export type ReportedFinding = IndexFinding & {
  /** Against the report before this one; `null` when there is none. */
  readonly change: 'new' | 'worse' | 'better' | 'same' | null;
};

/** What was examined and how, and what was not and why: not examined is never clean. */
export interface Coverage {
  readonly indexes: number;
  /** How many indexes' bloat is known by each method. */
  readonly methods: Readonly<Record<BloatMethod, number>>;
  readonly notExamined: readonly {
    /** One sentence. */
    readonly why: string;
    readonly remedy: string | null;
    readonly indexes: number;
    readonly bytes: number;
    /** Some of them. */
    readonly examples: readonly string[];
  }[];
  /** What else nobody looked at: a kind of finding, a sequence. */
  readonly other: readonly { readonly object: string; readonly why: string; readonly remedy: string | null }[];
}

/** One index in a report. */
export interface IndexEntry {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly table: string;
  /** Its access method. */
  readonly access: string;
  /** `null` when it could not be read. */
  readonly bytes: number | null;
  readonly definition: string | null;
  readonly bloat: { readonly method: BloatMethod; readonly bytes: number; readonly rebuiltBytes: number; readonly confidence: Confidence } | null;
  /** On all servers that were asked, since their counters' reset; `null` for one without storage. */
  readonly scans: number | null;
  /** ISO time of the first report that saw it. */
  readonly seenSince: string;
  /** ISO time since which no report saw a scan more. */
  readonly idleSince: string;
  /** ISO time since which every report measured it at the threshold for acting or above; `null` when this one did not. */
  readonly overSince: string | null;
  /** Oldest first: seconds since 1970, live bytes, rebuilt bytes or `null`. Kept of indexes from 1 MiB on. */
  readonly trend: readonly (readonly [number, number, number | null])[];
}

/**
 * What a report knew of the very same index: of its name and definition, or, where nobody could read that now, of its name and oid. Nothing
 * where there is no report.
 */
export function entriesOf(report: IndexReport | null): EntryOf {
  if (report === null) return () => undefined;
  const before = known.get(report);
  if (before !== undefined) return before;
  const schemas = new Map<string, Map<string, IndexEntry>>();
  for (const entry of report.indexes) {
    const names = schemas.get(entry.schema) ?? new Map<string, IndexEntry>();
    schemas.set(entry.schema, names.set(entry.name, entry));
  }
  const entryOf: EntryOf = ({ schema, name, oid, definition }) => {
    const entry = schemas.get(schema)?.get(name);
    return (definition === null ? entry?.oid === oid : entry?.definition === definition) ? entry : undefined;
  };
  known.set(report, entryOf);
  return entryOf;
}

export type EntryOf = (index: Pick<IndexEntry, 'schema' | 'name' | 'oid' | 'definition'>) => IndexEntry | undefined;

/** Usage, history and trend each ask for the same. */
const known = new WeakMap<IndexReport, EntryOf>();

/** By what an index is known again in another report: a REINDEX gives it another oid. */
export function indexKey({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return JSON.stringify([schema, name]);
}
