import { runAction } from '../../src/github/run.ts';
import { EVERY_DATABASE } from '../../src/github/shell.ts';

await runAction('verify', async (options, context) => {
  const { verify } = await import('../../src/verify/verify.ts');
  const result = await verify(options, context);
  const { verifyMarkdown } = await import('../../src/report/markdown/verify.ts');
  const { verifyHeadline } = await import('../../src/report/headline.ts');
  const { verifyProblems } = await import('../../src/report/problem.ts');
  const number = (...wanted: string[]) => result.backups.filter(({ verdict }) => wanted.includes(verdict)).length;
  return {
    ok: result.ok,
    database: result.databases.length === 1 ? (result.databases[0] ?? EVERY_DATABASE) : EVERY_DATABASE,
    headline: verifyHeadline(result),
    markdown: verifyMarkdown(result),
    problems: verifyProblems(result),
    outputs: { ok: result.ok, backups: number('intact', 'damaged'), damaged: number('damaged'), bytes: result.bytes },
  };
});
