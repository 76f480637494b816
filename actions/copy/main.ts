import { runAction } from '../../src/github/run.ts';
import { EVERY_DATABASE } from '../../src/github/shell.ts';

await runAction('copy', async (options, context) => {
  const { copy } = await import('../../src/copy/copy.ts');
  const result = await copy(options, context);
  const { copyMarkdown } = await import('../../src/report/markdown/copy.ts');
  const { copyHeadline } = await import('../../src/report/headline.ts');
  const { copyProblems } = await import('../../src/report/problem.ts');
  const all = result.copies.flatMap(({ backups }) => backups);
  return {
    ok: result.ok,
    database: result.databases.length === 1 ? (result.databases[0] ?? EVERY_DATABASE) : EVERY_DATABASE,
    headline: copyHeadline(result),
    markdown: copyMarkdown(result),
    problems: copyProblems(result.copies),
    outputs: {
      ok: result.ok,
      copied: all.filter(({ outcome }) => outcome === 'copied').length,
      failed: all.filter(({ outcome }) => outcome === 'failed' || outcome === 'not-tried').length,
      bytes: result.copies.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  };
});
