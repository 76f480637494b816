import type { Manifest, ManifestObject } from '../../format/manifest.ts';
import type { Check, Finding } from '../../format/proof.ts';
import type { Allowed } from '../allowed.ts';
import { ran } from './check.ts';

interface Side {
  readonly objects: readonly ManifestObject[];
  readonly extensions: Manifest['extensions'];
}

export interface SchemaComparison {
  readonly source: Side;
  readonly restored: Side;
  /** Why only names can be compared; `null` when definitions can be, too. */
  readonly namesOnly: string | null;
  readonly allowed: Allowed;
  /** Further things that this comparison leaves unsaid. */
  readonly unproven: Check['skipped'];
}

/** Two checks over the inventory: constraints have one of their own, since people ask for them by name. */
export function checkObjects(comparison: SchemaComparison): Check[] {
  const only = (name: string, kinds: (kind: string) => boolean): Check => {
    const was = comparison.source.objects.filter((object) => kinds(object.kind));
    const is = comparison.restored.objects.filter((object) => kinds(object.kind));
    const { findings, skipped } = compareObjects(was, is, comparison);
    return ran({
      name,
      examined: was.length,
      findings,
      skipped: [...skipped, ...(name === 'schema' ? [...extensionVersions(comparison), ...comparison.unproven] : [])],
      reason: comparison.namesOnly ?? undefined,
    });
  };
  return [only('schema', (kind) => kind !== 'constraint' && kind !== 'index'), only('constraints', (kind) => kind === 'constraint')];
}

export function compareObjects(
  was: readonly ManifestObject[],
  is: readonly ManifestObject[],
  { namesOnly, allowed }: Pick<SchemaComparison, 'namesOnly' | 'allowed'>,
): { findings: Finding[]; skipped: Check['skipped'] } {
  const key = (object: ManifestObject) => `${object.kind} ${object.identity}`;
  const restored = new Map(is.map((object) => [key(object), object]));
  const promised = new Set(was.map(key));
  const findings: Finding[] = [];
  const skipped: Check['skipped'] = [];
  for (const object of was) {
    const counterpart = restored.get(key(object));
    const fault =
      counterpart === undefined
        ? 'did not come back'
        : namesOnly === null && counterpart.definition !== object.definition
          ? 'came back with another definition'
          : null;
    if (fault === null) continue;
    const because = allowed.object(object.identity);
    if (because === null) findings.push({ object: key(object), message: fault });
    else skipped.push({ object: key(object), reason: because });
  }
  for (const object of is) {
    if (!promised.has(key(object)) && !comesWithEveryDatabase(object)) findings.push({ object: key(object), message: 'was not in the source' });
  }
  return { findings, skipped };
}

function comesWithEveryDatabase(object: ManifestObject): boolean {
  return (object.kind === 'schema' && object.identity === 'public') || (object.kind === 'extension' && object.identity === 'plpgsql');
}

function extensionVersions({ source, restored }: SchemaComparison): Check['skipped'] {
  const here = new Map(restored.extensions.map((extension) => [extension.name, extension.version]));
  return source.extensions.flatMap(({ name, version }) => {
    const other = here.get(name);
    return other === undefined || other === version
      ? []
      : [{ object: `extension ${name}`, reason: `version ${other} was installed; the source has ${version}, and a dump does not say which` }];
  });
}
