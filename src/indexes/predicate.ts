/** Whether a predicate, as pg_get_expr prints it, says of some of these columns that they are not NULL, and nothing else. Pure. */
export function isOnlyNotNull(predicate: string, columns: readonly string[]): boolean {
  // a keyword stands in quotes as a capital letter does
  const harmless = new Set(columns.flatMap((name) => [`(${name} IS NOT NULL)`, `("${name.replaceAll('"', '""')}" IS NOT NULL)`]));
  const terms = predicate.replace(/^\((\(.*\))\)$/s, '$1').split(' AND ');
  return terms.every((term) => harmless.has(term));
}
