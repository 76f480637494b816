import { displayName } from '../../postgres/identifiers.ts';
import { count } from '../../report/format.ts';
import type { AgeFacts } from '../facts.ts';
import type { IndexFinding, Level } from '../finding.ts';
import { about } from './common.ts';
import type { Facts } from './facts.ts';

/** Postgres takes no more transactions when so many are left: src/backend/access/transam/varsup.c, SetTransactionIdLimit. */
const LIMIT = 2 ** 31 - 3_000_000;
const ACT = 0.75;
/** Autovacuum begins at its maximum age, and has to have some time to end. */
const OVERDUE = 1.5;

/** Databases whose oldest unfrozen transaction nears the point where Postgres stops taking writes. All of a server stop together. */
export function findAges({ ages, thresholds }: Facts): IndexFinding[] {
  return ages.flatMap((age) => [
    ...findingsOf(age, 'transaction', age.xids, age.freezeMaxAge, thresholds.ageUsed),
    ...findingsOf(age, 'multixact', age.multixacts, age.multixactFreezeMaxAge, thresholds.ageUsed),
  ]);
}

function findingsOf(age: AgeFacts, what: 'transaction' | 'multixact', value: number, maxAge: number, warnAt: number): IndexFinding[] {
  const fraction = value / LIMIT;
  const isOverdue = value > maxAge * OVERDUE;
  if (fraction < warnAt && !isOverdue) return [];
  const level: Level = fraction >= Math.max(ACT, warnAt) ? 'act' : 'warn';
  const held = age.oldest.map((table) => `${displayName(table)} (${count(what === 'transaction' ? table.xids : table.multixacts)})`);
  return [
    about(`${age.database}: oldest ${what}`, {
      kind: 'age',
      level,
      used: fraction,
      evidence: [
        `The oldest unfrozen ${what} is ${count(value)} old, ${(fraction * 100).toFixed(1)} % of what Postgres allows before it stops taking writes.`,
        `Autovacuum begins to freeze at ${count(maxAge)}${isOverdue ? ', and is far behind that: look for old transactions, prepared transactions and replication slots that hold it back' : ''}.`,
        ...(held.length > 0 ? [`The oldest tables: ${held.join(', ')}.`] : []),
      ],
      remedySql: age.own && age.oldest[0] !== undefined ? '-- reads every table that is not frozen yet\nVACUUM (FREEZE);' : null,
    }),
  ];
}
