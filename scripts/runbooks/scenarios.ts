import { backupFailed } from './scenarios/backup-failed.ts';
import { backupMissingOrStale } from './scenarios/backup-missing-or-stale.ts';
import { corruption } from './scenarios/corruption.ts';
import { databaseLost, databaseLostAgain } from './scenarios/database-lost.ts';
import { drillFailed } from './scenarios/drill-failed.ts';
import { nothing } from './scenarios/nothing.ts';
import { oneTableBack, tableDropped } from './scenarios/one-table-back.ts';
import { restoreOverProduction, restoreOverProductionBack, restoreOverProductionLater } from './scenarios/restore-over-production.ts';
import type { Scenario } from './scene.ts';

/** By the name that a page's blocks run in. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'backup-failed': backupFailed,
  'backup-missing-or-stale': backupMissingOrStale,
  corruption,
  'database-lost': databaseLost,
  'database-lost-again': databaseLostAgain,
  'drill-failed': drillFailed,
  nothing,
  'one-table-back': oneTableBack,
  'restore-over-production': restoreOverProduction,
  'restore-over-production-back': restoreOverProductionBack,
  'restore-over-production-later': restoreOverProductionLater,
  'table-dropped': tableDropped,
};
