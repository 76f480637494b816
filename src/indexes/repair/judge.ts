import type { ConnectionTarget } from '../../postgres/url.ts';
import { type BloatSources, judgeBloat } from '../bloat/judge.ts';
import { readIndexes } from '../catalogue/indexes.ts';
import { withCarefulSession } from '../catalogue/session.ts';
import type { Prediction } from './plan.ts';

/** What a rebuild would leave of indexes, by the best that is known now, by their oids; without those of which nothing is known. */
export type Judge = (oids: readonly number[]) => Promise<ReadonlyMap<number, Prediction>>;

/** Judges in a session of its own, which only reads and waits for nobody. */
export function judgeIn(target: ConnectionTarget, sources: BloatSources, signal: AbortSignal): Judge {
  return (oids) =>
    withCarefulSession(target, signal, async (session) => {
      const wanted = new Set(oids);
      const indexes = (await readIndexes(session)).filter(({ oid }) => wanted.has(oid));
      const { judged } = await judgeBloat(session, indexes, sources, signal);
      return new Map(judged.map((bloat) => [bloat.oid, bloat]));
    });
}

/** The newer of two predictions, unless it is the weaker: what a drill measured a week ago says more than statistics that say little. */
export function better(before: Prediction | null, now: Prediction | undefined): Prediction | null {
  if (now === undefined) return before;
  return now.confidence === 'low' && before !== null && before.confidence !== 'low' ? before : now;
}
