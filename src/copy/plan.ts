import { isRecord, MANIFEST_NAME } from '../format/layout.ts';

/** A folder with the id of a backup, as a store lists it. */
export interface ListedFolder {
  readonly id: string;
  /** Bytes of each object, by its name in the folder. */
  readonly objects: ReadonlyMap<string, number>;
}

export type CopyTask =
  /** The other store has no manifest of it. `bytes`: of all that lies there. */
  | { readonly kind: 'whole'; readonly id: string; readonly bytes: number }
  /** It is there, but not all of it: a proof came later, say, or a part is gone. */
  | { readonly kind: 'beside'; readonly id: string; readonly missing: readonly string[]; readonly bytes: number }
  | { readonly kind: 'there'; readonly id: string }
  /** Its manifest there is another one. */
  | { readonly kind: 'differs'; readonly id: string };

export interface CopyWish {
  /** Only this backup. */
  readonly backup?: string;
  /** Only backups whose id is not below this: ids sort by time. */
  readonly notBefore?: string;
}

/** What a store lacks of another's backups, newest first; a folder without a manifest is no backup. Pure. */
export function planCopies(
  source: readonly ListedFolder[],
  destination: readonly ListedFolder[],
  { backup, notBefore = '' }: CopyWish = {},
): CopyTask[] {
  const there = new Map(destination.map(({ id, objects }) => [id, objects]));
  return source
    .filter(({ id, objects }) => objects.has(MANIFEST_NAME) && id >= notBefore && (backup === undefined || id === backup))
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .map(({ id, objects }) => taskFor(id, objects, there.get(id) ?? new Map()));
}

function taskFor(id: string, source: ReadonlyMap<string, number>, there: ReadonlyMap<string, number>): CopyTask {
  if (!there.has(MANIFEST_NAME)) return { kind: 'whole', id, bytes: sum([...source.values()]) };
  if (there.get(MANIFEST_NAME) !== source.get(MANIFEST_NAME)) return { kind: 'differs', id };
  // a proof is never written twice: one of another size is for whoever compares them
  const missing = [...source.keys()].filter((name) => !there.has(name) || (!isRecord(name) && there.get(name) !== source.get(name)));
  if (missing.length === 0) return { kind: 'there', id };
  return { kind: 'beside', id, missing, bytes: sum(missing.map((name) => source.get(name) ?? 0)) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
