import { readBackup } from '../catalog/backups.ts';
import { checkSigningKey } from '../catalog/trust.ts';
import { defaultJobs } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { copyAfterBackup } from '../copy/after-backup.ts';
import type { CopyToStore } from '../copy/to-store.ts';
import { readRecipients } from '../encryption/recipients.ts';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID, databaseFolder, manifestKey } from '../format/layout.ts';
import type { Manifest, ManifestPart, Selection } from '../format/manifest.ts';
import type { BackupOptions } from '../options/backup.ts';
import { withSession } from '../postgres/connect.ts';
import { displayName } from '../postgres/identifiers.ts';
import { chooseClient, findInstallations, type Installation } from '../postgres/programs.ts';
import { openSnapshot } from '../postgres/snapshot.ts';
import { type ConnectionTarget, describeTarget, parseDatabaseUrl } from '../postgres/url.ts';
import { counted } from '../report/format.ts';
import { assertElsewhere } from '../storage/copies.ts';
import { openStoreFor } from '../storage/from-options.ts';
import { lockFor, lockingStore } from '../storage/lock.ts';
import type { Store } from '../storage/store.ts';
import { takeBackup } from './take.ts';

export interface BackupResult {
  readonly id: string;
  readonly database: string;
  readonly storage: string;
  /** Key of the manifest in the store. */
  readonly manifest: string;
  readonly snapshotAt: string;
  readonly tables: number;
  readonly rows: number;
  readonly largeObjects: number;
  /** As stored, and as pg_dump wrote them. */
  readonly bytes: number;
  readonly plainBytes: number;
  readonly checksums: boolean;
  readonly parts: readonly ManifestPart[];
  /** Tables whose rows were left out on purpose. */
  readonly leftOut: readonly string[];
  /** age recipients that the parts are encrypted for; empty when they are not. */
  readonly recipients: readonly string[];
  readonly notes: readonly string[];
  readonly pgDump: string;
  readonly seconds: Manifest['seconds'];
  readonly signed: boolean;
  /** ISO time until which no object of it can be deleted or changed; `null` when it is not locked. */
  readonly lockedUntil: string | null;
  /** The backup is complete in any case; false when a store for copies does not have everything that it should. */
  readonly ok: boolean;
  /** One for each store that it was to be copied to. */
  readonly copies: readonly CopyToStore[];
}

/**
 * Backs one database up: every part, count and checksum in one snapshot, the manifest last.
 * When it throws, no backup is visible, and no child, lock or unfinished upload remains; but it may have been told to stop while it copied
 * a backup that is complete.
 */
export async function backup(options: BackupOptions, context: Context): Promise<BackupResult> {
  const target = parseDatabaseUrl(options.databaseUrl, context.environment);
  const database = options.database ?? target.database;
  const recipients = await readRecipients(options);
  if (options.encryptManifest && recipients.length === 0) throw forNobody();
  checkSigningKey(options);
  await assertElsewhere(options, options.copy, context.environment);
  const store = await openStoreFor(options, context.environment);
  try {
    const { manifest, ...kept } = await backUp(target, { options, database, recipients, store }, context);
    const jobs = options.jobs ?? defaultJobs();
    const copied = await copyAfterBackup({ store, database, id: manifest.id, jobs }, options, context);
    return resultOf(manifest, database, store, { ...kept, ok: copied.every(({ ok }) => ok), copies: copied });
  } finally {
    await store.close();
  }
}

interface Plan {
  readonly options: BackupOptions;
  readonly database: string;
  readonly recipients: Awaited<ReturnType<typeof readRecipients>>;
  readonly store: Store;
}

type Kept = Pick<BackupResult, 'signed' | 'lockedUntil'>;

