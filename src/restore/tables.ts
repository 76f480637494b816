import { distance } from 'fastest-levenshtein';
import { LifeboatError } from '../errors.ts';
import type { Manifest, ManifestPart, ManifestTable } from '../format/manifest.ts';
import { displayName } from '../postgres/identifiers.ts';
import { type ArchiveEntry, type ChosenEntries, chooseEntries } from './archive-list.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** The tables that `--table` names, with the sequences that belong to them. */
export interface TableChoice {
  /** Those that hold rows: a partitioned table's partitions stand for it. */
  readonly tables: readonly ManifestTable[];
  /** Partitioned tables that come back with all their partitions. */
  readonly parents: readonly NonNullable<ManifestTable['ancestors']>[number][];
  readonly sequences: readonly TableName[];
}

/**
 * Finds tables by the names that a person gives: `orders` (when one schema has it), `shop.orders`, `"Odd.Name"`. A partitioned table
 * means all of its partitions.
 * @throws LifeboatError `unknown-table`, with the nearest names
 */
export function chooseTables(manifest: Manifest, names: readonly string[]): TableChoice {
  const tables = new Map<number, ManifestTable>();
  const parents = new Map<number, TableChoice['parents'][number]>();
  for (const name of names) {
    const { table, parent } = findOne(manifest, name);
    if (table !== undefined) tables.set(table.oid, table);
    for (const leaf of parent === undefined ? [] : manifest.tables) {
      const depth = leaf.ancestors?.findIndex((ancestor) => ancestor.oid === parent?.oid) ?? -1;
      if (depth < 0) continue;
      tables.set(leaf.oid, leaf);
      for (const ancestor of leaf.ancestors?.slice(0, depth + 1) ?? []) parents.set(ancestor.oid, ancestor);
    }
  }
  const chosen = new Set([...tables.values(), ...parents.values()].map(key));
  const sequences = manifest.sequences.filter((sequence) => sequence.ownedBy !== null && chosen.has(key(sequence.ownedBy)));
  return { tables: [...tables.values()], parents: [...parents.values()], sequences };
}

function findOne(manifest: Manifest, name: string): { table?: ManifestTable; parent?: TableChoice['parents'][number] } {
  const wanted = parseName(name);
  const isWanted = (table: TableName) => table.name === wanted.at(-1) && (wanted.length === 1 || table.schema === wanted[0]);
  const ancestors = new Map(manifest.tables.flatMap((table) => (table.ancestors ?? []).map((ancestor) => [ancestor.oid, ancestor])));
  const found = manifest.tables.filter(isWanted);
  const partitioned = [...ancestors.values()].filter(isWanted);
  if (found.length + partitioned.length === 1)
    return found[0] === undefined ? { parent: partitioned[0] as TableChoice['parents'][number] } : { table: found[0] };
  const ambiguous = found.length + partitioned.length > 1;
  const candidates: TableName[] = ambiguous
    ? [...found, ...partitioned]
    : nearest(wanted.at(-1) as string, [...ancestors.values(), ...manifest.tables]);
  throw new LifeboatError(
    'unknown-table',
    ambiguous ? `${name} is in more than one schema of this backup.` : `This backup holds no rows of a table ${name}.`,
    candidates.length > 0 ? `Name one of ${candidates.map(displayName).join(', ')}.` : 'lifeboat show lists the tables of a backup.',
    { details: { table: name } },
  );
}

/** Tables of much the same name: one within the other, or a few letters away. */
function nearest(name: string, tables: readonly TableName[]): TableName[] {
  const away = (table: TableName) => (table.name.includes(name) || name.includes(table.name) ? 0 : distance(table.name, name));
  return tables
    .map((table) => ({ table, away: away(table) }))
    .filter((candidate) => candidate.away <= Math.max(2, name.length / 3))
    .sort((a, b) => a.away - b.away)
    .slice(0, 5)
    .map(({ table }) => table);
}

/** pg_restore's arguments for one data part, a run for each: its -n and -t multiply, so that two schemas need two runs. */
export function dataArguments(choice: TableChoice, part: ManifestPart): string[][] {
  const here = choice.tables.filter((table) => table.part === part.name);
  const schemas = [...new Set(here.map((table) => table.schema))];
  return schemas.map((schema) => [
    `--schema=${schema}`,
    ...here.filter((table) => table.schema === schema).map((table) => `--table=${table.name}`),
    ...choice.sequences.filter((sequence) => sequence.schema === schema).map((sequence) => `--table=${sequence.name}`),
  ]);
}

/** What the choice means for the schema archive. */
export function schemaEntries(entries: readonly ArchiveEntry[], choice: TableChoice): ChosenEntries {
  const oids = new Set([...choice.tables, ...choice.parents].map((table) => table.oid));
  return chooseEntries(entries, oids, new Set(choice.tables.flatMap((table) => table.ancestors ?? []).map((ancestor) => ancestor.oid)));
}

function key(table: TableName): string {
  return JSON.stringify([table.schema, table.name]);
}

function parseName(name: string): string[] {
  const parts: string[] = [];
  for (const [, quoted, plain] of name.matchAll(/"((?:[^"]|"")*)"|([^."]+)/g))
    parts.push(quoted?.replaceAll('""', '"') ?? (plain as string).toLowerCase());
  return parts.slice(-2);
}
