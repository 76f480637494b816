import { LifeboatError } from '../errors.ts';
import { isEncrypted, partKey } from '../format/layout.ts';
import type { Manifest } from '../format/manifest.ts';
import { shortRecipient } from '../report/format.ts';
import type { Store } from '../storage/store.ts';
import { opensHeader } from '../stream/age.ts';
import { recipientsOf } from './identities.ts';

/** A backup and what is to open it. */
export interface Sealed {
  readonly store: Store;
  /** The database's name in the store. */
  readonly database: string;
  readonly manifest: Manifest;
  readonly identities: readonly string[];
}

/**
 * Makes sure that a backup can be read before anything else is done: that it is not encrypted, or that one of the identities is of a recipient.
 * Where the manifest knows none of them, the header of one part has the last word.
 * @throws LifeboatError `identity-missing`, `identity-wrong`
 */
export async function assertReadable(sealed: Sealed, signal: AbortSignal): Promise<void> {
  const { manifest, identities } = sealed;
  const part = manifest.parts.find(({ name }) => isEncrypted(name));
  if (part === undefined) return;
  if (identities.length === 0) throw identityMissing(manifest);
  const own = await recipientsOf(identities);
  if (own.some((recipient) => manifest.recipients.includes(recipient))) return;
  if (!(await opensPart(sealed, part.name, signal))) throw identityWrong(manifest, own);
}

/** What is missing or damaged is told later, by whoever reads all of it. */
async function opensPart({ store, database, manifest, identities }: Sealed, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    const source = await store.get(partKey(database, manifest.id, name), { signal });
    for await (const chunk of source as AsyncIterable<Buffer>) return await opensHeader(chunk, identities);
  } catch (error) {
    if (error instanceof LifeboatError && error.code !== 'object-missing') throw error;
  }
  return false;
}

function identityMissing({ id, recipients }: Manifest): LifeboatError {
  return new LifeboatError(
    'identity-missing',
    `Backup ${id} is encrypted for ${listed(recipients)}, and no identity was given.`,
    'Give the secret key of one of them: --identity-file FILE, or LIFEBOAT_AGE_IDENTITY with its text.',
    { details: { backup: id, recipients } },
  );
}

function identityWrong({ id, recipients }: Manifest, own: readonly string[]): LifeboatError {
  return new LifeboatError(
    'identity-wrong',
    `Backup ${id} is encrypted for ${listed(recipients)}, and the ${own.length === 1 ? 'identity' : `${own.length} identities`} given ${own.length === 1 ? 'is' : 'are'} of ${listed(own)}.`,
    'Give the secret key of one of the recipients; an older backup may be for older keys. Without any of them, nobody can read this backup.',
    { details: { backup: id, recipients, identitiesOf: own } },
  );
}

function listed(recipients: readonly string[]): string {
  return recipients.length === 0 ? 'nobody that it names' : recipients.map(shortRecipient).join(', ');
}
