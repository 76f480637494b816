import { MANIFEST_NAME, SIGNATURE_NAME } from '../../format/layout.ts';
import type { ManifestPart } from '../../format/manifest.ts';
import type { Finding } from '../../format/proof.ts';

/** What is wrong with a backup's folder before anything is read: `names` are its objects, relative to it. */
export function compareFolder(parts: readonly ManifestPart[], names: readonly string[]): Finding[] {
  const there = new Set(names);
  const known = new Set([MANIFEST_NAME, ...parts.map((part) => part.name)]);
  const missing = parts.filter((part) => !there.has(part.name)).map((part) => ({ object: part.name, message: 'the part is missing from the store' }));
  const unexpected = names
    .filter((name) => !known.has(name) && !SIGNATURE_NAME.test(name) && !name.startsWith('proofs/'))
    .map((name) => ({ object: name, message: 'the manifest does not know this object' }));
  return [...missing, ...unexpected];
}
