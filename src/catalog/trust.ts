import { LifeboatError } from '../errors.ts';
import { backupFolder, manifestKey, SIGNATURE_NAME, signatureKey } from '../format/layout.ts';
import { isSignedByAny, publicKeyFor } from '../signing/signature.ts';
import type { Store } from '../storage/store.ts';
import { type FoundBackup, readWhole } from './backups.ts';

/**
 * Refuses a manifest that none of the public keys has signed, or that was signed for another place. Since it holds the digest of every
 * part, what is trusted is the whole backup. Without public keys nothing is asked, and nothing is known.
 * @param publicKeys as `trustOptions` puts them out
 * @throws LifeboatError `signature-missing`, `signature-wrong`
 */
export async function trustManifest(store: Store, found: FoundBackup, publicKeys: readonly string[], signal: AbortSignal): Promise<void> {
  if (publicKeys.length === 0) return;
  const { database, id, manifest, manifestBytes } = found;
  const signature = await readWhole(store, signatureKey(database, id, manifestBytes), signal);
  if (signature === null) {
    throw (await hasOtherSignature(store, found, signal))
      ? wrong(store, found, 'its signature is of another manifest: this one was changed after it was signed')
      : missing(store, found);
  }
  if (!isSignedByAny(manifestBytes, signature, publicKeys)) throw wrong(store, found, 'its signature is by none of the public keys, or is damaged');
  if (manifest.database === database && manifest.id === id) return;
  throw wrong(
    store,
    found,
    `it was signed as backup ${manifest.id} of ${manifest.database ?? 'a database that it does not name'}, and was moved here`,
  );
}

/** The same as an answer; `null` when it is trusted, or nothing was asked. */
export async function distrustOf(
  store: Store,
  found: FoundBackup,
  publicKeys: readonly string[],
  signal: AbortSignal,
): Promise<LifeboatError | null> {
  try {
    await trustManifest(store, found, publicKeys, signal);
    return null;
  } catch (error) {
    if (isDistrust(error)) return error as LifeboatError;
    throw error;
  }
}

/** Whether an error says that a backup is not trusted. */
export function isDistrust(error: unknown): boolean {
  return error instanceof LifeboatError && (error.code === 'signature-missing' || error.code === 'signature-wrong');
}

/**
 * Refuses to sign what this very configuration would not trust.
 * @throws LifeboatError `bad-option`
 */
export function checkSigningKey({
  signingKey,
  publicKey,
}: {
  readonly signingKey?: string | undefined;
  readonly publicKey: readonly string[];
}): void {
  if (signingKey === undefined || publicKey.length === 0 || publicKey.includes(publicKeyFor(signingKey))) return;
  throw new LifeboatError(
    'bad-option',
    'The signing key belongs to none of the public keys: what it signs would not be trusted.',
    `Add its public key to public-key, beside the old one while backups that the old one signed are kept: ${publicKeyFor(signingKey)}`,
  );
}

async function hasOtherSignature(store: Store, { database, id }: FoundBackup, signal: AbortSignal): Promise<boolean> {
  const folder = backupFolder(database, id);
  for await (const { key } of store.list(folder, { signal })) if (SIGNATURE_NAME.test(key.slice(folder.length + 1))) return true;
  return false;
}

function missing(store: Store, { database, id }: FoundBackup): LifeboatError {
  return new LifeboatError(
    'signature-missing',
    `${store.url}/${manifestKey(database, id)} is not signed, and only signed backups are to be trusted.`,
    'Use a backup that is signed: lifeboat list with the public key shows them. If it is of before there was a signing key and you are sure of it, leave out the public key, this once.',
    { details: { backup: id } },
  );
}

function wrong(store: Store, { database, id }: FoundBackup, why: string): LifeboatError {
  return new LifeboatError(
    'signature-wrong',
    `${store.url}/${manifestKey(database, id)} is not to be trusted: ${why}.`,
    'Use another backup, and find out who wrote to the store; an earlier version of the object may still be there. After a change of keys, give the old public key too.',
    { details: { backup: id } },
  );
}
