import type { Scenario } from '../scene.ts';

/** For commands that need no disaster: nothing is made before them, and nothing is looked at after them. */
export const nothing: Scenario = { prepare: async () => ({}), check: async () => {} };
