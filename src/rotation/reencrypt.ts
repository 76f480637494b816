import { randomBytes } from 'node:crypto';
import { storePart } from '../backup/dump.ts';
import { type FoundBackup, isUnchanged } from '../catalog/backups.ts';
import { revealManifest } from '../catalog/reveal.ts';
import { allOrNothing, inTurns } from '../concurrency.ts';
import { LifeboatError } from '../errors.ts';
import { concealManifest } from '../format/concealed.ts';
import { manifestKey, partKey, signatureKey } from '../format/layout.ts';
import type { Manifest, ManifestPart } from '../format/manifest.ts';
import { replacedParts, rotatedManifest, rotatedName } from '../format/rotation.ts';
import { partMissing } from '../restore/open-part.ts';
import { signatureOf } from '../signing/signature.ts';
import { reseal } from '../stream/reseal.ts';
import { type Cleaning, changed, deleteLeftovers, deleteObsolete, objectsIn, type Remaining } from './obsolete.ts';

export interface RotationJob extends Cleaning {
  readonly recipients: readonly string[];
  readonly identities: readonly string[];
  /** What the age of leftovers is counted from. */
  readonly now: Date;
  /** How many parts are under way at once. */
  readonly jobs: number;
  /** Told how many more stored bytes have been read. */
  readonly onBytes: (more: number) => void;
}

/**
 * Encrypts the parts of one backup anew, store to store: new parts under new names, then the manifest, then the old parts go. Whoever dies on
 * the way leaves the old backup whole, or the new one; the next run deletes what neither of them needs.
 * @param signingKey signs the new manifest; to be given only where the old one is signed and trusted
 * @returns old objects that would not go
 * @throws LifeboatError `part-corrupt`, `part-missing`, `already-exists` when another rotation was faster, and those of the store
 */
export async function reencrypt(job: RotationJob, backup: FoundBackup, signingKey: string | undefined, signal: AbortSignal): Promise<Remaining[]> {
  const { store } = job;
  const before = await deleteLeftovers(job, backup, job.now, signal);
  const { manifest: whole } = await revealManifest(store, backup, job.identities, signal);
  const token = await freeToken(job, backup, signal);
  const parts = new Map<string, ManifestPart>();
  const readOne = (part: ManifestPart) => async (stop: AbortSignal) => {
    parts.set(part.name, await reencryptPart(job, backup, part, rotatedName(part.name, token), stop));
  };
  const readable = backup.manifest.parts.filter(({ kind }) => kind !== 'manifest');
  await allOrNothing(signal, inTurns(readable.map(readOne), job.jobs));
  const rotated = rotatedManifest(whole, { at: new Date(), recipients: job.recipients, parts, manifestSha256: backup.manifestSha256 });
  const manifest = rotated.concealed === undefined ? rotated : await storeConcealed(job, backup, rotated, token, signal);
  await assertUnchanged(job, backup, manifest, signal);
  const replaced = await replaceManifest(job, backup, manifest, signingKey, signal);
  return [...before, ...(await deleteObsolete(job, backup, [...backup.manifest.parts.map(({ name }) => name), ...replaced], signal))];
}

async function reencryptPart(job: RotationJob, backup: FoundBackup, part: ManifestPart, name: string, signal: AbortSignal): Promise<ManifestPart> {
  const { store } = job;
  const key = partKey(backup.database, backup.id, part.name);
  const source = await store.get(key, { signal }).catch((error: unknown) => {
    throw error instanceof LifeboatError && error.code === 'object-missing' ? partMissing(part, `${store.url}/${key}`, error) : error;
  });
  const { stream, stored } = reseal(source, part, { ...job, signal });
  try {
    const to = partKey(backup.database, backup.id, name);
    await store.put(to, stream, { signal, expectedBytes: part.stored.bytes + ENVELOPE_BYTES, onlyIfAbsent: true });
    return { ...part, name, stored: stored() };
  } finally {
    // of a put that failed before it had read everything
    source.destroy();
    stream.destroy();
  }
}

/** A header for many recipients; the tags of the chunks add a four-thousandth. */
const ENVELOPE_BYTES = 64 * 1024;

/** Where names are hidden: stores the whole manifest as a part; answers with what may be read of it. */
async function storeConcealed(job: RotationJob, backup: FoundBackup, manifest: Manifest, token: string, signal: AbortSignal): Promise<Manifest> {
  const old = manifest.parts.find(({ kind }) => kind === 'manifest') as ManifestPart;
  const { concealed: _, ...bare } = manifest;
  const inner: Manifest = { ...bare, parts: manifest.parts.filter((part) => part !== old) };
  const name = rotatedName(old.name, token);
  const digests = await storePart(partKey(backup.database, backup.id, name), Buffer.from(JSON.stringify(inner)), job.store, job, signal);
  return concealManifest(inner, { ...old, name, ...digests });
}

/** The last look before the old manifest goes: what the new one names is there, and nobody else was at work. */
async function assertUnchanged({ store }: RotationJob, backup: FoundBackup, manifest: Manifest, signal: AbortSignal): Promise<void> {
  const objects = await objectsIn(store, backup, signal);
  const isThere = manifest.parts.every(({ name, stored }) => objects.get(name)?.bytes === stored.bytes);
  if (!isThere || !(await isUnchanged(store, backup, signal))) throw changed(backup.id);
}

/** The signature first: a backup that is signed is never seen without. Answers with the names of what is of no use any more. */
async function replaceManifest(
  { store }: RotationJob,
  { database, id, manifestBytes }: FoundBackup,
  manifest: Manifest,
  signingKey: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const bytes = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  if (signingKey !== undefined) await store.put(signatureKey(database, id, bytes), signatureOf(bytes, signingKey), { signal });
  await store.put(manifestKey(database, id), bytes, { signal });
  return signingKey === undefined ? [] : [signatureKey(database, id, manifestBytes).slice(partKey(database, id, '').length)];
}

async function freeToken({ store }: RotationJob, backup: FoundBackup, signal: AbortSignal): Promise<string> {
  const names = [...(await objectsIn(store, backup, signal)).keys(), ...replacedParts(backup.manifest)];
  for (;;) {
    const token = randomBytes(2).toString('hex');
    if (!names.some((name) => name.includes(`.r${token}.`))) return token;
  }
}
