import { finished } from 'node:stream/promises';
import { readBackup } from '../catalog/backups.ts';
import { distrustOf } from '../catalog/trust.ts';
import { allOrNothing, inTurns } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { compareFolder, notLookedAt } from '../drill/checks/digests.ts';
import { assertReadable } from '../encryption/access.ts';
import { LifeboatError } from '../errors.ts';
import { backupFolder, isEncrypted, partKey } from '../format/layout.ts';
import type { Manifest, ManifestPart } from '../format/manifest.ts';
import type { Finding } from '../format/proof.ts';
import { openPart } from '../restore/open-part.ts';
import type { Store } from '../storage/store.ts';
import { checkStored } from '../stream/checked.ts';

export interface VerifiedBackup {
  readonly database: string;
  readonly id: string;
  /** `gone`: deleted meanwhile by a prune. `not-examined`: the store did not let it be read to its end, or a newer version wrote it. */
  readonly verdict: 'intact' | 'damaged' | 'not-examined' | 'gone';
  /** Parts that were read to their end. */
  readonly parts: number;
  /** Stored bytes that were read. */
  readonly bytes: number;
  readonly findings: readonly Finding[];
  readonly notExamined: readonly { readonly object: string; readonly reason: string }[];
}

export interface VerifyJob {
  readonly store: Store;
  readonly database: string;
  readonly identities: readonly string[];
  /** Whose signatures count; with any, a manifest that none of them has signed is a finding. */
  readonly publicKeys: readonly string[];
  /** How many parts are read at once. */
  readonly jobs: number;
  /** Told how many more stored bytes have been read. */
  readonly onBytes: (more: number) => void;
}

/**
 * Reads every part of a backup and compares what is stored with the manifest; and what it unpacks to, unless that is encrypted and no
 * identity opens it. What is wrong with the backup is in the Result.
 * @throws what the store says when it cannot be read, and the signal's reason
 */
export async function verifyBackup(job: VerifyJob, id: string, { signal }: Context): Promise<VerifiedBackup> {
  const { store, database } = job;
  const tally: Tally = { parts: 0, bytes: 0, findings: [], notExamined: [] };
  const told = (verdict: VerifiedBackup['verdict']): VerifiedBackup => ({ database, id, verdict, ...tally });
  try {
    const backup = await readBackup(store, database, id, signal);
    const { manifest } = backup;
    const distrust = await distrustOf(store, backup, job.publicKeys, signal);
    if (distrust !== null) tally.findings.push({ object: 'manifest.json', message: distrust.message });
    if (manifest.id !== id) tally.findings.push({ object: 'manifest.json', message: `it is the manifest of backup ${manifest.id}` });
    const names = await namesIn(store, database, id, signal);
    tally.findings.push(...compareFolder(manifest, names));
    tally.notExamined.push(...notLookedAt(manifest, names));
    const there = manifest.parts.filter(({ name }) => !tally.findings.some(({ object }) => object === name));
    const sealed = await whyUnopened({ ...job, manifest }, signal);
    if (sealed !== null) tally.notExamined.push({ object: 'what the encrypted parts hold', reason: sealed });
    const readOne = (part: ManifestPart) => (stop: AbortSignal) => readPart({ ...job, manifest }, part, sealed === null, tally, stop);
    await allOrNothing(signal, inTurns(there.map(readOne), job.jobs));
    if (tally.findings.length === 0) return told('intact');
    // a prune deletes the manifest first
    return (await isThere(job, id, signal)) ? told('damaged') : { ...told('gone'), findings: [] };
  } catch (error) {
    if (!(error instanceof LifeboatError) || !error.code.startsWith('manifest-')) throw error;
    if (error.code === 'manifest-missing') return told('gone');
    if (error.code === 'manifest-newer') {
      tally.notExamined.push({ object: 'manifest.json', reason: error.message });
      return told('not-examined');
    }
    tally.findings.push({ object: 'manifest.json', message: error.message });
    return told('damaged');
  }
}

/** As it grows. */
interface Tally {
  parts: number;
  bytes: number;
  readonly findings: Finding[];
  readonly notExamined: { object: string; reason: string }[];
}

type PartJob = VerifyJob & { readonly manifest: Manifest };

/** `null` where everything can be unpacked; else only the bytes as they are stored can be compared. */
async function whyUnopened(job: PartJob, signal: AbortSignal): Promise<string | null> {
  try {
    await assertReadable(job, signal);
    return null;
  } catch (error) {
    if (!(error instanceof LifeboatError)) throw error;
    if (error.code === 'identity-missing') return 'they are encrypted, and no identity was given';
    if (error.code === 'identity-wrong') return 'they are encrypted, and the identity given does not open them';
    throw error;
  }
}

async function readPart(job: PartJob, part: ManifestPart, canOpen: boolean, tally: Tally, signal: AbortSignal): Promise<void> {
  try {
    if (canOpen || !isEncrypted(part.name)) await readOpened(job, part, signal);
    else await readStored(job, part, signal);
    tally.parts += 1;
    tally.bytes += part.stored.bytes;
  } catch (error) {
    const isFound = error instanceof LifeboatError && ['part-corrupt', 'part-missing', 'object-missing'].includes(error.code);
    if (!isFound) throw error;
    tally.findings.push({ object: part.name, message: error.message });
  }
}

/** Both digests, by unpacking it. Progress is told in stored bytes, as far as it has been unpacked. */
async function readOpened(job: PartJob, part: ManifestPart, signal: AbortSignal): Promise<void> {
  let told = 0;
  const tell = (stored: number) => {
    job.onBytes(stored - told);
    told = stored;
  };
  const ratio = part.plain.bytes === 0 ? 0 : part.stored.bytes / part.plain.bytes;
  const stream = await openPart(job, part, signal, (plain) => tell(Math.min(part.stored.bytes, Math.round(plain * ratio))));
  stream.resume();
  await finished(stream);
  tell(part.stored.bytes);
}

async function readStored({ store, database, manifest: { id }, onBytes }: PartJob, part: ManifestPart, signal: AbortSignal): Promise<void> {
  const stream = checkStored(await store.get(partKey(database, id, part.name), { signal }), part, signal, onBytes);
  stream.resume();
  await finished(stream);
}

async function namesIn(store: Store, database: string, id: string, signal: AbortSignal): Promise<string[]> {
  const folder = backupFolder(database, id);
  const names: string[] = [];
  for await (const { key } of store.list(folder, { signal })) names.push(key.slice(folder.length + 1));
  return names;
}

async function isThere({ store, database }: VerifyJob, id: string, signal: AbortSignal): Promise<boolean> {
  return (await store.head(partKey(database, id, 'manifest.json'), { signal })) !== null;
}
