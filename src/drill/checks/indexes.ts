import type { Manifest, ManifestIndex } from '../../format/manifest.ts';
import type { Check } from '../../format/proof.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { ran } from './check.ts';
import { compareObjects, type SchemaComparison } from './schema.ts';

/** Every index that was valid in the source is there, is valid, and says the same. pg_dump leaves invalid ones out. */
export function checkIndexes(comparison: SchemaComparison, source: readonly ManifestIndex[], restored: Manifest['indexes']): Check {
  const indexObjects = (side: SchemaComparison['source']) => side.objects.filter((object) => object.kind === 'index');
  const { findings, skipped } = compareObjects(indexObjects(comparison.source), indexObjects(comparison.restored), comparison);
  const wasValid = new Set(source.filter((index) => index.valid).map(displayName));
  const invalid = restored.filter((index) => !index.valid && wasValid.has(displayName(index)));
  const broken = source.filter((index) => !index.valid);
  return ran({
    name: 'indexes',
    examined: indexObjects(comparison.source).length,
    findings: [...findings, ...invalid.map((index) => ({ object: `index ${displayName(index)}`, message: 'came back invalid' }))],
    skipped: [
      ...skipped,
      ...broken.map((index) => ({ object: `index ${displayName(index)}`, reason: 'invalid in the source, so pg_dump left it out' })),
    ],
  });
}
