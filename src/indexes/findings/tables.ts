import { displayName, qualifiedName } from '../../postgres/identifiers.ts';
import { bytes, count, counted } from '../../report/format.ts';
import { liveRows } from '../bloat/live-tuples.ts';
import type { TableFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import { about } from './common.ts';
import type { Facts } from './facts.ts';

/** Rows that a sequential scan read, of all that were read by whatever scan; fewer scans than that are no habit. */
const MOSTLY = 0.5;
const SEVERAL_SCANS = 50;
const FEW_ROWS = 1000;

/** Large tables that are read from one end to the other again and again. */
export function findSequentialScans({ tables, thresholds, server }: Facts): IndexFinding[] {
  return [...tables.values()].flatMap((table) => {
    const { seqScans, indexScans, seqRows, bytes: size } = table;
    const share = seqScans / Math.max(1, seqScans + indexScans);
    if (table.kind === 'partitioned' || size < thresholds.minTable || seqScans < SEVERAL_SCANS || share < MOSTLY) return [];
    const since = server.countersSince === null ? "the counters' beginning" : server.countersSince.slice(0, 10);
    return about(displayName(table), {
      kind: 'sequential-scans',
      level: 'info',
      evidence: [
        `${count(seqScans)} of ${counted(seqScans + indexScans, 'scan')} since ${since} read the table from end to end: ${counted(seqRows, 'row')} of ${bytes(size)}.`,
        'An index for what those queries look for would spare that, unless they want most of its rows.',
      ],
      sizeAtStake: size,
      confidence: 'medium',
    });
  });
}

/** Tables whose statistics the planner lacks, or that have changed much since they were taken. */
export function findStatistics({ tables, thresholds }: Facts): IndexFinding[] {
  return [...tables.values()].flatMap((table) => {
    const why = neverAnalyzed(table) ?? (table.kind === 'partitioned' ? null : staleness(table, thresholds.staleRows));
    if (why === null) return [];
    return about(displayName(table), {
      kind: 'statistics',
      level: table.bytes >= thresholds.minTable ? 'warn' : 'info',
      evidence: [why, 'Plans, and what this report says about its indexes, stand on these statistics.'],
      sizeAtStake: table.bytes,
      remedySql: `ANALYZE ${qualifiedName(table)};`,
    });
  });
}

/** An index that is built writes reltuples too, and autovacuum passes over partitioned tables. */
function neverAnalyzed({ kind, tuples, gathered, analyzedAt, liveRows: live, bytes: size }: TableFacts): string | null {
  if (analyzedAt !== null || size === 0) return null;
  if (kind === 'partitioned')
    return tuples < 0 && live > 0 ? `It was never analyzed as a whole, which autovacuum never does; its partitions hold ${bytes(size)}.` : null;
  return tuples < 0 || (tuples > 0 && gathered === false) ? `It was never analyzed, and holds ${bytes(size)}.` : null;
}

function staleness(table: TableFacts, most: number): string | null {
  const { tuples, analyzedAt } = table;
  const rows = liveRows(tuples, { ...table, counted: analyzedAt !== null });
  const [held, changed] = [Math.max(rows?.count ?? 0, tuples, 0), table.changedSinceAnalyze - (rows?.countedTwice ?? 0)];
  if (changed < FEW_ROWS || changed < most * held) return null;
  const since = analyzedAt === null ? 'since it was analyzed' : `since ${analyzedAt.slice(0, 10)}, when it was analyzed`;
  return `Postgres counts ${counted(changed, 'row')} changed ${since}; it holds about ${count(held)}.`;
}
