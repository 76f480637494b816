import type { IndexPages } from '../catalogue/pgstattuple.ts';
import type { IndexFacts } from '../facts.ts';
import type { Confidence } from './bloat.ts';
import { DEFAULT_FILLFACTOR, packedBytes } from './btree-build.ts';
import type { Estimate } from './estimated.ts';
import { liveRows, type TableChanges } from './live-tuples.ts';
import type { NotMeasured } from './measured.ts';

export interface Exact {
  readonly rebuiltBytes: number;
  readonly confidence: Confidence;
  readonly evidence: readonly string[];
}

export interface ExactFacts {
  /** A reason where the statistics say nothing. */
  readonly estimate: Estimate | NotMeasured;
  /** Whether a rebuild merges duplicates. */
  readonly merges: boolean;
  readonly changes: TableChanges | undefined;
  /** How many the index has now; `null` when nobody knows. */
  readonly tuples: number | null;
}

/** Of an item that may be a posting list: what of it is its key is not counted. */
const TYPICAL_KEY = 16;
/** From this share of dead rows on, much of what the index holds is waiting for VACUUM. */
const MANY_DEAD = 0.1;

/**
 * What a REINDEX would leave of a B-tree whose pages were counted: its live items packed anew. Pages alone do not tell that duplicates are
 * not merged; where the statistics are sure of the keys, the smaller of the two sizes counts. Pure.
 */
export function judgeExactly(index: IndexFacts, pages: IndexPages, { estimate, merges, changes, tuples }: ExactFacts): Exact {
  const { items, itemBytes } = pages;
  const average = items === 0 ? 0 : itemBytes / items;
  const mayBeMerged = merges && (tuples === null || items < tuples * 0.98);
  const packed = packedBytes(items, itemBytes, mayBeMerged ? Math.min(average, TYPICAL_KEY) : average, index.fillfactor ?? DEFAULT_FILLFACTOR);
  const evidence = [
    `pgstattuple counted ${items} items of ${itemBytes} bytes on ${pages.leafPages} leaf pages (${Math.round(pages.leafDensity)} % full), and ${pages.emptyPages} empty and ${pages.deletedPages} deleted pages.`,
  ];
  let rebuiltBytes = packed;
  let confidence: Confidence = 'high';
  if (merges) {
    const merged = 'bytes' in estimate && estimate.confidence !== 'low' ? estimate.bytes[estimate.confidence === 'high' ? 'mid' : 'high'] : null;
    if (merged !== null && merged < packed) {
      evidence.push(`Packed as they are they take ${packed} bytes; merged, duplicates take less.`, ...('bytes' in estimate ? estimate.evidence : []));
      rebuiltBytes = merged;
    }
    if (!('bytes' in estimate) || estimate.confidence !== 'high') {
      evidence.push('Duplicates that are not merged cannot be seen: a rebuilt index may be smaller still.');
      confidence = 'medium';
    }
  }
  const dead = changes?.counted === true ? deadShare(index, changes) : 0;
  if (dead > MANY_DEAD) {
    evidence.push(`${Math.round(dead * 100)} % of the rows are dead and wait for VACUUM: some of the items are theirs.`);
    if (confidence === 'high') confidence = 'medium';
  }
  return { rebuiltBytes, confidence, evidence };
}

/** Rows that a VACUUM has seen die are counted again when their session's counters arrive after it. */
function deadShare({ tableTuples }: IndexFacts, changes: TableChanges): number {
  const rows = liveRows(tableTuples, changes);
  const dead = Math.max(0, changes.deadRows - (rows?.countedTwice ?? 0));
  return dead / Math.max(1, dead + (rows?.count ?? changes.liveRows));
}
