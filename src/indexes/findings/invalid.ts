import { qualifiedName } from '../../postgres/identifiers.ts';
import { bytes } from '../../report/format.ts';
import type { IndexFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import { aboutIndex, dropSql, sizesOf, tableName } from './common.ts';
import type { Facts } from './facts.ts';

/** What REINDEX CONCURRENTLY names the index that it builds, and the one that it is about to drop. */
const LEFTOVER = /_cc(?:new|old)\d*$/;

/** Indexes that no query uses and that every write keeps up, because their building or dropping broke off. Not while one is being built. */
export function findInvalid({ indexes, server }: Facts): IndexFinding[] {
  const building = new Set(server.building);
  const sizeOf = sizesOf(indexes);
  return indexes
    .filter((index) => !(index.valid && index.ready && index.live) && !building.has(index.tableOid))
    .map((index) => {
      if (index.partitioned) return unattached(index);
      return LEFTOVER.test(index.name) ? leftover(index, sizeOf(index)) : invalid(index, sizeOf(index));
    });
}

function leftover(index: IndexFacts, size: number): IndexFinding {
  const original = index.name.replace(LEFTOVER, '');
  return aboutIndex(index, {
    kind: 'leftover',
    level: 'warn',
    evidence: [
      `A REINDEX CONCURRENTLY of ${original} on ${tableName(index)} broke off and left it: ${bytes(size)}${costs(index)}.`,
      'No index is being built or dropped on that table now.',
      ...(index.constraint === null ? [] : [`The constraint ${index.constraint.name} hangs on it: look before dropping anything.`]),
    ],
    sizeAtStake: size,
    remedySql: index.constraint === null ? dropSql(index) : null,
  });
}

function invalid(index: IndexFacts, size: number): IndexFinding {
  const definition = index.definition === null ? '' : ` It is ${index.definition}.`;
  return aboutIndex(index, {
    kind: 'invalid',
    level: 'warn',
    evidence: [
      `No query uses it, because its building broke off: ${bytes(size)} on ${tableName(index)}${costs(index)}.${definition}`,
      ...(index.unique ? ['It is unique, and what it stands for is not enforced: duplicates may be why its building failed.'] : []),
      'No index is being built or dropped on that table now.',
    ],
    sizeAtStake: size,
    remedySql: `-- build it anew\nREINDEX INDEX CONCURRENTLY ${qualifiedName(index)};\n-- or do without it\n${dropSql(index)}`,
  });
}

function unattached(index: IndexFacts): IndexFinding {
  return aboutIndex(index, {
    kind: 'invalid',
    level: 'warn',
    evidence: [
      `It is the index of a partitioned table (${tableName(index)}), and not every partition has one that is attached to it.`,
      'Create the missing ones on the partitions and attach them with ALTER INDEX … ATTACH PARTITION.',
    ],
  });
}

function costs({ ready }: IndexFacts): string {
  return ready ? ', and every write to the table keeps it up' : '';
}
