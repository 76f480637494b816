import { bytes, counted, rate, seconds } from '../report/format.ts';

/** A backup in the store, and the newest drill of it. */
export interface PastBackup {
  /** Of the database, on disk. */
  readonly databaseBytes: number;
  readonly storedBytes: number;
  readonly backupSeconds: number;
  /** Restore and verification; `null` when it was not drilled. */
  readonly drillSeconds: number | null;
}

export interface Prediction {
  readonly backupSeconds: number;
  readonly drillSeconds: number;
  readonly storedBytes: number;
  /** Whether a backup of this database was measured. */
  readonly measured: boolean;
  /** A clause for people: what the numbers rest on. */
  readonly standsOn: string;
}

/** On a small runner, across the internet; a guess, and always said to be one. */
const ASSUMED_BYTES_PER_SECOND = 25 * 1024 * 1024;
const ASSUMED_STORED = 0.5;
const ASSUMED_DRILL = 2;
/** Below this a backup takes as long as it takes to connect: its rate says nothing of a larger one. */
const LEAST_MEASURED_BYTES = 64 * 1024 * 1024;

/** How long the next backup and drill will take, by the slowest of the last ones, else by an assumption. Pure. */
export function predict(databaseBytes: number, past: readonly PastBackup[]): Prediction {
  const telling = past.filter((one) => one.backupSeconds > 0 && one.databaseBytes >= Math.min(LEAST_MEASURED_BYTES, databaseBytes / 2));
  if (telling.length === 0) {
    const backupSeconds = databaseBytes / ASSUMED_BYTES_PER_SECOND;
    const none = past.length === 0 ? 'no backup of it is in the store' : 'its backups are too small to tell';
    return {
      backupSeconds,
      drillSeconds: backupSeconds * ASSUMED_DRILL,
      storedBytes: databaseBytes * ASSUMED_STORED,
      measured: false,
      standsOn: `assumed, as ${none}: ${rate(ASSUMED_BYTES_PER_SECOND, 1, 'bytes')}, half of it stored, and twice as long for a drill`,
    };
  }
  const perByte = Math.max(...telling.map((one) => one.backupSeconds / one.databaseBytes));
  const drilled = telling.filter((one) => one.drillSeconds !== null);
  const drillPerByte =
    drilled.length === 0 ? perByte * ASSUMED_DRILL : Math.max(...drilled.map((one) => (one.drillSeconds ?? 0) / one.databaseBytes));
  const drills = drilled.length === 0 ? 'a drill assumed to take twice as long' : counted(drilled.length, 'drill');
  return {
    backupSeconds: databaseBytes * perByte,
    drillSeconds: databaseBytes * drillPerByte,
    storedBytes: databaseBytes * Math.max(...telling.map((one) => one.storedBytes / one.databaseBytes)),
    measured: true,
    standsOn: `by the slowest of the last ${counted(telling.length, 'backup')} (${rate(1 / perByte, 1, 'bytes')}) and ${drills}`,
  };
}

/** `4 min 5 s and 1.2 GiB stored; a drill 8 min`. */
export function predictionText({ backupSeconds, drillSeconds, storedBytes, standsOn }: Prediction): string {
  return `a backup takes about ${seconds(backupSeconds)} and ${bytes(storedBytes)}, a drill ${seconds(drillSeconds)} (${standsOn})`;
}
