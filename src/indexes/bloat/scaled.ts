import type { IndexFacts } from '../facts.ts';
import type { Bloat, Confidence } from './bloat.ts';
import { type LiveTuples, samplingLuck } from './live-tuples.ts';
import type { MeasuredIndex, NotMeasured } from './measured.ts';
import { type Modelled, tupleGrowth } from './modelled.ts';

/** An index that has neither grown nor shrunk by more than this since the snapshot is as it was measured. */
const UNCHANGED = 0.01;
const PAGE = 8192;

/** Pages that an index has before it holds a single tuple (the metapages of nbtree, gin, brin and spgist). */
const FIXED_PAGES: Readonly<Record<string, number>> = { btree: 1, gin: 1, brin: 2, spgist: 3 };
/** Of a B-tree with more than one leaf: its root, and what is free in the last leaf, half of it on average. */
const ROOT_AND_LAST_LEAF = 1.5;

/**
 * An index now against what a drill measured: as it was measured while index and table are as they were, else the rebuilt size grown with
 * the tuples, and with what each of them takes. Pure.
 * @param bytes of the live index now
 * @param now what the model makes of it; `null` where it has nothing to go by
 */
export function judgeByDrill(index: IndexFacts, bytes: number, measured: MeasuredIndex, live: LiveTuples, now: Modelled | null): Bloat | NotMeasured {
  if (index.definition !== measured.definition) {
    return { why: 'Its definition is another than in the backup that was drilled.', remedy: 'Take a backup and drill it.' };
  }
  const tuples = growthOf(measured, live);
  if (tuples === null) {
    return { why: 'It was empty when the drill built it, and is not any more.', remedy: 'Take a backup and drill it.' };
  }
  const each = measured.modelled === null || now === null ? null : tupleGrowth(measured.modelled, now, measured, live.moved);
  const isVague = each?.isVague !== false;
  const isUnmoved = live.tuples !== null && isAlike(tuples, 1) && isAlike(bytes, measured.bytes);
  const factor = each === null || (isUnmoved && !each.isCertain) ? 1 : each.factor;
  const growth = tuples * factor;
  const built = `A drill of the backup of ${measured.at} built it anew with ${measured.rebuiltBytes} bytes; it had ${measured.bytes}.`;
  const same = isUnmoved && isAlike(factor, 1);
  const doubts = doubtsOf(measured, live, same ? null : { tuples, growth, isVague });
  const common = { oid: index.oid, bytes, confidence: lowest(doubts.map(({ confidence }) => confidence)) };
  const sentences = doubts.map(({ sentence }) => sentence);
  if (same) return { ...common, method: 'measured', rebuiltBytes: measured.rebuiltBytes, evidence: [built, ...sentences] };
  const grown = `Since then its tuples went from ${measured.tuples} to about ${Math.round(measured.tuples * tuples)}.`;
  const changed = isAlike(factor, 1) ? [] : [`By the statistics each of them takes ${factor.toPrecision(3)} times the room.`];
  return { ...common, method: 'scaled', rebuiltBytes: grownBytes(measured, growth), evidence: [built, grown, ...changed, ...sentences] };
}

function isAlike(one: number, other: number): boolean {
  return Math.abs(one / Math.max(other, 1) - 1) <= UNCHANGED;
}

/** `null` when there was nothing to grow from. Where nobody knows the tuples it is taken as it was. */
function growthOf({ tuples, tableRows }: MeasuredIndex, live: LiveTuples): number | null {
  if (live.tuples === null || live.rows === null) return 1;
  if (tuples === 0) return live.tuples === 0 ? 1 : null;
  // what a sample says of a partial index is not worth more than that its share of the table has not changed
  const expected = tableRows === null || tableRows === 0 ? null : (tuples * live.rows) / tableRows;
  const isLuck = expected !== null && Math.abs(live.tuples - expected) <= 1.5 * samplingLuck(expected, live.rows) * expected;
  return (isLuck ? expected : live.tuples) / tuples;
}

/** To the nearest page. */
function grownBytes({ method, rebuiltBytes }: MeasuredIndex, growth: number): number {
  const pages = rebuiltBytes / PAGE;
  const fixed = Math.min(pages, (FIXED_PAGES[method] ?? 0) + (method === 'btree' && pages > 2 ? ROOT_AND_LAST_LEAF : 0));
  return Math.max(1, Math.round(fixed + (pages - fixed) * growth)) * PAGE;
}

interface Doubt {
  readonly sentence: string;
  readonly confidence: Confidence;
}

interface Since {
  readonly tuples: number;
  /** Of the rebuilt size. */
  readonly growth: number;
  readonly isVague: boolean;
}

/** @param since `null` when it is as it was measured */
function doubtsOf(measured: MeasuredIndex, live: LiveTuples, since: Since | null): Doubt[] {
  const doubts: Doubt[] = [];
  const doubt = (confidence: Confidence, sentence: string) => doubts.push({ confidence, sentence });
  if (live.doubt !== null) doubt('low', live.doubt);
  if (measured.method === 'brin') {
    doubt('medium', "A BRIN index grows with its table's pages, of which a bloated table has more than a restored one.");
  }
  if (since === null) return doubts;
  const { tuples, growth, isVague } = since;
  const drift = Math.max(Math.abs(tuples - 1), Math.abs(growth - 1));
  if (drift > 1) doubt('low', 'The table is no longer the one that was drilled.');
  else if (drift > 0.3) doubt('medium', 'It has changed a good deal since the drill; the next one measures it again.');
  else if (isVague) doubt('medium', 'Whether its keys are still of the same kind, the statistics do not tell.');
  if (tuples !== 1 && !measured.exactTuples && measured.tuples < 1000) doubt('medium', 'It has too few tuples for their number to be known well.');
  return doubts;
}

function lowest(confidences: readonly Confidence[]): Confidence {
  return confidences.includes('low') ? 'low' : confidences.includes('medium') ? 'medium' : 'high';
}
