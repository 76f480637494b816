import type { Finding, Verdict } from '../format/proof.ts';
import { counted, seconds, time } from '../report/format.ts';

/** A backup as the store has it. */
export interface StoredBackup {
  readonly id: string;
  /** ISO time; `null` when its manifest cannot be read, and then it does not count. */
  readonly snapshotAt: string | null;
}

/** A proof that is bound to the manifest of its backup. */
export interface StoredProof {
  readonly backup: string;
  /** ISO times. */
  readonly at: string;
  readonly snapshotAt: string;
  readonly verdict: Verdict;
}

export interface FreshnessLimits {
  readonly maxBackupAgeSeconds: number;
  readonly maxProofAgeSeconds: number;
}

export interface WatchedDatabase {
  readonly database: string;
  readonly newestBackup: { readonly id: string; readonly snapshotAt: string } | null;
  readonly newestBackupAgeSeconds: number | null;
  /** The newest that says `proven`: whatever else a drill found out is no proof. */
  readonly newestProof: { readonly backup: string; readonly at: string } | null;
  readonly newestProofAgeSeconds: number | null;
  readonly findings: readonly Finding[];
}

/** Clocks differ; by more than this, one of them is wrong. */
const CLOCKS_DIFFER_SECONDS = 600;

/** Whether a database's newest backup and newest proof are as young as they have to be. Any finding means that it is stale. */
export function judgeFreshness(
  database: string,
  backups: readonly StoredBackup[],
  proofs: readonly StoredProof[],
  limits: FreshnessLimits,
  now: Date,
): WatchedDatabase {
  const ageOf = (iso: string) => (now.getTime() - Date.parse(iso)) / 1000;
  const newestOf = <T>(all: readonly T[], at: (one: T) => string) => all.toSorted((a, b) => Date.parse(at(b)) - Date.parse(at(a)))[0] ?? null;

  const backup = newestOf(
    backups.flatMap(({ id, snapshotAt }) => (snapshotAt === null ? [] : [{ id, snapshotAt }])),
    ({ snapshotAt }) => snapshotAt,
  );
  const proven = newestOf(
    proofs.filter(({ verdict }) => verdict === 'proven'),
    ({ at }) => at,
  );
  const backupAge = backup === null ? null : ageOf(backup.snapshotAt);
  const proofAge = proven === null ? null : ageOf(proven.at);
  const messages = [
    ...ofBackup(backupAge, limits.maxBackupAgeSeconds, backups.length),
    ...unreadable(backups, backup?.id ?? ''),
    ...(backup === null ? [] : ofProof(proofAge, limits.maxProofAgeSeconds, proofs)),
    ...(proven === null || (proofAge ?? 0) > limits.maxProofAgeSeconds ? [] : ofProvenBackup(proven, limits)),
  ];
  return {
    database,
    newestBackup: backup,
    newestBackupAgeSeconds: backupAge,
    newestProof: proven === null ? null : { backup: proven.backup, at: proven.at },
    newestProofAgeSeconds: proofAge,
    findings: messages.map((message) => ({ object: database, message })),
  };
}

function ofBackup(age: number | null, most: number, there: number): string[] {
  if (age === null) return [there === 0 ? 'It has no backup at all.' : `It has ${counted(there, 'backup')}, and none can be read.`];
  if (age < -CLOCKS_DIFFER_SECONDS) return [`Its newest backup is ${seconds(-age)} in the future: a clock is wrong, and its age cannot be told.`];
  return age > most ? [`Its newest backup is ${seconds(age)} old, and ${seconds(most)} are allowed.`] : [];
}

/** Ids sort by time: those behind the newest that can be read do no harm to anybody's freshness. */
function unreadable(backups: readonly StoredBackup[], newest: string): string[] {
  return backups
    .filter(({ id, snapshotAt }) => snapshotAt === null && newest !== '' && id > newest)
    .map(({ id }) => `Backup ${id} is newer than all that count, but its manifest cannot be read.`);
}

function ofProof(age: number | null, most: number, proofs: readonly StoredProof[]): string[] {
  if (age === null) {
    const failed = proofs.filter(({ verdict }) => verdict === 'failed').length;
    if (proofs.length === 0) return ['No drill has proven a backup of it.'];
    return [`No drill has proven a backup of it: of ${proofs.length}, ${failed} failed and ${proofs.length - failed} could not examine everything.`];
  }
  if (age < -CLOCKS_DIFFER_SECONDS) return [`Its newest proof is ${seconds(-age)} in the future: a clock is wrong, and its age cannot be told.`];
  return age > most ? [`Its newest proof is ${seconds(age)} old, and ${seconds(most)} are allowed.`] : [];
}

/** A fresh proof of an old backup says nothing of those that would be restored today. */
function ofProvenBackup({ backup, at, snapshotAt }: StoredProof, { maxBackupAgeSeconds, maxProofAgeSeconds }: FreshnessLimits): string[] {
  const ageThen = (Date.parse(at) - Date.parse(snapshotAt)) / 1000;
  if (ageThen <= maxBackupAgeSeconds + maxProofAgeSeconds) return [];
  return [`Its newest proof, of ${time(at)}, is of backup ${backup}, which was ${seconds(ageThen)} old then: no recent backup is proven.`];
}
