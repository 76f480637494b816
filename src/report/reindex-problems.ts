import type { ReindexResult } from '../indexes/repair/reindex.ts';
import { displayName } from '../postgres/identifiers.ts';
import type { Problem } from './problem.ts';

/** What a person should see of a reindex that is not ok: each index that failed or was refused, and what was left behind. */
export function reindexProblems({ ok, applied, indexes, leftovers }: ReindexResult): Problem[] {
  const not = indexes.filter(({ outcome }) => outcome === 'failed' || outcome === 'refused');
  return [
    ...(ok ? [] : not).map((index): Problem => {
      return { level: 'error', code: 'not-rebuilt', title: 'not-rebuilt', message: `${displayName(index)}: ${index.why}`, remedy: '' };
    }),
    ...leftovers
      .filter(({ removed }) => applied && !removed)
      .map((left): Problem => {
        const remedy = `${left.sql}; removes it.`;
        return { level: 'warning', code: null, title: 'warning', message: `${displayName(left)} is left over: ${left.why}`, remedy };
      }),
  ];
}
