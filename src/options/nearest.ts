import { closest, distance } from 'fastest-levenshtein';

/** The known word that was probably meant; `null` when none is like it. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const found = closest(word, known);
  return distance(word, found) <= Math.max(2, Math.ceil(word.length * 0.4)) ? found : null;
}

/** `: did you mean --storage?`, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const found = nearest(word, known);
  return found === null ? '' : `: did you mean ${found}?`;
}
