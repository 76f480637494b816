import { join } from 'node:path';
import { runAction } from '../../src/github/run.ts';

// beside dist/ in a release, two folders up in the sources
const shipped = ['..', '../..'].map((up) => join(import.meta.dirname, up, 'runbooks/drills'));

await runAction('game-day', async (options, context, { githubToken }) => {
  const { playGameDay } = await import('../../src/github/game-day.ts');
  return playGameDay(options, githubToken, shipped, context);
});
