import { type Fact, readFacts } from './facts.ts';
import { readSchemaText } from './schema-text.ts';
import type { Connection } from './stock-client.ts';

export { restoreByHand } from './restore-by-hand.ts';

export interface Difference {
  /** `rows`, `sequence`, `large object`, `index`, …, or the type of an archive entry: `TABLE`, `ACL`, `COMMENT`. */
  readonly kind: string;
  readonly object: string;
  /** One sentence for a person. */
  readonly message: string;
}

/**
 * Whether two databases hold the same: rows, sequences, large objects, and the schema as pg_dump prints it.
 * An oracle for tests, written without any of the engine's inventory or checksum code. Empty when they are equal.
 *
 * Not a difference: the order of columns, and rows of a table hash-partitioned by an enum that moved to another of its partitions.
 * A restore does both. Not compared: what belongs to the whole database or cluster (its ACL, its settings, roles).
 * @param bindir folder of psql and pg_dump, at least as new as the newer server
 */
export async function compareDatabases(bindir: string, source: Connection, restored: Connection): Promise<Difference[]> {
  const [sourceFacts, restoredFacts, sourceSchema, restoredSchema] = await Promise.all([
    readFacts(bindir, source),
    readFacts(bindir, restored),
    readSchemaText(bindir, source),
    readSchemaText(bindir, restored),
  ]);
  return [...differencesOf(sourceFacts, restoredFacts), ...differencesOf(sourceSchema, restoredSchema)];
}

function differencesOf(source: ReadonlyMap<string, Fact>, restored: ReadonlyMap<string, Fact>): Difference[] {
  const differences: Difference[] = [];
  for (const [key, { kind, object, value }] of source) {
    const other = restored.get(key);
    if (other === undefined) differences.push({ kind, object, message: `${kind} ${object} is missing from the restored database.` });
    else if (other.value !== value) {
      differences.push({ kind, object, message: `${kind} ${object} differs: ${firstChange(value, other.value)}` });
    }
  }
  for (const [key, { kind, object }] of restored) {
    if (!source.has(key)) differences.push({ kind, object, message: `${kind} ${object} is only in the restored database.` });
  }
  return differences;
}

function firstChange(source: string, restored: string): string {
  const before = source.split('\n');
  const after = restored.split('\n');
  const line = before.findIndex((text, index) => text !== after[index]);
  const at = line === -1 ? before.length : line;
  return `${JSON.stringify(before[at] ?? '(end)')} became ${JSON.stringify(after[at] ?? '(end)')}.`;
}
