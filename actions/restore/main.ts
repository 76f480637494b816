import { runAction } from '../../src/github/run.ts';

await runAction('restore', async (options, context) => {
  const { restore } = await import('../../src/restore/restore.ts');
  const result = await restore(options, context);
  const { restoreMarkdown } = await import('../../src/report/markdown/restore.ts');
  const { restoreHeadline } = await import('../../src/report/headline.ts');
  return {
    ok: result.ok,
    database: result.database,
    headline: restoreHeadline(result),
    markdown: restoreMarkdown(result),
    outputs: { target: result.target, rows: result.rows, backup: result.backup },
  };
});
