import { runAction } from '../../src/github/run.ts';

await runAction('reindex', async (options, context) => {
  const { reindex } = await import('../../src/indexes/repair/reindex.ts');
  const result = await reindex(options, context);
  const { reindexMarkdown } = await import('../../src/report/markdown/reindex.ts');
  const { reindexHeadline } = await import('../../src/report/headline.ts');
  const { reindexProblems } = await import('../../src/report/reindex-problems.ts');
  const count = (wanted: string) => result.indexes.filter(({ outcome }) => outcome === wanted).length;
  return {
    ok: result.ok,
    database: result.database,
    headline: reindexHeadline(result),
    markdown: reindexMarkdown(result),
    outputs: {
      reindexed: count(result.applied ? 'rebuilt' : 'planned'),
      'gained-bytes': result.gainedBytes,
      failed: count('failed'),
      leftovers: result.leftovers.filter(({ noted, removed }) => noted && !removed).length,
      report: result.report ?? '',
    },
    problems: reindexProblems(result),
  };
});
