import { createHash, randomBytes, randomInt } from 'node:crypto';

/** Backup ids sort by time: UTC start of the snapshot to the second, and four hex digits of its millisecond (10 bits) and of chance (6 bits). */
export const BACKUP_ID = /^\d{8}T\d{6}Z-[0-9a-f]{4}$/;

export function newBackupId(snapshotAt: Date): string {
  const tail = (snapshotAt.getUTCMilliseconds() << 6) | randomInt(64);
  return `${compactTime(snapshotAt)}-${tail.toString(16).padStart(4, '0')}`;
}

/** 2026-11-20T02:00:13.123Z as 20261120T020013Z. */
export function compactTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

/** When the snapshot of a backup was taken, to the second, as an ISO time. */
export function timeOfBackupId(id: string): string {
  return id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, '$1-$2-$3T$4:$5:$6.000Z');
}

export const MANIFEST_NAME = 'manifest.json';

/** What lies beside a manifest and its parts and speaks of them: proofs, and detached signatures. */
export function isRecord(name: string): boolean {
  return name.startsWith('proofs/') || SIGNATURE_NAME.test(name);
}

export const SCHEMA_PART = 'schema.dump.zst';
export const GLOBALS_PART = 'globals.sql.zst';
/** The whole manifest, where the one that everybody can read hides every name. Never without `.age`. */
export const MANIFEST_PART = 'manifest.json.zst';

export function dataPartName(index: number): string {
  return `data-${String(index).padStart(2, '0')}.dump.zst`;
}

const ENCRYPTED = '.age';

/** A part's name as it is stored: `data-00.dump.zst`, or `data-00.dump.zst.age` where it is encrypted. */
export function storedPartName(name: string, encrypted: boolean): string {
  return encrypted ? name + ENCRYPTED : name;
}

/** Whether a part of this name is an age file. */
export function isEncrypted(name: string): boolean {
  return name.endsWith(ENCRYPTED);
}

/** A database's folder: its name, with everything that an object key or a file name could stumble over percent-encoded. */
export function databaseFolder(database: string): string {
  const encoded = encodeURIComponent(database).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return encoded.replace(/^\.+/, (dots) => dots.replaceAll('.', '%2E'));
}

/** `null` for a folder that no database has: somebody else's. */
export function databaseOfFolder(folder: string): string | null {
  try {
    const database = decodeURIComponent(folder);
    return databaseFolder(database) === folder ? database : null;
  } catch {
    return null;
  }
}

export function backupFolder(database: string, id: string): string {
  return `${databaseFolder(database)}/${id}`;
}

export function partKey(database: string, id: string, name: string): string {
  return `${backupFolder(database, id)}/${name}`;
}

export function manifestKey(database: string, id: string): string {
  return partKey(database, id, MANIFEST_NAME);
}

/** Of the signature of a manifest with these bytes: that of another never takes its place. */
export function signatureKey(database: string, id: string, manifest: Uint8Array): string {
  return partKey(database, id, `manifest-${createHash('sha256').update(manifest).digest('hex').slice(0, 16)}.sig`);
}

/** Names of manifests' signatures, in a backup's folder. */
export const SIGNATURE_NAME = /^manifest-[0-9a-f]{16}\.sig$/;

/** Of the signature of a proof. */
export function proofSignatureKey(proof: string): string {
  return `${proof}.sig`;
}

export function isProof(key: string): boolean {
  return key.endsWith('.json');
}

export function proofKey(database: string, id: string, at: Date): string {
  return partKey(database, id, `proofs/${compactTime(at)}-${randomBytes(2).toString('hex')}.json`);
}

/** Where index reports lie: beside the backups, under a name that no backup has. */
export function reportsFolder(database: string): string {
  return `${databaseFolder(database)}/reports`;
}

export function reportKey(database: string, at: Date): string {
  return `${reportsFolder(database)}/${compactTime(at)}.json`;
}
