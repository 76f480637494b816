import type { Judge } from './rebuild.ts';

/** The rebuilt size that was predicted before: nothing that is known of an index now says more. */
export const judgeAgain: Judge = async (_control, _facts, before) => before;
