import { text } from 'node:stream/consumers';
import { isDeepStrictEqual } from 'node:util';
import { assertReadable } from '../encryption/access.ts';
import { LifeboatError } from '../errors.ts';
import { type Manifest, parseManifest } from '../format/manifest.ts';
import { openPart } from '../restore/open-part.ts';
import type { Store } from '../storage/store.ts';
import type { FoundBackup } from './backups.ts';

/**
 * The backup with its whole manifest, also where the one in the store hides every name: whoever needs more of a manifest than its parts and
 * totals asks here.
 * @throws LifeboatError `identity-missing`, `identity-wrong`, `part-missing`, `part-corrupt`, `manifest-malformed`
 */
export async function revealManifest(store: Store, backup: FoundBackup, identities: readonly string[], signal: AbortSignal): Promise<FoundBackup> {
  const { database, manifest: outer } = backup;
  if (outer.concealed === undefined) return backup;
  const from = { store, database, manifest: outer, identities };
  await assertReadable(from, signal);
  const part = outer.parts.find(({ kind }) => kind === 'manifest');
  if (part === undefined) throw notItsOwn(backup, 'it names no part that holds the whole one');
  const inner = parseManifest(await text(await openPart(from, part, signal)), `${part.name} of backup ${backup.id}`);
  const others = outer.parts.filter((other) => other !== part);
  if (inner.id !== outer.id || !isDeepStrictEqual(inner.parts, others)) throw notItsOwn(backup, `${part.name} holds that of another backup`);
  return { ...backup, manifest: whole(outer, inner) };
}

function whole(outer: Manifest, inner: Manifest): Manifest {
  const { parts, recipients, concealed, rotations } = outer;
  return { ...inner, parts, recipients, concealed, ...(rotations === undefined ? {} : { rotations }) };
}

function notItsOwn({ id }: FoundBackup, why: string): LifeboatError {
  return new LifeboatError(
    'manifest-malformed',
    `The manifest of backup ${id} hides its names, and ${why}.`,
    'Treat this backup as lost: restore another one, and find out what changed the file.',
  );
}
