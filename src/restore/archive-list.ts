import type { Manifest, ManifestPart } from '../format/manifest.ts';

/** One line of `pg_restore --list`: `dumpId; classId oid KIND schema tag owner`. */
export interface ArchiveEntry {
  readonly line: string;
  /** `KIND schema tag owner`; the tag starts with the table's name for what belongs to a table. */
  readonly text: string;
}

/** Reads the text of `pg_restore --list`, without its comments. */
export function parseArchiveList(list: string): ArchiveEntry[] {
  return list.split('\n').flatMap((line) => {
    const text = /^\d+; \d+ \d+ (.*)$/.exec(line)?.[1];
    return text === undefined ? [] : [{ line, text }];
  });
}

/** Entries of one kind that belong to one object. */
export function entryStart(kind: string, object: { readonly schema: string; readonly name: string }): string {
  return `${kind} ${oneLine(object.schema)} ${oneLine(object.name)} `;
}

export function entriesStarting(entries: readonly ArchiveEntry[], starts: readonly string[]): ArchiveEntry[] {
  return entries.filter(({ text }) => starts.some((start) => text.startsWith(start)));
}

/**
 * Indexes and keys of the tables of one part. A table whose rows may come from other parts as well is left out, since its part alone does
 * not fill it.
 */
export function indexEntries(entries: readonly ArchiveEntry[], part: ManifestPart, manifest: Manifest): ArchiveEntry[] {
  const tables = manifest.tables.filter((table) => table.part === part.name && table.movesWithin === undefined);
  const filled = new Set(tables.map((table) => JSON.stringify([table.schema, table.name])));
  const indexes = manifest.indexes.filter((index) => filled.has(JSON.stringify([index.schema, index.table])));
  return entriesStarting(entries, [...tables.map((table) => entryStart('CONSTRAINT', table)), ...indexes.map((index) => entryStart('INDEX', index))]);
}

/** pg_restore prints a name's line breaks as spaces (sanitize_line in src/bin/pg_dump/dumputils.c). */
function oneLine(name: string): string {
  return name.replaceAll(/[\r\n]/g, ' ');
}
