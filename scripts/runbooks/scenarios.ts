import { databaseLost, databaseLostAgain } from './scenarios/database-lost.ts';
import { nothing } from './scenarios/nothing.ts';
import type { Scenario } from './scene.ts';

/** By the name that a page's blocks run in. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'database-lost': databaseLost,
  'database-lost-again': databaseLostAgain,
  nothing,
};
