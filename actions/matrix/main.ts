import { runAction } from '../../src/github/run.ts';

await runAction('matrix', async (options, context) => {
  const { matrix } = await import('../../src/matrix/matrix.ts');
  const result = await matrix(options, context);
  const { counted } = await import('../../src/report/format.ts');
  const { matrixMarkdown } = await import('../../src/report/markdown/matrix.ts');
  return {
    ok: true,
    database: options.database ?? 'all databases',
    headline: `${counted(result.databases, 'database')} in lifeboat.yml.`,
    markdown: matrixMarkdown(result),
    outputs: { matrix: JSON.stringify(result.matrix), databases: result.databases },
  };
});
