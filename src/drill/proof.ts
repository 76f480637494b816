import type { FoundBackup } from '../catalog/backups.ts';
import type { Check, Proof, Verdict } from '../format/proof.ts';
import { PROOF_FORMAT } from '../format/proof.ts';
import { MODEL } from '../indexes/bloat/estimated.ts';
import type { Phase } from '../restore/restore-parts.ts';
import { TOOL } from '../tool.ts';
import type { Examination } from './examine.ts';
import { freshIndexes, type KnownOfBuilt } from './fresh-indexes.ts';
import type { Place } from './place.ts';

/** Checks that say more, but without which a backup still counts as proven: they may not be possible, or not have been asked for. */
const SUPPLEMENTARY = new Set(['checksums', 'amcheck', 'assertions']);

/** `failed` when a check found something, `incomplete` when one that every proof needs could not run. Pure. */
export function verdictOf(checks: readonly Check[]): Verdict {
  if (checks.some((check) => check.verdict === 'fail')) return 'failed';
  const unproven = checks.some((check) => check.verdict === 'not-run' && !SUPPLEMENTARY.has(check.name));
  return unproven || checks.length === 0 ? 'incomplete' : 'proven';
}

export interface DrillFacts {
  readonly backup: FoundBackup;
  readonly at: Date;
  readonly place: Pick<Place, 'kind' | 'serverVersion' | 'localeInstead'>;
  readonly checks: readonly Check[];
  /** What a recovery has to wait for. */
  readonly restorePhases: readonly Phase[];
  /** `null` when there was nothing to examine. */
  readonly examination: Examination | null;
  readonly builtIndexes: KnownOfBuilt;
  readonly rtoTargetSeconds: number;
  readonly rpoTargetSeconds: number;
  /** ISO time of the newest backup, which the RPO is about; of the drilled one, unless that was drawn by chance from older ones. */
  readonly newestAt: string;
}

/** Puts a proof together. Pure. */
export function assembleProof(facts: DrillFacts): Proof {
  const { manifest } = facts.backup;
  const rto = sumSeconds(facts.restorePhases);
  const rpo = Math.max(0, Math.round((facts.at.getTime() - Date.parse(facts.newestAt)) / 1000));
  const verificationPhases = facts.examination?.phases ?? [];
  return {
    format: PROOF_FORMAT,
    backup: facts.backup.id,
    database: facts.backup.database,
    at: facts.at.toISOString(),
    tool: TOOL,
    manifestSha256: facts.backup.manifestSha256,
    verdict: verdictOf(facts.checks),
    scratch: {
      kind: facts.place.kind,
      serverVersion: facts.place.serverVersion,
      ...(facts.place.localeInstead === null ? {} : { localeInstead: facts.place.localeInstead }),
    },
    checks: [...facts.checks],
    rows: facts.examination?.rows ?? 0,
    rto: {
      seconds: rto,
      targetSeconds: facts.rtoTargetSeconds,
      met: facts.examination !== null && rto <= facts.rtoTargetSeconds,
      phases: [...facts.restorePhases],
    },
    verification: { seconds: sumSeconds(verificationPhases), phases: [...verificationPhases] },
    rpo: { seconds: rpo, targetSeconds: facts.rpoTargetSeconds, met: rpo <= facts.rpoTargetSeconds },
    storedBytes: manifest.parts.reduce((sum, part) => sum + part.stored.bytes, 0),
    restoredBytes: facts.examination?.bytes ?? 0,
    indexModel: MODEL,
    indexes: freshIndexes(manifest.indexes, facts.examination?.indexes ?? [], facts.builtIndexes),
  };
}

function sumSeconds(phases: readonly Phase[]): number {
  return Math.round(phases.reduce((sum, phase) => sum + phase.seconds, 0) * 1000) / 1000;
}
