import type { ManifestIndex } from '../format/manifest.ts';
import type { Proof } from '../format/proof.ts';
import { displayName } from '../postgres/identifiers.ts';

/** What a proof keeps of the indexes that its drill built: the one place where their names are written. Pure. */
export function freshIndexes(source: readonly ManifestIndex[], restored: readonly ManifestIndex[]): Proof['indexes'] {
  const definitions = new Map(source.map((index) => [displayName(index), index.definition]));
  return restored.map((index) => {
    const { schema, name, bytes, pages, tuples } = index;
    return { schema, name, bytes, pages, tuples, asDefined: index.valid && definitions.get(displayName(index)) === index.definition };
  });
}
