import type { Manifest } from '../format/manifest.ts';

/** Extensions that scratch may lack, and what cannot come back without them. Every answer is a reason, or `null` for what has none. */
export interface Allowed {
  readonly extensions: readonly string[];
  /** By identity, as in the manifest's `objects`. */
  object(identity: string): string | null;
  table(table: { readonly schema: string; readonly name: string }): string | null;
  /** An entry of the archive at which pg_restore failed. */
  entry(entry: string | null): string | null;
  /** What pg_restore says of labels whose provider such an extension is. */
  message(message: string): string | null;
}

/** Pure. `absent` are the extensions that the user allowed to be missing and that scratch does not offer. */
export function allowedToMiss(manifest: Manifest, absent: readonly string[]): Allowed {
  const missing = manifest.extensions.filter((extension) => absent.includes(extension.name));
  const reasons = new Map<string, string>();
  for (const extension of missing) {
    const reason = `hangs on the extension ${extension.name}, which scratch does not offer`;
    const own = manifest.tables.filter((table) => table.extension === extension.name).map(({ schema, name }) => `${schema}.${name}`);
    for (const identity of [extension.name, ...own, ...extension.dependents, ...(extension.privileges ?? [])])
      reasons.set(unquoted(identity), reason);
  }
  const object = (identity: string) => reasons.get(unquoted(identity)) ?? null;
  return {
    extensions: missing.map((extension) => extension.name),
    object,
    table: ({ schema, name }) => object(`${schema}.${name}`),
    message(message) {
      const provider = /security label provider "([^"]+)" is not loaded/.exec(message)?.[1];
      return provider === undefined ? null : (reasons.get(provider) ?? null);
    },
    entry(entry) {
      if (entry === null) return null;
      const plain = ` ${unquoted(entry)
        .replaceAll(/\b[A-Z]{2,}\b/g, ' ')
        .replaceAll(/\s+/g, ' ')} `;
      for (const [identity, reason] of reasons) if (plain.includes(` ${asInEntry(identity)}`)) return reason;
      return null;
    },
  };
}

function unquoted(identity: string): string {
  return identity.replaceAll('"', '');
}

/** `public.f(citext)` stands in an archive entry as `public f(…`, `ck on public.t` as `public t ck`. */
function asInEntry(identity: string): string {
  const [, name, table] = /^(\S+) on (.+)$/.exec(identity) ?? [];
  const dotted = table === undefined ? identity.replace(/\(.*$/s, '(') : `${table} ${name}`;
  const spaced = dotted.replace('.', ' ');
  return spaced.endsWith('(') ? spaced : `${spaced} `;
}
