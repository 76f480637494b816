import type { PoolerFacts } from '../../postgres/preflight/server.ts';
import { fail, type Judgement, only, pass } from '../judgement.ts';

/** Whether a session keeps its server process: without that there is no lock and no snapshot to hold. */
export function judgePooler({ announced, first, other, again }: PoolerFacts): Judgement {
  if (first !== again || first === other) {
    return only(
      fail(
        'A pooler in transaction mode is in between: one session was answered by several server processes, so no snapshot can be held.',
        "Use the server's direct host, or the pooler's port in session mode (pool_mode = session).",
      ),
    );
  }
  if (announced !== first) return pass('A proxy or pooler is in between, and a session keeps its server process.');
  return pass('The connection is direct: a session keeps its server process.');
}
