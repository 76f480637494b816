import { type FoundBackup, findBackup, listBackupIds, readBackup } from '../catalog/backups.ts';
import { trustManifest } from '../catalog/trust.ts';
import { assertReadable } from '../encryption/access.ts';
import { LifeboatError } from '../errors.ts';
import { isEncrypted, signatureKey } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import type { RotateRecipientsOptions } from '../options/rotate-recipients.ts';
import { publicKeyFor } from '../signing/signature.ts';
import type { Store } from '../storage/store.ts';

export type Step =
  | { readonly kind: 'rotate'; readonly backup: FoundBackup; readonly isSigned: boolean }
  | { readonly kind: 'already'; readonly backup: FoundBackup }
  | { readonly kind: 'blocked'; readonly id: string; readonly from: readonly string[]; readonly error: LifeboatError };

export interface Keys {
  readonly recipients: readonly string[];
  readonly identities: readonly string[];
  readonly publicKey: readonly string[];
  readonly signingKey?: string | undefined;
}

/** Whether a backup's parts are for other recipients than they should be. Pure. */
export function needsRotation({ parts, recipients: old }: Manifest, recipients: readonly string[]): boolean {
  const isSame = old.length === recipients.length && recipients.every((recipient) => old.includes(recipient));
  return !isSame || parts.some(({ name }) => !isEncrypted(name));
}

/**
 * What is to be done with each backup that was asked for, newest first. Whether it can be read is known before the first is touched.
 * @throws LifeboatError what stands in the way of the newest, when something stands in the way of all
 */
export async function planRotation(
  store: Store,
  { database, backup: which }: Pick<RotateRecipientsOptions, 'database' | 'backup'>,
  keys: Keys,
  signal: AbortSignal,
): Promise<Step[]> {
  const ids = which === 'all' ? await listBackupIds(store, database, signal) : [];
  // a name that is mistyped is worth an error, with the nearest
  if (ids.length === 0) ids.push((await findBackup(store, database, which === 'all' ? 'latest' : which, signal)).id);
  const steps: Step[] = [];
  for (const id of ids) {
    let from: readonly string[] = [];
    try {
      const backup = await readBackup(store, database, id, signal);
      from = backup.manifest.recipients;
      steps.push(await stepFor(store, backup, keys, signal));
    } catch (error) {
      if (!(error instanceof LifeboatError) || !/^(?:manifest|identity|signature)-/.test(error.code)) throw error;
      // gone since it was listed: a prune was there
      if (error.code !== 'manifest-missing') steps.push({ kind: 'blocked', id, from, error });
    }
  }
  const [first] = steps;
  if (first?.kind === 'blocked' && steps.every(({ kind }) => kind === 'blocked')) throw first.error;
  return steps;
}

/** What is not trusted must not get a signature by being encrypted anew, and what is signed must not lose it. */
async function stepFor(
  store: Store,
  backup: FoundBackup,
  { recipients, identities, publicKey, signingKey }: Keys,
  signal: AbortSignal,
): Promise<Step> {
  await trustManifest(store, backup, publicKey, signal);
  if (!needsRotation(backup.manifest, recipients)) return { kind: 'already', backup };
  const { database, id, manifestBytes } = backup;
  const isSigned = (await store.head(signatureKey(database, id, manifestBytes), { signal })) !== null;
  if (isSigned && signingKey === undefined) throw wouldLoseSignature(id);
  if (isSigned && publicKey.length === 0) await trustManifest(store, backup, [publicKeyFor(signingKey as string)], signal);
  await assertReadable({ store, ...backup, identities }, signal);
  return { kind: 'rotate', backup, isSigned };
}

function wouldLoseSignature(id: string): LifeboatError {
  return new LifeboatError(
    'signature-missing',
    `Backup ${id} is signed, and there is no signing key to sign it with again.`,
    'Give the signing key: LIFEBOAT_SIGNING_KEY.',
    { details: { backup: id } },
  );
}
