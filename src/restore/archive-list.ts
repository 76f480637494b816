import type { Manifest, ManifestPart } from '../format/manifest.ts';

/** One entry of an archive's table of contents. */
export interface ArchiveEntry {
  /** Its number in this archive. */
  readonly id: number;
  /** The object's OID in the source. */
  readonly oid: number;
  readonly kind: string;
  /** Numbers of the entries that it needs. */
  readonly needs: readonly number[];
  /** The line that pg_restore --use-list takes. */
  readonly line: string;
}

/** Kinds that are looked for; the longest that fits is an entry's kind, and any other has its first word. */
const KINDS = [
  ...['TABLE ATTACH', 'TABLE DATA', 'TABLE', 'INDEX ATTACH', 'INDEX', 'SEQUENCE OWNED BY', 'SEQUENCE SET', 'SEQUENCE'],
  ...['CHECK CONSTRAINT', 'FK CONSTRAINT', 'CONSTRAINT', 'DEFAULT'],
];
/** Of the archive itself, not of an object in it. */
const NOT_AN_OBJECT = ['ENCODING', 'STDSTRINGS', 'SEARCHPATH', 'DATABASE'];

/** Reads the text of `pg_restore --list --verbose`: lines `id; classId oid KIND schema tag owner`, each perhaps with `; depends on: id …` below. */
export function parseArchiveList(list: string): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  for (const line of list.split('\n')) {
    const [, id, oid, text] = /^(\d+); \d+ (\d+) (.*)$/.exec(line) ?? [];
    const needs = /^;\s+depends on: ([\d ]+)$/.exec(line)?.[1];
    const last = entries.at(-1);
    if (needs !== undefined && last !== undefined) entries[entries.length - 1] = { ...last, needs: needs.split(' ').map(Number) };
    else if (id !== undefined && text !== undefined) entries.push({ id: Number(id), oid: Number(oid), kind: kindOf(text), needs: [], line });
  }
  return entries.filter((entry) => !NOT_AN_OBJECT.includes(entry.kind));
}

/**
 * Indexes and keys of the tables of one part. A table whose rows may come from other parts as well is left out, since its part alone does
 * not fill it.
 */
export function indexEntries(entries: readonly ArchiveEntry[], part: ManifestPart, manifest: Manifest): ArchiveEntry[] {
  const tables = manifest.tables.filter((table) => table.part === part.name && table.movesWithin === undefined);
  const filled = new Set(tables.map((table) => table.oid));
  const ids = new Set(entries.filter((entry) => entry.kind === 'TABLE' && filled.has(entry.oid)).map((entry) => entry.id));
  return entries.filter((entry) => (entry.kind === 'INDEX' || entry.kind === 'CONSTRAINT') && entry.needs.some((id) => ids.has(id)));
}

/** Entries in the order of their restoration: those of the middle one by one, the others side by side. */
export interface PostDataSteps {
  readonly before: readonly ArchiveEntry[];
  readonly attachments: readonly ArchiveEntry[];
  readonly after: readonly ArchiveEntry[];
}

/**
 * Keeps the attaching of indexes to partitioned ones out of pg_restore's parallel run. Two sessions that attach within one hierarchy at the
 * same time may not see each other: they deadlock, or leave the parent invalid although all of its partitions are attached. Seen on
 * Postgres 15 and 18, in about 2 of 100 trials with four sessions.
 */
export function postDataSteps(entries: readonly ArchiveEntry[]): PostDataSteps {
  const attachments = entries.filter((entry) => entry.kind === 'INDEX ATTACH');
  const late = new Set(attachments.map((entry) => entry.id));
  for (let size = -1; size !== late.size; ) {
    size = late.size;
    for (const entry of entries) if (entry.needs.some((id) => late.has(id))) late.add(entry.id);
  }
  return {
    before: entries.filter((entry) => !late.has(entry.id)),
    attachments,
    after: entries.filter((entry) => late.has(entry.id) && entry.kind !== 'INDEX ATTACH'),
  };
}

/** What comes back with the tables that it needs. Foreign keys, triggers and policies need other objects. */
const BELONGS_TO_A_TABLE = ['DEFAULT', 'CHECK CONSTRAINT', 'CONSTRAINT', 'INDEX', 'SEQUENCE', 'SEQUENCE OWNED BY'];
/** Ties two of the chosen together. */
const TIES = ['TABLE ATTACH', 'INDEX ATTACH'];

export interface ChosenEntries {
  /** Schemas, types, functions and whatever else must be there before, and often is. */
  readonly prerequisites: readonly ArchiveEntry[];
  /** The tables with their defaults, sequences, keys and indexes. */
  readonly chosen: readonly ArchiveEntry[];
}

/**
 * Of an archive's entries, those of the tables with these OIDs, and what they need.
 * @param notNeeded OIDs of tables that are named as needed, but are not: a partition's parents, when it is restored by itself
 */
export function chooseEntries(entries: readonly ArchiveEntry[], oids: ReadonlySet<number>, notNeeded: ReadonlySet<number>): ChosenEntries {
  const byId = new Map(entries.map((entry) => [entry.id, entry]));
  const chosen = new Set(entries.filter((entry) => entry.kind === 'TABLE' && oids.has(entry.oid)).map((entry) => entry.id));
  const ownersOf = (entry: ArchiveEntry) => {
    const owner = entry.kind === 'SEQUENCE OWNED BY' ? 'SEQUENCE' : 'TABLE';
    return entry.needs.filter((id) => byId.get(id)?.kind === owner);
  };
  for (let before = -1; before !== chosen.size; ) {
    before = chosen.size;
    for (const entry of entries) {
      const owners = ownersOf(entry);
      if (BELONGS_TO_A_TABLE.includes(entry.kind) && owners.length > 0 && owners.every((id) => chosen.has(id))) chosen.add(entry.id);
      if (TIES.includes(entry.kind) && entry.needs.length > 0 && entry.needs.every((id) => chosen.has(id))) chosen.add(entry.id);
    }
  }
  const needed = new Set<number>();
  const need = (entry: ArchiveEntry) => {
    for (const id of entry.needs) {
      const other = byId.get(id);
      if (other === undefined || needed.has(id) || chosen.has(id) || isPostData(other) || notNeeded.has(other.oid)) continue;
      needed.add(id);
      need(other);
    }
  };
  for (const entry of entries) if (chosen.has(entry.id) && !isPostData(entry)) need(entry);
  return {
    prerequisites: entries.filter((entry) => needed.has(entry.id)),
    chosen: entries.filter((entry) => chosen.has(entry.id)),
  };
}

function isPostData(entry: ArchiveEntry): boolean {
  return ['CONSTRAINT', 'INDEX', 'INDEX ATTACH', 'FK CONSTRAINT'].includes(entry.kind);
}

function kindOf(text: string): string {
  return KINDS.find((kind) => text.startsWith(`${kind} `)) ?? (text.split(' ', 1)[0] as string);
}
