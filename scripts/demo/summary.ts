import type { BackupResult } from '../../src/backup/backup.ts';
import type { DrillResult } from '../../src/drill/drill.ts';
import type { IndexOutcome } from '../../src/indexes/repair/outcome.ts';
import type { IndexEntry } from '../../src/indexes/report.ts';
import { displayName } from '../../src/postgres/identifiers.ts';
import type { PreflightResult } from '../../src/preflight/preflight.ts';
import { bytes, count, counted, ratio, seconds } from '../../src/report/format.ts';
import type { Style } from '../../src/report/terminal/style.ts';
import { table } from '../../src/report/terminal/table.ts';
import type { Damage } from './damage.ts';
import type { Writes } from './writer.ts';

export interface Story {
  readonly serverVersion: string;
  readonly databaseBytes: number;
  readonly preflight: PreflightResult;
  readonly backup: BackupResult;
  /** While the backup ran. */
  readonly writes: Writes;
  readonly drill: DrillResult;
  /** The index that the shop churned. */
  readonly bloated: IndexEntry;
  /** The same index, rebuilt. */
  readonly rebuilt: IndexOutcome;
  readonly damage: Damage;
  readonly damagedDrill: DrillResult;
  readonly seconds: number;
}

/** The end of the demo: what happened, in numbers. */
export function summary(story: Story, style: Style): string {
  const { backup, writes, damage } = story;
  const { proof } = story.drill;
  const passed = proof.checks.filter((check) => check.verdict === 'pass').length;
  const phases = proof.rto.phases.map((phase) => `${phase.name} ${seconds(phase.seconds)}`).join(', ');
  const rows = [
    ['production', `Postgres ${story.serverVersion}, ${bytes(story.databaseBytes)}, ${counted(backup.tables, 'table')}`],
    [
      'preflight',
      `${counted(story.preflight.checks.length, 'check')}, ${counted(story.preflight.checks.filter((check) => check.verdict === 'fail').length, 'failure')}`,
    ],
    [
      'backup',
      `${bytes(backup.plainBytes)} dumped, ${bytes(backup.bytes)} stored (${ratio(backup.plainBytes, backup.bytes)}), ${seconds(backup.seconds.total)}`,
    ],
    ['written meanwhile', `${counted(writes.inserts, 'insert')}, ${counted(writes.updates, 'update')}, ${counted(writes.deletes, 'delete')}`],
    ['proven', `${counted(proof.rows, 'row')} by count and checksum; ${passed} of ${counted(proof.checks.length, 'check')} passed`],
    ['RTO', `${seconds(proof.rto.seconds)}: ${phases}`],
    ['verification', `${seconds(proof.verification.seconds)}, which a recovery would not wait for`],
    ['RPO', seconds(proof.rpo.seconds)],
    ['bloated index', bloatOf(story.bloated)],
    ['rebuilt', rebuiltOf(story.rebuilt)],
    ['damaged copy', `byte ${count(damage.offset)} of ${damage.part} flipped: ${story.damagedDrill.proof.verdict}, and the part named`],
    ['all of it', seconds(story.seconds)],
  ];
  return table([{ title: 'WHAT' }, { title: 'HOW MUCH' }], rows, style).join('\n');
}

function bloatOf({ schema, name, bloat }: IndexEntry): string {
  if (bloat === null) return '–';
  return `${displayName({ schema, name })}: ${bytes(bloat.bytes)} live, ${bytes(bloat.rebuiltBytes)} rebuilt (${ratio(bloat.bytes, bloat.rebuiltBytes)}), ${bloat.method}`;
}

function rebuiltOf({ bytesAfter, bytesBefore, gainedBytes, predictedBytes, seconds: taken }: IndexOutcome): string {
  const off = Math.abs((bytesAfter ?? 0) / (predictedBytes ?? 1) - 1) * 100;
  return `${bytes(bytesBefore ?? 0)} to ${bytes(bytesAfter ?? 0)}, ${off.toFixed(1)} % off the prediction, ${bytes(gainedBytes ?? 0)} gained in ${seconds(taken ?? 0)}`;
}
