import { MANIFEST_NAME, SIGNATURE_NAME } from '../../format/layout.ts';
import type { Manifest } from '../../format/manifest.ts';
import type { Check, Finding } from '../../format/proof.ts';
import { allLeftovers } from '../../format/rotation.ts';

/** What is wrong with a backup's folder before anything is read: `names` are its objects, relative to it. */
export function compareFolder(manifest: Manifest, names: readonly string[]): Finding[] {
  const { parts } = manifest;
  const leftovers = new Set(allLeftovers(manifest, names));
  const there = new Set(names);
  const known = new Set([MANIFEST_NAME, ...parts.map((part) => part.name)]);
  const missing = parts.filter((part) => !there.has(part.name)).map((part) => ({ object: part.name, message: 'the part is missing from the store' }));
  const unexpected = names
    .filter((name) => !known.has(name) && !leftovers.has(name) && !SIGNATURE_NAME.test(name) && !name.startsWith('proofs/'))
    .map((name) => ({ object: name, message: 'the manifest does not know this object' }));
  return [...missing, ...unexpected];
}

/** What lies in a backup's folder that nobody reads any more, and need not look at. */
export function notLookedAt(manifest: Manifest, names: readonly string[]): Check['skipped'] {
  return allLeftovers(manifest, names).map((object) => ({ object, reason: 'left by rotate-recipients: the backup does not need it' }));
}
