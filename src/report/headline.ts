import type { BackupResult } from '../backup/backup.ts';
import type { CopyResult } from '../copy/copy.ts';
import type { DrillResult } from '../drill/drill.ts';
import type { ReindexResult } from '../indexes/repair/reindex.ts';
import type { PreflightResult } from '../preflight/preflight.ts';
import type { RestoreResult } from '../restore/restore.ts';
import type { PruneResult } from '../retention/prune.ts';
import type { RotateRecipientsResult } from '../rotation/rotate-recipients.ts';
import type { VerifyResult } from '../verify/verify.ts';
import { bytes, count, counted, seconds } from './format.ts';

/** One sentence of plain text: for a log, an issue's title, a message. Names in it are as they came from the database. */
export function backupHeadline(result: BackupResult): string {
  const what = `${counted(result.tables, 'table')} with ${counted(result.rows, 'row')}`;
  const stored = `${what} in ${seconds(result.seconds.total)}, ${bytes(result.bytes)} stored`;
  const failed = result.copies.filter(({ ok }) => !ok).map(({ storage }) => storage);
  if (failed.length > 0) return `Backed up ${result.database}, but not everything was copied to ${failed.join(', ')}: ${stored}.`;
  const copied = result.copies.length === 0 ? '' : `, copied to ${counted(result.copies.length, 'store')}`;
  return `Backed up ${result.database}: ${stored}${copied}.`;
}

export function drillHeadline({ ok, database, backup, proof }: DrillResult): string {
  const of = `backup ${backup} of ${database}`;
  const names = (wanted: string) => proof.checks.filter(({ verdict }) => verdict === wanted).map(({ name }) => name);
  if (proof.verdict === 'failed') return `Not proven: ${of} did not come back as it was (${names('fail').join(', ')}).`;
  if (proof.verdict === 'incomplete') return `Incomplete: nothing failed in ${of}, but not everything was examined (${names('not-run').join(', ')}).`;
  if (ok) return `Proven: ${of}, ${counted(proof.rows, 'row')} restored in ${seconds(proof.rto.seconds)}.`;
  const missed = [...(proof.rto.met ? [] : [target('RTO', proof.rto)]), ...(proof.rpo.met ? [] : [target('RPO', proof.rpo)])];
  return `Proven, but a target was missed: ${of}, ${missed.join(', ')}.`;
}

export function restoreHeadline(result: RestoreResult): string {
  const what = `${counted(result.tables, 'table')} with ${counted(result.rows, 'row')} of backup ${result.backup}`;
  if (result.dryRun) return `Dry run: nothing was written to ${result.target}; a restore would bring ${what}.`;
  return `Restored ${what} into ${result.target}.`;
}

export function pruneHeadline({ applied, database, decisions, orphans, deletedBytes }: PruneResult): string {
  const deleted = decisions.filter(({ action }) => action === 'delete').length;
  const reaped = orphans.filter(({ action }) => action === 'delete').length;
  const what = `${count(deleted)} of ${counted(decisions.length, 'backup')} of ${database}`;
  const more = reaped === 0 ? '' : ` and ${counted(reaped, 'leftover')} of interrupted ones`;
  if (!applied) return `Dry run: nothing was deleted; ${what}${more} would be, ${bytes(deletedBytes)}.`;
  return `Deleted ${what}${more}, ${bytes(deletedBytes)}.`;
}

export function copyHeadline({ ok, databases, copies }: CopyResult): string {
  const all = copies.flatMap(({ backups }) => backups);
  const number = (...outcomes: readonly (typeof all)[number]['outcome'][]) => all.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const of = databases.length === 1 ? ` of ${databases[0]}` : '';
  const where = copies.length === 1 ? (copies[0]?.storage ?? '') : counted(copies.length, 'store');
  const written = bytes(copies.reduce((sum, copy) => sum + copy.bytes, 0));
  if (!ok)
    return `Not everything${of} was copied to ${where}: ${counted(number('failed', 'not-tried'), 'backup')} of ${count(all.length)} failed, ${count(number('copied'))} were copied.`;
  if (number('copied', 'completed') === 0) return `Nothing${of} to copy: ${where} has ${count(number('there'))} of ${counted(all.length, 'backup')}.`;
  return `Copied ${counted(number('copied'), 'backup')}${of} to ${where}, ${written} written; ${count(number('there', 'completed'))} were there.`;
}

