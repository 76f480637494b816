import { isEncrypted, storedPartName } from './layout.ts';
import type { Manifest, ManifestPart } from './manifest.ts';

const ROTATED = /^([^./]+)\.r[0-9a-f]{4}\./;

/** A part's name after it was encrypted anew: `data-00.dump.zst.age` as `data-00.r3f9a.dump.zst.age`, so that both can lie there. */
export function rotatedName(name: string, token: string): string {
  const bare = name.replace(ROTATED, '$1.').replace(/^([^.]+)\./, `$1.r${token}.`);
  return storedPartName(bare, !isEncrypted(bare));
}

/**
 * Of the names in a backup's folder, those that a rotation left there: parts that it replaced and could not delete, and new ones of a
 * rotation that was interrupted. Nobody reads them.
 */
export function rotationLeftovers(manifest: Manifest, names: readonly string[]): string[] {
  const parts = new Set(manifest.parts.map(({ name }) => name));
  const replaced = new Set((manifest.rotations ?? []).flatMap((rotation) => rotation.parts));
  return names.filter((name) => !parts.has(name) && (replaced.has(name) || ROTATED.test(name)));
}

export interface Rotation {
  readonly at: Date;
  readonly recipients: readonly string[];
  /** New parts, by the names of those that they replace. */
  readonly parts: ReadonlyMap<string, ManifestPart>;
  /** Of the manifest that is replaced. */
  readonly manifestSha256: string;
}

/** The manifest of a backup whose parts were encrypted anew; proofs of the old one hold for it. Pure. */
export function rotatedManifest(manifest: Manifest, { at, recipients, parts, manifestSha256 }: Rotation): Manifest {
  const nameOf = (name: string | null) => (name === null ? null : (parts.get(name)?.name ?? name));
  return {
    ...manifest,
    tables: manifest.tables.map((table) => ({ ...table, part: nameOf(table.part) })),
    parts: manifest.parts.map((part) => parts.get(part.name) ?? part),
    recipients: [...recipients],
    rotations: [...(manifest.rotations ?? []), { at: at.toISOString(), manifestSha256, parts: manifest.parts.map(({ name }) => name) }],
  };
}