async function backUp(
  target: ConnectionTarget,
  { options, database, recipients, store }: Plan,
  context: Context,
): Promise<Kept & { readonly manifest: Manifest }> {
  const installation = await chooseClientFor(target, context);
  context.log.info(
    `Backing up ${describeTarget(target)} to ${store.url} with pg_dump ${installation.client?.version} from ${installation.bindir}${recipients.length === 0 ? '' : `, encrypted for ${counted(recipients.length, 'recipient')}`}.`,
  );
  // A store that cannot be reached is told of before any lock is taken.
  const folders = await store.folders(databaseFolder(database), { signal: context.signal });
  if (recipients.length === 0) await warnIfNoLongerEncrypted(store, database, folders, context);
  const lock = await lockFor(store, options, new Date(), context.signal);
  if (options.publicKey.length > 0 && options.signingKey === undefined)
    context.log.warn('Public keys say whose backups to trust, but there is no signing key: this backup will not be trusted.');
  const selection = selectionOf(options);
  const lockTimeoutMs = options.lockTimeout * 1000;
  const snapshot = await openSnapshot(target, { selection, lockTimeoutMs }, context);
  try {
    const job = {
      target,
      database,
      store: lock === undefined ? store : lockingStore(store, lock),
      installation,
      snapshot,
      selection,
      lockTimeoutMs,
      jobs: options.jobs ?? defaultJobs(),
      checksums: options.checksums ?? null,
      level: options.compressionLevel ?? null,
      recipients,
      encryptManifest: options.encryptManifest,
      signingKey: options.signingKey,
    };
    const manifest = await takeBackup(job, { ...context, signal: snapshot.signal });
    return { manifest, signed: job.signingKey !== undefined, lockedUntil: lock?.until.toISOString() ?? null };
  } finally {
    await snapshot.release();
  }
}

/** Recipients that went missing from a configuration would otherwise be noticed by whoever reads the backup without a key. */
async function warnIfNoLongerEncrypted(store: Store, database: string, folders: readonly string[], context: Context): Promise<void> {
  const newest = folders.filter((name) => BACKUP_ID.test(name)).at(-1);
  if (newest === undefined) return;
  try {
    const { manifest } = await readBackup(store, database, newest, context.signal);
    if (manifest.recipients.length === 0) return;
    context.log.warn(
      `This backup is not encrypted, although the one before it, ${newest}, is: nobody said for whom. Give --encrypt-to if that is a mistake.`,
    );
  } catch (error) {
    // interrupted, damaged, or not for this role to read
    if (!(error instanceof LifeboatError) || context.signal.aborted) throw error;
  }
}

async function chooseClientFor(target: ConnectionTarget, context: Context): Promise<Installation> {
  const major = await withSession(target, { signal: context.signal }, async (session) => Math.floor(session.versionNumber / 10_000));
  return chooseClient(await findInstallations(context.environment), major);
}

function forNobody(): LifeboatError {
  return new LifeboatError('bad-option', '--encrypt-manifest was given, and nobody to encrypt for.', 'Add --encrypt-to or --encrypt-to-file.');
}

function selectionOf(options: BackupOptions): Selection {
  return {
    schemas: options.schema,
    excludeSchemas: options.excludeSchema,
    excludeTables: options.excludeTable,
    excludeTableData: options.excludeTableData,
  };
}

function resultOf(manifest: Manifest, database: string, store: Store, kept: Kept & Pick<BackupResult, 'ok' | 'copies'>): BackupResult {
  const sum = (of: (part: ManifestPart) => number) => manifest.parts.reduce((total, part) => total + of(part), 0);
  return {
    id: manifest.id,
    database,
    storage: store.url,
    manifest: manifestKey(database, manifest.id),
    snapshotAt: manifest.snapshot.at,
    tables: manifest.tables.length,
    rows: manifest.tables.reduce((total, table) => total + (table.rows ?? 0), 0),
    largeObjects: manifest.largeObjects?.count ?? 0,
    bytes: sum((part) => part.stored.bytes),
    plainBytes: sum((part) => part.plain.bytes),
    checksums: manifest.checksumAlgorithm !== null,
    parts: manifest.parts,
    leftOut: manifest.tables.filter((table) => table.rows === null).map(displayName),
    recipients: manifest.recipients,
    notes: manifest.notes,
    pgDump: manifest.source.pgDumpVersion,
    seconds: manifest.seconds,
    ...kept,
  };
}
