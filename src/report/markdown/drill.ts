import { predictFromProofs } from '../../catalog/predict.ts';
import type { DrillResult } from '../../drill/drill.ts';
import type { Check, Proof } from '../../format/proof.ts';
import { bytes, count, counted, seconds, time } from '../format.ts';
import { predictionText } from '../prediction.ts';
import { code, details, prose, tableOf } from './escape.ts';
import { gantt } from './gantt.ts';

/** With these and the limits on texts, a summary stays well below the runner's 1 MiB whatever the database. */
const MOST_FINDINGS = 20;
const MOST_SKIPPED = 50;

/**
 * The summary of a drill: the verdict first, then the times against their targets, each check, what nobody looked at, and the trend.
 * @param trend the newest proofs of the database, newest first, this one among them
 */
export function drillMarkdown(result: DrillResult, trend: readonly Proof[] = []): string {
  const { proof } = result;
  return [
    `## ${verdict(result)}`,
    '',
    sentence(result),
    '',
    ...times(proof),
    '',
    '### Checks',
    '',
    ...checkTable(proof.checks),
    ...proof.checks.flatMap(findings),
    ...skipped(proof.checks),
    ...history(trend),
    ...details('Details', facts(result)),
    '',
  ].join('\n');
}

function verdict({ ok, database, proof }: DrillResult): string {
  if (proof.verdict === 'failed') return `❌ Not proven: ${code(database)}`;
  if (proof.verdict === 'incomplete') return `⚠️ Incomplete: ${code(database)}`;
  return ok ? `✅ Proven: ${code(database)}` : `❌ Proven, but a target was missed: ${code(database)}`;
}

function sentence({ backup, proof }: DrillResult): string {
  const of = (wanted: Check['verdict']) => proof.checks.filter((check) => check.verdict === wanted).length;
  const checks = `${of('pass')} of ${counted(proof.checks.length, 'check')} passed, ${of('fail')} failed, ${of('not-run')} did not run`;
  return `Backup ${code(backup)}: ${counted(proof.rows, 'row')} restored; ${checks}. RTO ${against(proof.rto)}, RPO ${against(proof.rpo)}.`;
}

function against(measured: { readonly seconds: number; readonly targetSeconds: number; readonly met: boolean }): string {
  return `${seconds(measured.seconds)} of ${seconds(measured.targetSeconds)} allowed${measured.met ? '' : ' (**missed**)'}`;
}

const VERDICTS: Readonly<Record<Check['verdict'], string>> = { pass: '✅ pass', fail: '❌ **fail**', 'not-run': '⚠️ not run' };

function checkTable(checks: readonly Check[]): string[] {
  const columns = [
    { title: 'Check' },
    { title: 'Verdict' },
    { title: 'Examined', align: 'right' },
    { title: 'Findings', align: 'right' },
    { title: 'Skipped', align: 'right' },
    { title: 'Remark' },
  ] as const;
  const rows = checks.map((check) => [
    prose(check.name),
    VERDICTS[check.verdict],
    count(check.examined),
    count(check.findings.length),
    count(check.skipped.length),
    prose(check.reason ?? ''),
  ]);
  return tableOf(columns, rows);
}

function findings(check: Check): string[] {
  if (check.findings.length === 0) return [];
  const lines = check.findings.slice(0, MOST_FINDINGS).map(({ object, message }) => `- ${code(object)}: ${prose(message)}`);
  if (check.findings.length > lines.length) lines.push(`- and ${count(check.findings.length - lines.length)} more, in the proof`);
  return ['', `### ${prose(check.name)}: ${counted(check.findings.length, 'finding')}`, '', ...lines];
}

function skipped(checks: readonly Check[]): string[] {
  const all = checks.flatMap((check) => check.skipped.map((one) => ({ check: check.name, ...one })));
  if (all.length === 0) return [];
  const rows = all.slice(0, MOST_SKIPPED).map(({ check, object, reason }) => [code(object), prose(check), prose(reason)]);
  const more = all.length > rows.length ? ['', `and ${count(all.length - rows.length)} more, in the proof`] : [];
  const columns = [{ title: 'Object' }, { title: 'Check' }, { title: 'Why' }];
  return details(`${counted(all.length, 'thing')} nobody looked at`, [...tableOf(columns, rows), ...more]);
}

function times({ rto, rpo, verification }: Proof): string[] {
  if (rto.phases.length === 0) return ['### RTO not measured', '', 'The backup could not be restored.'];
  const columns = [{ title: 'Phase' }, { title: 'Time', align: 'right' }] as const;
  const rows = rto.phases.map((phase) => [prose(phase.name), seconds(phase.seconds)]);
  return [
    `### RTO ${seconds(rto.seconds)}, RPO ${seconds(rpo.seconds)}`,
    '',
    ...gantt(rto.phases),
    ...tableOf(columns, [...rows, ['**all**', seconds(rto.seconds)]]),
    '',
    `Verification took ${seconds(verification.seconds)} beside that.`,
  ];
}

/** One proof alone is no trend. */
function history(trend: readonly Proof[]): string[] {
  if (trend.length < 2) return [];
  const columns = [
    { title: 'Drilled' },
    { title: 'Backup' },
    { title: 'Verdict' },
    { title: 'RTO', align: 'right' },
    { title: 'Stored', align: 'right' },
    { title: 'Restored', align: 'right' },
  ] as const;
  const rows = trend.map((proof) => [
    time(proof.at),
    code(proof.backup),
    TREND_VERDICTS[proof.verdict],
    `${seconds(proof.rto.seconds)}${proof.rto.met ? '' : ' (missed)'}`,
    bytes(proof.storedBytes),
    bytes(proof.restoredBytes),
  ]);
  const prediction = predictFromProofs(trend, new Date(trend[0]?.at ?? 0));
  return [
    '',
    `### The last ${count(trend.length)} proofs`,
    '',
    ...tableOf(columns, rows),
    '',
    `Recovery in six months: ${prose(predictionText(prediction))}.`,
  ];
}

const TREND_VERDICTS: Readonly<Record<Proof['verdict'], string>> = { proven: '✅ proven', failed: '❌ failed', incomplete: '⚠️ incomplete' };

function facts({ storage, proofKey, proof, kept }: DrillResult): string[] {
  const rows = [
    ['Drilled', time(proof.at)],
    ['Store', code(storage)],
    ['Proof', code(proofKey)],
    [
      'Scratch',
      `${proof.scratch.kind === 'cluster' ? 'a throwaway Postgres' : 'a throwaway database on Postgres'} ${prose(proof.scratch.serverVersion)}`,
    ],
    ...(proof.scratch.localeInstead === undefined ? [] : [['Locale', `${prose(proof.scratch.localeInstead)} instead of the source's`]]),
    ['Stored', bytes(proof.storedBytes)],
    ['Restored', bytes(proof.restoredBytes)],
    ...proof.verification.phases.map((phase) => [`Verification: ${prose(phase.name)}`, seconds(phase.seconds)]),
    ...(kept === null ? [] : [['Kept', code(kept)]]),
  ];
  return tableOf([{ title: '' }, { title: '' }], rows);
}
