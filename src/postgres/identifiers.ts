/** `we"ird` as `"we""ird"`: safe in SQL, and an exact match as a pg_dump pattern. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`, the same text for SQL and for pg_dump's patterns. */
export function qualifiedName(object: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(object.schema)}.${quoteIdentifier(object.name)}`;
}

export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** For people: quotes only where SQL would need them. */
export function displayName(object: { readonly schema: string; readonly name: string }): string {
  const display = (part: string) => (/^[a-z_][a-z0-9_$]*$/.test(part) ? part : quoteIdentifier(part));
  return `${display(object.schema)}.${display(object.name)}`;
}
