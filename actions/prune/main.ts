import { runAction } from '../../src/github/run.ts';

await runAction('prune', async (options, context) => {
  const { prune } = await import('../../src/retention/prune.ts');
  const result = await prune(options, context);
  const { pruneMarkdown } = await import('../../src/report/markdown/prune.ts');
  const { pruneHeadline } = await import('../../src/report/headline.ts');
  const deleted = result.decisions.filter(({ action }) => action === 'delete').length;
  return {
    ok: result.ok,
    database: result.database,
    headline: pruneHeadline(result),
    markdown: pruneMarkdown(result),
    outputs: {
      applied: result.applied,
      kept: result.decisions.length - deleted + result.unreadable.length,
      deleted,
      'deleted-bytes': result.deletedBytes,
    },
  };
});
