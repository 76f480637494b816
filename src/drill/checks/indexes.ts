import type { Manifest, ManifestIndex } from '../../format/manifest.ts';
import type { Check, Finding } from '../../format/proof.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { ran } from './check.ts';
import { compareObjects, type SchemaComparison } from './schema.ts';

/** Every index that was valid in the source is there, is valid, and says the same. pg_dump leaves invalid ones out. */
export function checkIndexes(comparison: SchemaComparison, source: Pick<Manifest, 'indexes' | 'tables'>, restored: Manifest['indexes']): Check {
  const indexObjects = (side: SchemaComparison['source']) => side.objects.filter((object) => object.kind === 'index');
  const { findings, skipped } = compareObjects(indexObjects(comparison.source), indexObjects(comparison.restored), comparison);
  const told = new Set([...findings, ...skipped].map(({ object }) => object));
  const wasValid = source.indexes.filter((index) => index.valid);
  const broken = source.indexes.filter((index) => !index.valid);
  return ran({
    name: 'indexes',
    examined: indexObjects(comparison.source).length,
    findings: [...findings, ...faults(comparison, source.tables, wasValid, restored).filter(({ object }) => !told.has(object))],
    skipped: [...skipped, ...broken.map((index) => ({ object: nameOf(index), reason: 'invalid in the source, so pg_dump left it out' }))],
  });
}

function faults(
  { namesOnly, allowed }: SchemaComparison,
  tables: Manifest['tables'],
  wasValid: readonly ManifestIndex[],
  restored: Manifest['indexes'],
): Finding[] {
  const byName = new Map(restored.map((index) => [displayName(index), index]));
  // an extension's own tables and their indexes come with the extension, in whatever version it has there
  const ofExtensions = new Set(tables.filter((table) => table.extension !== undefined).map(displayName));
  return wasValid.flatMap((index) => {
    const is = byName.get(displayName(index));
    const object = nameOf(index);
    if (is?.valid === false) return { object, message: 'came back invalid' };
    const table = { schema: index.schema, name: index.table };
    if (ofExtensions.has(displayName(table)) || allowed.table(index) !== null || allowed.table(table) !== null) return [];
    if (is === undefined) return { object, message: 'did not come back' };
    const same = is.method === index.method && is.fillfactor === index.fillfactor && (namesOnly !== null || is.definition === index.definition);
    return same ? [] : { object, message: 'came back with another definition' };
  });
}

function nameOf(index: ManifestIndex): string {
  return `index ${displayName(index)}`;
}
