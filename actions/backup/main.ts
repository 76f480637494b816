import { runAction } from '../../src/github/run.ts';

await runAction('backup', async (options, context) => {
  const { backup } = await import('../../src/backup/backup.ts');
  const result = await backup(options, context);
  const { backupMarkdown } = await import('../../src/report/markdown/backup.ts');
  const { backupHeadline } = await import('../../src/report/headline.ts');
  const { copyProblems } = await import('../../src/report/problem.ts');
  return {
    ok: result.ok,
    database: result.database,
    headline: backupHeadline(result),
    markdown: backupMarkdown(result),
    problems: copyProblems(result.copies),
    outputs: {
      'backup-id': result.id,
      manifest: result.manifest,
      bytes: result.bytes,
      rows: result.rows,
      'snapshot-at': result.snapshotAt,
      copies: JSON.stringify(result.copies.map(({ storage, ok }) => ({ storage, ok }))),
    },
  };
});
