import { backupFailed } from './scenarios/backup-failed.ts';
import { backupMissingOrStale } from './scenarios/backup-missing-or-stale.ts';
import { bucketLost } from './scenarios/bucket-lost.ts';
import { connectionsExhausted } from './scenarios/connections-exhausted.ts';
import { corruption, tableDamaged } from './scenarios/corruption.ts';
import { ageKeyLost, credentialsLeaked } from './scenarios/credentials-or-key-lost.ts';
import { databaseLost, databaseLostAgain } from './scenarios/database-lost.ts';
import { diskFullOrSlow } from './scenarios/disk-full-or-slow.ts';
import { drillFailed } from './scenarios/drill-failed.ts';
import { githubDown } from './scenarios/github-down.ts';
import { indexBloat } from './scenarios/index-bloat.ts';
import { majorUpgrade } from './scenarios/major-upgrade.ts';
import { nothing } from './scenarios/nothing.ts';
import { oneTableBack, tableDropped } from './scenarios/one-table-back.ts';
import { projectGone, projectGoneEncrypted } from './scenarios/project-gone.ts';
import { restoreOverProduction, restoreOverProductionBack, restoreOverProductionLater } from './scenarios/restore-over-production.ts';
import type { Scenario } from './scene.ts';

/** By the name that a page's blocks run in. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'age-key-lost': ageKeyLost,
  'backup-failed': backupFailed,
  'backup-missing-or-stale': backupMissingOrStale,
  'bucket-lost': bucketLost,
  'connections-exhausted': connectionsExhausted,
  corruption,
  'credentials-leaked': credentialsLeaked,
  'database-lost': databaseLost,
  'database-lost-again': databaseLostAgain,
  'disk-full-or-slow': diskFullOrSlow,
  'drill-failed': drillFailed,
  'github-down': githubDown,
  'index-bloat': indexBloat,
  'major-upgrade': majorUpgrade,
  nothing,
  'one-table-back': oneTableBack,
  'project-gone': projectGone,
  'project-gone-encrypted': projectGoneEncrypted,
  'restore-over-production': restoreOverProduction,
  'restore-over-production-back': restoreOverProductionBack,
  'restore-over-production-later': restoreOverProductionLater,
  'table-damaged': tableDamaged,
  'table-dropped': tableDropped,
};
