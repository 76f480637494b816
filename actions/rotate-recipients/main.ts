import { runAction } from '../../src/github/run.ts';

await runAction('rotate-recipients', async (options, context) => {
  const { rotateRecipients } = await import('../../src/rotation/rotate-recipients.ts');
  const result = await rotateRecipients(options, context);
  const { rotateRecipientsMarkdown } = await import('../../src/report/markdown/rotate-recipients.ts');
  const { rotateHeadline } = await import('../../src/report/headline.ts');
  const of = (...outcomes: string[]) => result.backups.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return {
    ok: result.ok,
    database: result.database,
    headline: rotateHeadline(result),
    markdown: rotateRecipientsMarkdown(result),
    outputs: {
      applied: result.applied,
      rotated: of('rotated', 'would-rotate'),
      already: of('already'),
      blocked: of('blocked'),
      remaining: result.backups.reduce((sum, { remaining }) => sum + remaining.length, 0),
    },
  };
});
