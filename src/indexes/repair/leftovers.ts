/** An index that is not valid, as the catalogue has it. */
export interface InvalidIndex {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly tableOid: number;
  readonly table: string;
  readonly definition: string | null;
  readonly bytes: number | null;
  /** Another session works on it at this moment. */
  readonly busy: boolean;
}

/** An index and how it was when its rebuild began: enough to know again what a rebuild that ended midway has left of it. */
export interface Underway {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly tableOid: number;
  readonly definition: string;
  /** Invalid indexes of its table that were there before: nobody's leftovers, or somebody else's. */
  readonly invalidBefore: readonly number[];
  /** ISO time. */
  readonly at: string;
  /** The server's session that rebuilds it. */
  readonly session: { readonly pid: number; readonly startedAt: string };
}

const SUFFIX = /_cc(new|old)\d*$/;
/** In bytes, without the final zero. */
const LONGEST_NAME = 63;

export interface Named {
  readonly schema: string;
  readonly name: string;
  readonly definition: string;
}

/**
 * What a rebuild that ended midway has left: before the swap its own copy, invalid, named _ccnew; after it the old index, invalid, named
 * _ccold. Never what was there before, what is valid, or what another session works on.
 * @param now what the index is called by now, where that may be something else
 */
export function leftoversOf(rebuild: Omit<Underway, 'at' | 'session'>, invalid: readonly InvalidIndex[], now: readonly Named[] = []): InvalidIndex[] {
  return invalid.filter(
    (index) =>
      !index.busy &&
      index.tableOid === rebuild.tableOid &&
      !rebuild.invalidBefore.includes(index.oid) &&
      isNamedFor(index.name, rebuild.name) &&
      [rebuild, ...now].some((named) => index.schema === named.schema && sameDefinition(index, named)),
  );
}

/** Whether Postgres would name it so while it rebuilds `base`: a number goes behind where the name was taken, and a long base is cut. */
export function isNamedFor(name: string, base: string): boolean {
  const suffix = SUFFIX.exec(name)?.[0];
  if (suffix === undefined) return false;
  const start = name.slice(0, -suffix.length);
  if (start === base) return true;
  // a character of several bytes that did not fit was cut whole
  return (
    start !== '' && base.startsWith(start) && Buffer.byteLength(name) > LONGEST_NAME - 4 && Buffer.byteLength(base) + suffix.length > LONGEST_NAME
  );
}

/** Looks like what an interrupted rebuild leaves of an index that is there, whoever it was. */
export function looksLeftOver(
  index: InvalidIndex,
  of: { readonly schema: string; readonly name: string; readonly tableOid: number; readonly definition: string | null },
): boolean {
  return of.definition !== null && leftoversOf({ ...of, oid: 0, definition: of.definition, invalidBefore: [] }, [index]).length > 0;
}

/** The same in everything but the name. */
function sameDefinition(
  a: { readonly name: string; readonly definition: string | null },
  b: { readonly name: string; readonly definition: string },
): boolean {
  return a.definition !== null && withoutName(a.definition, a.name) === withoutName(b.definition, b.name);
}

function withoutName(definition: string, name: string): string {
  for (const written of [name, `"${name.replaceAll('"', '""')}"`]) {
    for (const start of ['CREATE INDEX ', 'CREATE UNIQUE INDEX ']) {
      if (definition.startsWith(`${start}${written} ON `)) return start + definition.slice(start.length + written.length);
    }
  }
  return definition;
}
