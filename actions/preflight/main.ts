import { runAction } from '../../src/github/run.ts';

await runAction('preflight', async (options, context) => {
  const { preflight } = await import('../../src/preflight/preflight.ts');
  const result = await preflight(options, context);
  const { preflightMarkdown } = await import('../../src/report/markdown/preflight.ts');
  const { preflightHeadline } = await import('../../src/report/headline.ts');
  const { preflightProblems } = await import('../../src/report/problem.ts');
  const number = (verdict: string) => result.checks.filter((check) => check.verdict === verdict).length;
  return {
    ok: result.ok,
    database: result.database,
    headline: preflightHeadline(result),
    markdown: preflightMarkdown(result),
    problems: preflightProblems(result),
    outputs: { ok: result.ok, verdict: result.verdict, failed: number('fail'), warnings: number('warn'), 'not-run': number('not-run') },
  };
});
