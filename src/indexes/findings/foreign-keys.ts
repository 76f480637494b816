import { displayName, qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts';
import { bytes, count, counted } from '../../report/format.ts';
import type { ForeignKeyFacts, IndexFacts, TableFacts } from '../facts.ts';
import type { IndexFinding } from '../finding.ts';
import { about } from './common.ts';
import { coversForeignKey, helpsForeignKey } from './coverage.ts';
import type { Facts } from './facts.ts';

/** Foreign keys whose referencing rows can only be found by reading the whole table, whenever a referenced row is deleted or its key changes. */
export function findForeignKeys(facts: Facts): IndexFinding[] {
  const { foreignKeys, indexes, tables } = facts;
  const byTable = Map.groupBy(indexes, ({ tableOid }) => tableOid);
  // a predicate that nobody could read may leave out nothing that matters
  const mayCover = (index: IndexFacts, key: ForeignKeyFacts) =>
    coversForeignKey(index.predicate === '?' ? { ...index, predicate: null } : index, key);
  const bare = foreignKeys.filter((key) => tables.has(key.tableOid) && !byTable.get(key.tableOid)?.some((index) => mayCover(index, key)));
  return [...Map.groupBy(bare, (key) => nameOf(key, tables)).entries()].flatMap(([object, keys]) => {
    const finding = findingOf(object, keys, facts);
    return finding === null ? [] : [finding];
  });
}

function findingOf(object: string, keys: readonly ForeignKeyFacts[], { tables, thresholds, indexes }: Facts): IndexFinding | null {
  const [key] = keys;
  const own = keys.map(({ tableOid }) => tables.get(tableOid)).filter((table) => table !== undefined);
  if (key === undefined || own[0] === undefined) return null;
  const size = own.reduce((sum, table) => sum + table.bytes, 0);
  const referenced = tables.get(key.referencedOid);
  const changes = (referenced?.deleted ?? 0) + (referenced?.updated ?? 0);
  const table = key.inheritedFrom ?? own[0];
  const helper = indexes.find((index) => helpsForeignKey(index, key));
  const columns = key.columns.map(quoteIdentifier).join(', ');
  return about(object, {
    kind: 'foreign-key',
    level: size >= thresholds.minTable && changes > 0 && helper === undefined ? 'warn' : 'info',
    evidence: [
      `No index of ${displayName(table)} begins with ${key.columns.join(', ')}${keys.length > 1 ? ` on ${counted(keys.length, 'partition')}` : ''}.`,
      `To delete a row of ${displayName({ schema: key.referencedSchema, name: key.referencedTable })} (on delete ${key.onDelete}) means to ${
        helper === undefined ? `read all ${bytes(size)} of it` : `look through whatever ${displayName(helper)} finds by some of the columns`
      }.`,
      referenced === undefined
        ? 'How often referenced rows change is not known.'
        : `Of the referenced table ${count(referenced.deleted)} rows were deleted and ${count(referenced.updated)} updated since the counters' reset.`,
    ],
    sizeAtStake: size,
    confidence: helper !== undefined ? 'low' : changes > 0 ? 'high' : 'medium',
    // an index cannot be made concurrently on a partitioned table
    remedySql:
      key.inheritedFrom === null
        ? `CREATE INDEX CONCURRENTLY ON ${qualifiedName(table)} (${columns});`
        : own.map((leaf) => `CREATE INDEX CONCURRENTLY ON ${qualifiedName(leaf)} (${columns});`).join('\n'),
  });
}

function nameOf(key: ForeignKeyFacts, tables: ReadonlyMap<number, TableFacts>): string {
  const table = key.inheritedFrom ?? (tables.get(key.tableOid) as TableFacts);
  return `${displayName(table)} ${key.name}`;
}