export function verifyHeadline({ ok, databases, backups, bytes: read, seconds: taken, storage }: VerifyResult): string {
  const number = (wanted: VerifyResult['backups'][number]['verdict']) => backups.filter(({ verdict }) => verdict === wanted).length;
  const of = databases.length === 1 ? ` of ${databases[0]}` : '';
  const work = `${bytes(read)} read in ${seconds(taken)}`;
  if (ok) return `Intact: ${counted(number('intact'), 'backup')}${of} in ${storage}, ${work}.`;
  const wrong = [
    ...(number('damaged') > 0 ? [`${count(number('damaged'))} damaged`] : []),
    ...(number('not-examined') > 0 ? [`${count(number('not-examined'))} not examined`] : []),
  ];
  return `Not all intact: ${wrong.join(' and ')} of ${counted(backups.length, 'backup')}${of} in ${storage}, ${work}.`;
}

export function reindexHeadline({ applied, database, indexes, gainedBytes }: ReindexResult): string {
  const of = (wanted: string) => indexes.filter(({ outcome }) => outcome === wanted).length;
  const what = (n: number) => `${count(n)} of ${counted(indexes.length, 'index', 'indexes')} of ${database}`;
  if (!applied) return `Dry run: nothing was rebuilt; ${what(of('planned'))} would be.`;
  const failed = of('failed') === 0 ? '' : ` ${count(of('failed'))} failed.`;
  const gained = gainedBytes < 0 ? `which take ${bytes(-gainedBytes)} more than before` : `${bytes(gainedBytes)} gained`;
  return `Rebuilt ${what(of('rebuilt'))}, ${gained}.${failed}`;
}

export function rotateHeadline({ applied, database, backups, recipients }: RotateRecipientsResult): string {
  const of = (outcome: string) => backups.filter((backup) => backup.outcome === outcome).length;
  const blocked = of('blocked') === 0 ? '' : `; ${counted(of('blocked'), 'backup')} could not be read`;
  const whom = counted(recipients.length, 'recipient');
  if (!applied)
    return `Dry run: nothing was written; ${counted(of('would-rotate'), 'backup')} of ${database} would be encrypted for ${whom}${blocked}.`;
  return `Encrypted ${counted(of('rotated'), 'backup')} of ${database} for ${whom}, ${count(of('already'))} already ${of('already') === 1 ? 'was' : 'were'}${blocked}.`;
}

export function preflightHeadline({ database, checks, provider }: PreflightResult): string {
  const of = `Preflight of ${database}${provider === null ? '' : ` (${provider})`}`;
  const number = (verdict: string) => checks.filter((check) => check.verdict === verdict).length;
  const more = [
    ...(number('warn') > 0 ? [`${counted(number('warn'), 'warning')}`] : []),
    ...(number('not-run') > 0 ? [`${number('not-run')} not examined`] : []),
  ];
  const failed = checks.filter(({ verdict }) => verdict === 'fail').map(({ area, name }) => `${area} ${name}`);
  if (failed.length > 0)
    return `${of}: ${failed.length} of ${counted(checks.length, 'check')} failed (${failed.join(', ')})${more.length > 0 ? `; ${more.join(', ')}` : ''}.`;
  if (more.length > 0) return `${of}: nothing failed; ${more.join(', ')}, ${number('pass')} of ${counted(checks.length, 'check')} passed.`;
  return `${of}: all ${counted(checks.length, 'check')} passed.`;
}

function target(name: string, { seconds: measured, targetSeconds }: { readonly seconds: number; readonly targetSeconds: number }): string {
  return `${name} ${seconds(measured)} of ${seconds(targetSeconds)} allowed`;
}
