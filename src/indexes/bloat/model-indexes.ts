import type { Session } from '../../postgres/connect.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { readIndexes } from '../catalogue/indexes.ts';
import { statisticsOf } from '../catalogue/statistics.ts';
import { estimateBtree } from './estimated.ts';
import { liveTuples } from './live-tuples.ts';
import { type Modelled, modelled } from './modelled.ts';

/**
 * What the model makes of every B-tree, by displayName; nothing where the statistics are no foundation. The session is careful
 * (src/indexes/catalogue/session.ts) and in no transaction.
 */
export async function modelIndexes(session: Session, signal: AbortSignal): Promise<Map<string, Modelled>> {
  const found = new Map<string, Modelled>();
  const indexes = (await readIndexes(session)).filter(({ method, partitioned, bytes }) => method === 'btree' && !partitioned && bytes !== null);
  for await (const { some, statistics } of statisticsOf(session, indexes)) {
    signal.throwIfAborted();
    for (const index of some) {
      const live = liveTuples(index, statistics.changes(index.tableOid));
      const one = modelled(index, statistics, live, session.versionNumber, estimateBtree(index, statistics, live, session.versionNumber));
      if (one !== null) found.set(displayName(index), one);
    }
  }
  return found;
}
