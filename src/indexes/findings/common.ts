import { displayName, qualifiedName } from '../../postgres/identifiers.ts';
import type { IndexFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import { leavesOf } from './partitions.ts';

type Index = Pick<IndexFacts, 'oid' | 'schema' | 'name'>;

/** A finding about an index that is there; what is not said is nothing, and certain. */
export function aboutIndex(index: Index, finding: Pick<IndexFinding, 'kind' | 'level' | 'evidence'> & Partial<IndexFinding>): IndexFinding {
  const { oid, schema, name } = index;
  return {
    object: displayName(index),
    index: { oid, schema, name },
    sizeAtStake: 0,
    used: null,
    confidence: 'high',
    remedySql: null,
    method: null,
    ...finding,
  };
}

/** The same for anything else. */
export function about(object: string, finding: Pick<IndexFinding, 'kind' | 'level' | 'evidence'> & Partial<IndexFinding>): IndexFinding {
  return { object, index: null, sizeAtStake: 0, used: null, confidence: 'high', remedySql: null, method: null, ...finding };
}

/** The name of an index's table, as people write it. */
export function tableName({ schema, table }: Pick<IndexFacts, 'schema' | 'table'>): string {
  return displayName({ schema, name: table });
}

/** A partitioned index, and what belongs to a constraint, cannot be dropped concurrently. */
export function dropSql(index: Pick<IndexFacts, 'schema' | 'name' | 'table' | 'constraint' | 'partitioned'>): string {
  const { schema, table, constraint, partitioned } = index;
  if (constraint !== null) {
    return `ALTER TABLE ${qualifiedName({ schema, name: table })} DROP CONSTRAINT "${constraint.name.replaceAll('"', '""')}";`;
  }
  return `DROP INDEX ${partitioned ? '' : 'CONCURRENTLY '}${qualifiedName(index)};`;
}

/** What goes with an index beside itself. */
export function clusterNote({ clustered }: Pick<IndexFacts, 'clustered'>): string[] {
  return clustered ? ['The table is clustered by it: CLUSTER without a name needs it.'] : [];
}

/** Bytes of an index, of a partitioned one those of its leaves; by relpages where it could not be read. */
export function sizesOf(indexes: readonly IndexFacts[]): (index: IndexFacts) => number {
  const leaves = leavesOf(indexes);
  return (index) => leaves(index).reduce((sum, { bytes, pages }) => sum + (bytes ?? pages * 8192), 0);
}
