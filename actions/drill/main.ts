import { runAction } from '../../src/github/run.ts';

await runAction('drill', async (options, context) => {
  const { drill } = await import('../../src/drill/drill.ts');
  const result = await drill(options, context);
  const { readTrend } = await import('../../src/catalog/trend.ts');
  const { drillMarkdown } = await import('../../src/report/markdown/drill.ts');
  const { drillHeadline } = await import('../../src/report/headline.ts');
  const { drillProblems } = await import('../../src/report/problem.ts');
  const { rto, rpo, checks } = result.proof;
  return {
    ok: result.ok,
    database: result.database,
    headline: drillHeadline(result),
    markdown: drillMarkdown(result, await readTrend({ ...options, from: result.storage }, context)),
    problems: drillProblems(result),
    outputs: {
      ok: result.ok,
      proof: result.proofKey,
      'rto-seconds': rto.seconds,
      'rpo-seconds': rpo.seconds,
      findings: checks.flatMap(({ findings }) => findings).length,
    },
  };
});
