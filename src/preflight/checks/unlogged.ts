import { counted } from '../../report/format.ts';
import { type Judgement, only, pass, warn } from '../judgement.ts';

export function judgeUnlogged(tables: readonly string[], standby: boolean): Judgement {
  if (tables.length === 0) return pass('There is no unlogged table.');
  const there = counted(tables.length, 'unlogged table');
  if (standby) {
    return only(
      warn(
        `${there}, which a standby cannot read: a backup from it holds none of their rows.`,
        'Back up from the primary, or ALTER TABLE … SET LOGGED on those that matter.',
        tables,
      ),
    );
  }
  return only(
    warn(
      `${there}: dumped, but emptied by a crash, so the next backup may hold none of their rows.`,
      'ALTER TABLE … SET LOGGED on those that matter.',
      tables,
    ),
  );
}
