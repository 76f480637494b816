import { runAction } from '../../src/github/run.ts';

await runAction('watch', async (options, context, { githubToken }) => {
  const { watch } = await import('../../src/watch/watch.ts');
  const { scheduleWatcher } = await import('../../src/github/schedules.ts');
  const { watchOutcome } = await import('../../src/github/watch-told.ts');
  return watchOutcome(await watch(options, context, scheduleWatcher(githubToken)), options);
});
