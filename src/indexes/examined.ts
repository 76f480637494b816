import { displayName } from '../postgres/identifiers.ts';
import type { IndexFinding, Thresholds } from './finding.ts';
import { tableName } from './findings/common.ts';
import { leavesOf } from './findings/partitions.ts';
import type { Observed } from './make-report.ts';
import { indexKey } from './report.ts';
import type { Usage } from './usage.ts';

/** Whether this run looked at what an earlier one found: what is not there any more was looked at, what was locked or hidden was not. Pure. */
export function examiner(
  { indexes, sequences, bloat, server }: Pick<Observed, 'indexes' | 'sequences' | 'bloat' | 'server'>,
  usage: Usage,
  { unusedAfterSeconds }: Thresholds,
): (finding: Pick<IndexFinding, 'kind' | 'object' | 'index'>) => boolean {
  const byKey = new Map(indexes.map((index) => [indexKey(index), index]));
  const judged = new Set(bloat.judged.map(({ oid }) => oid));
  const closed = new Set(sequences.filter(({ unread }) => unread !== null).map(displayName));
  const lockedTables = new Set(indexes.filter(({ definition }) => definition === null).map(tableName));
  const leaves = leavesOf(indexes);
  const isCountedFor = (Date.parse(server.now) - Date.parse(usage.countedSince)) / 1000 >= unusedAfterSeconds;
  return ({ kind, object, index: about }) => {
    if (kind === 'sequence') return !closed.has(object);
    if (kind === 'foreign-key') return ![...lockedTables].some((table) => object.startsWith(`${table} `));
    const index = about === null ? undefined : byKey.get(indexKey(about));
    if (index === undefined) return true;
    // of another oid it was built anew, whether or not anybody can judge it
    if (kind === 'bloated') return judged.has(index.oid) || about?.oid !== index.oid;
    if (kind === 'invalid' || kind === 'leftover') return index.valid || !server.building.includes(index.tableOid);
    if (index.definition === null) return false;
    // counters that begin anew know only of what was scanned
    return kind !== 'unused' || (usage.unknown === null && (isCountedFor || leaves(index).some(({ oid }) => (usage.of.get(oid)?.scans ?? 0) > 0)));
  };
}
