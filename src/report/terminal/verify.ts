import type { VerifyResult } from '../../verify/verify.ts';
import type { VerifiedBackup } from '../../verify/verify-backup.ts';
import { bytes, count, counted, rate, visible } from '../format.ts';
import { verifyHeadline } from '../headline.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

const MOST_ROWS = 200;

/** Every backup with its verdict, then what was found and what nobody looked at. */
export function verifyText(result: VerifyResult, style: Style): string {
  const lines = [(result.ok ? style.good : style.bad)(visible(verifyHeadline(result)))];
  if (result.backups.length === 0) return lines.join('\n');
  const columns = [
    { title: 'DATABASE' },
    { title: 'BACKUP' },
    { title: 'PARTS', align: 'right' },
    { title: 'READ', align: 'right' },
    { title: '' },
  ] as const;
  const rows = result.backups
    .slice(0, MOST_ROWS)
    .map((one) => [visible(one.database), one.id, count(one.parts), bytes(one.bytes), paint(one, style)]);
  lines.push('', ...table(columns, rows, style));
  if (result.backups.length > MOST_ROWS) lines.push(`and ${count(result.backups.length - MOST_ROWS)} more; --json has them all`);
  for (const { id, findings } of result.backups) {
    for (const { object, message } of findings) lines.push(`${style.bad(`${id}:`)} ${visible(`${object}: ${message}`)}`);
  }
  for (const line of unseenLines(result)) lines.push(`${style.doubtful('not examined:')} ${visible(line)}`);
  if (result.bytes > 0) lines.push(`Read at ${rate(result.bytes, result.seconds, 'bytes')}.`);
  return lines.join('\n');
}

/** What nobody looked at, once for each reason. */
export function unseenLines({ backups }: VerifyResult): string[] {
  const reasons = Map.groupBy(
    backups.flatMap(({ id, notExamined }) => notExamined.map(({ object, reason }) => ({ id, object, reason }))),
    ({ reason }) => reason,
  );
  return [...reasons].map(([reason, all]) => {
    const [first] = all;
    const others = all.some(({ object }) => object !== first?.object) ? ` and ${counted(all.length - 1, 'other')}` : '';
    const ids = new Set(all.map(({ id }) => id));
    return `${first?.object}${others} of ${ids.size === 1 ? first?.id : counted(ids.size, 'backup')}: ${reason}`;
  });
}

function paint({ verdict, findings }: VerifiedBackup, style: Style): string {
  if (verdict === 'intact') return style.good('intact');
  if (verdict === 'gone') return style.faint('deleted meanwhile');
  return verdict === 'damaged' ? style.bad(`damaged: ${counted(findings.length, 'finding')}`) : style.bad('not examined');
}
