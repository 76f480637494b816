import { LifeboatError } from '../errors.ts';
import type { Manifest, ManifestPart } from '../format/manifest.ts';
import { displayName } from '../postgres/identifiers.ts';
import { type ArchiveEntry, entriesStarting, entryStart } from './archive-list.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** The tables that `--table` names, with the sequences that belong to them. */
export interface TableChoice {
  readonly tables: readonly Manifest['tables'][number][];
  readonly sequences: readonly TableName[];
}

/**
 * Finds tables by the names that a person gives: `orders` (when one schema has it), `shop.orders`, `"Odd.Name"`.
 * @throws LifeboatError `unknown-table`, with the nearest names
 */
export function chooseTables(manifest: Manifest, names: readonly string[]): TableChoice {
  const tables = names.map((name) => {
    const wanted = parseName(name);
    const found = manifest.tables.filter((table) => table.name === wanted.at(-1) && (wanted.length === 1 || table.schema === wanted[0]));
    if (found.length === 1) return found[0] as Manifest['tables'][number];
    const candidates = found.length > 1 ? found : manifest.tables.filter((table) => table.name.includes(wanted.at(-1) as string)).slice(0, 5);
    throw new LifeboatError(
      'unknown-table',
      found.length > 1 ? `${name} is in more than one schema of this backup.` : `This backup holds no rows of a table ${name}.`,
      candidates.length > 0 ? `Name one of ${candidates.map(displayName).join(', ')}.` : 'lifeboat show lists the tables of a backup.',
      { details: { table: name } },
    );
  });
  const chosen = new Set(tables.map(key));
  const sequences = manifest.sequences.filter((sequence) => sequence.ownedBy !== null && chosen.has(key(sequence.ownedBy)));
  return { tables, sequences };
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

/** What of a table comes back with it. Foreign keys, triggers and policies need other objects, and do not. */
const ENTRIES_OF_A_TABLE = ['TABLE', 'DEFAULT', 'CHECK CONSTRAINT', 'CONSTRAINT', 'SEQUENCE OWNED BY'];
const SEQUENCE_ENTRIES = ['SEQUENCE', 'SEQUENCE OWNED BY'];

/** Of an archive's entries, those of the chosen tables: definition, defaults, sequences, keys and indexes. */
export function chooseEntries(entries: readonly ArchiveEntry[], choice: TableChoice, manifest: Manifest): ArchiveEntry[] {
  const chosen = new Set(choice.tables.map(key));
  const indexes = manifest.indexes.filter((index) => chosen.has(key({ schema: index.schema, name: index.table })));
  return entriesStarting(entries, [
    ...choice.tables.flatMap((table) => ENTRIES_OF_A_TABLE.map((kind) => entryStart(kind, table))),
    ...choice.sequences.flatMap((sequence) => SEQUENCE_ENTRIES.map((kind) => entryStart(kind, sequence))),
    ...indexes.map((index) => entryStart('INDEX', index)),
  ]);
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
