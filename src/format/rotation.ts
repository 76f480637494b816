import { isDeepStrictEqual } from 'node:util';
import { isEncrypted, storedPartName } from './layout.ts';
import type { Manifest, ManifestPart } from './manifest.ts';

const ROTATED = /^([^./]+)\.r[0-9a-f]{4}\./;

/** A part's name after it was encrypted anew: `data-00.dump.zst.age` as `data-00.r3f9a.dump.zst.age`, so that both can lie there. */
export function rotatedName(name: string, token: string): string {
  const bare = name.replace(ROTATED, '$1.').replace(/^([^.]+)\./, `$1.r${token}.`);
  return storedPartName(bare, !isEncrypted(bare));
}

export interface RotationLeftovers {
  /** Parts that a rotation replaced and could not delete. */
  readonly replaced: readonly string[];
  /** New parts of a rotation that was interrupted, or is still at work. */
  readonly unfinished: readonly string[];
}

/** Of the names in a backup's folder, those that a rotation left there. Nobody reads them. */
export function rotationLeftovers(manifest: Manifest, names: readonly string[]): RotationLeftovers {
  const parts = new Set(manifest.parts.map(({ name }) => name));
  const old = replacedParts(manifest);
  const others = names.filter((name) => !parts.has(name));
  return { replaced: others.filter((name) => old.has(name)), unfinished: others.filter((name) => !old.has(name) && ROTATED.test(name)) };
}

/** All of them. */
export function allLeftovers(manifest: Manifest, names: readonly string[]): string[] {
  const { replaced, unfinished } = rotationLeftovers(manifest, names);
  return [...replaced, ...unfinished];
}

/** What the parts were called before each of its rotations. */
export function replacedParts({ rotations = [] }: Manifest): ReadonlySet<string> {
  return new Set(rotations.flatMap(({ parts }) => parts));
}

interface Version {
  readonly manifest: Pick<Manifest, 'rotations'>;
  readonly manifestSha256: string;
}

/** Whether two manifests say that they come from one and the same, by different rotations. Pure. */
export function isOtherRotation(one: Version, other: Version): boolean {
  const origin = ({ manifest, manifestSha256 }: Version) => manifest.rotations?.[0]?.manifestSha256 ?? manifestSha256;
  // the same rotations, and yet another manifest: somebody changed it
  const isChanged = isDeepStrictEqual(one.manifest.rotations ?? [], other.manifest.rotations ?? []);
  return origin(one) === origin(other) && !isChanged;
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
