import type { DrillResult } from '../../drill/drill.ts';
import type { Check, Proof } from '../../format/proof.ts';
import { bytes, count, counted, seconds, shortened, visible } from '../format.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_FINDINGS = 20;
const LONGEST_MESSAGE = 500;

/** The verdict first, then what it rests on, and what nobody looked at. */
export function drillText(result: DrillResult, style: Style): string {
  const { proof } = result;
  const lines = [headline(result, style), ''];
  const columns = [
    { title: 'CHECK' },
    { title: 'VERDICT' },
    { title: 'EXAMINED', align: 'right' },
    { title: 'FINDINGS', align: 'right' },
    { title: 'REMARK' },
  ] as const;
  const rows = proof.checks.map((check) => [
    visible(check.name),
    paintVerdict(check.verdict, style),
    count(check.examined),
    check.findings.length === 0 ? '' : style.bad(count(check.findings.length)),
    visible(shortened(check.reason ?? '', LONGEST_MESSAGE)),
  ]);
  lines.push(...table(columns, rows, style), ...proof.checks.flatMap((check) => findingLines(check, style)), '', ...timeLines(proof, style));
  lines.push(...skippedLines(proof.checks, style), '', `proof  ${visible(result.storage)}/${visible(result.proofKey)}`);
  const until = proof.scratch.kind === 'cluster' ? ' (until the next drill on this machine removes it)' : '';
  if (result.kept !== null) lines.push(`kept   ${visible(result.kept)}${until}`);
  return lines.join('\n');
}

function headline({ ok, proof, database, backup }: DrillResult, style: Style): string {
  const of = `backup ${backup} of ${visible(database)}`;
  if (proof.verdict === 'failed') return `${style.bad('NOT PROVEN')}: ${of} did not come back as it was`;
  if (proof.verdict === 'incomplete') return `${style.doubtful('INCOMPLETE')}: nothing failed in ${of}, but not everything could be examined`;
  const proven = `${of}: ${counted(proof.rows, 'row')} restored and proven, ${bytes(proof.restoredBytes)} on disk`;
  if (ok) return `${style.good('PROVEN')} ${proven}`;
  const missed = [...(proof.rto.met ? [] : ['RTO']), ...(proof.rpo.met ? [] : ['RPO'])].join(' and ');
  return `${style.good('PROVEN')}, but ${style.bad(`${missed || 'a target'} missed`)}: ${proven}`;
}

/** pass, FAIL, not run. */
export function paintVerdict(verdict: Check['verdict'], style: Style): string {
  if (verdict === 'pass') return style.good('pass');
  return verdict === 'fail' ? style.bad('FAIL') : style.doubtful('not run');
}

function findingLines(check: Check, style: Style): string[] {
  if (check.findings.length === 0) return [];
  const shown = check.findings
    .slice(0, MOST_FINDINGS)
    .map(({ object, message }) => `  ${style.strong(visible(object))}: ${visible(shortened(message, LONGEST_MESSAGE))}`);
  const more = check.findings.length - shown.length;
  return ['', `${style.bad(visible(check.name))} found:`, ...shown, ...(more > 0 ? [`  and ${count(more)} more; the proof has them all`] : [])];
}

function timeLines({ rto, rpo, verification, scratch }: Proof, style: Style): string[] {
  const against = (measured: { seconds: number; targetSeconds: number; met: boolean }) =>
    `${measured.met ? style.good(seconds(measured.seconds)) : style.bad(seconds(measured.seconds))} of ${seconds(measured.targetSeconds)} allowed`;
  const columns = [{ title: 'PHASE' }, { title: 'TIME', align: 'right' }] as const;
  const rows = rto.phases.map((phase) => [visible(phase.name), seconds(phase.seconds)]);
  const where = scratch.kind === 'cluster' ? 'a throwaway Postgres' : 'a throwaway database on Postgres';
  if (rto.phases.length === 0) return ['RTO    not measured: the backup could not be restored', `RPO    ${against(rpo)}`];
  return [
    `RTO    ${against(rto)}, in ${where} ${visible(scratch.serverVersion)}${scratch.localeInstead === undefined ? '' : `, with locale ${visible(scratch.localeInstead)} instead of the source's`}`,
    ...table(columns, rows, style).map((line) => `       ${line}`),
    `RPO    ${against(rpo)}`,
    `verification took ${seconds(verification.seconds)} beside that (${verification.phases.map((phase) => `${visible(phase.name)} ${seconds(phase.seconds)}`).join(', ')})`,
  ];
}

function skippedLines(checks: readonly Check[], style: Style): string[] {
  const skipped = checks.flatMap((check) => check.skipped.map((one) => ({ check: check.name, ...one })));
  if (skipped.length === 0) return [];
  const shown = skipped.slice(0, MOST_FINDINGS).map(({ check, object, reason }) => `  ${visible(object)} (${visible(check)}): ${visible(reason)}`);
  const more = skipped.length - shown.length;
  return ['', style.doubtful('Not examined:'), ...shown, ...(more > 0 ? [`  and ${count(more)} more; the proof has them all`] : [])];
}
