import { runAction } from '../../src/github/run.ts';

await runAction('index-report', async (options, context) => {
  const { indexes } = await import('../../src/indexes/indexes.ts');
  const { indexReportOutcome } = await import('../../src/github/index-report-told.ts');
  return indexReportOutcome(await indexes(options, context));
});
