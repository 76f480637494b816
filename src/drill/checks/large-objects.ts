import type { Manifest } from '../../format/manifest.ts';
import type { Check, Finding } from '../../format/proof.ts';
import { ran } from './check.ts';

type LargeObjects = NonNullable<Manifest['largeObjects']>;

export function checkLargeObjects(source: LargeObjects, restored: LargeObjects): Check {
  const findings: Finding[] = [];
  if (restored.count !== source.count) findings.push({ object: 'large objects', message: `${restored.count} came back of ${source.count}` });
  else if (source.checksum !== null && source.checksum !== restored.checksum) {
    findings.push({ object: 'large objects', message: 'their contents are not those that were backed up' });
  }
  return ran({
    name: 'large objects',
    examined: source.count,
    findings,
    reason: source.checksum === null && source.count > 0 ? 'counted only: their contents were not checksummed' : undefined,
  });
}
