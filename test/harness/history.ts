import { createHash } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { backupFolder, compactTime, manifestKey, partKey } from '../../src/format/layout.ts';
import { type Digest, type Manifest, parseManifest } from '../../src/format/manifest.ts';
import type { Proof } from '../../src/format/proof.ts';
import type { Store } from '../../src/storage/store.ts';

export interface WrittenBackup {
  readonly at: string;
  /** Of its drills, in their order, one hour after another. */
  readonly drills?: readonly Proof['verdict'][];
  /** What each part unpacks to; a few bytes unless given. */
  readonly plain?: Buffer;
}

const PARTS = ['schema.dump.zst', 'data-00.dump.zst', 'data-01.dump.zst'];
const PLAIN = Buffer.from('not worth restoring');

/** Writes a backup as the engine lays it out, with parts that unpack to what the manifest says, and hold no archive; answers with its id. */
export async function writeBackup(store: Store, database: string, { at, drills = [], plain = PLAIN }: WrittenBackup): Promise<string> {
  const id = `${compactTime(new Date(at))}-${createHash('sha256').update(at).digest('hex').slice(0, 4)}`;
  const part = zstdCompressSync(plain);
  for (const name of PARTS) await store.put(partKey(database, id, name), part);
  const manifest = JSON.stringify(manifestOf(id, database, at, { stored: digestOf(part), plain: digestOf(plain) }));
  parseManifest(manifest, 'the test');
  await store.put(manifestKey(database, id), Buffer.from(manifest));
  const manifestSha256 = createHash('sha256').update(manifest).digest('hex');
  for (const [i, verdict] of drills.entries()) {
    const drilledAt = new Date(Date.parse(at) + (i + 1) * 3_600_000);
    const proof = JSON.stringify(proofOf(id, database, drilledAt.toISOString(), verdict, manifestSha256));
    await store.put(partKey(database, id, `proofs/${compactTime(drilledAt)}-0000.json`), Buffer.from(proof));
  }
  return id;
}

/** What lies in a backup's folder, without the folder's own name. */
export async function objectsOf(store: Store, database: string, id: string): Promise<string[]> {
  const folder = backupFolder(database, id);
  const names: string[] = [];
  for await (const { key } of store.list(folder)) names.push(key.slice(folder.length + 1));
  return names.sort();
}

/** Whether a folder has all that its manifest says. */
export async function isWhole(store: Store, database: string, id: string): Promise<boolean> {
  const names = await objectsOf(store, database, id);
  return ['manifest.json', ...PARTS].every((name) => names.includes(name));
}

function digestOf(bytes: Buffer): Digest {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function manifestOf(id: string, database: string, at: string, digests: { readonly stored: Digest; readonly plain: Digest }): Manifest {
  return {
    format: 1,
    id,
    database,
    tool: 'test',
    source: {
      serverVersion: '17.0',
      serverMajor: 17,
      pgDumpVersion: '17.0',
      systemIdentifier: null,
      database,
      bytes: 0,
      encoding: 'UTF8',
      collate: 'C',
      ctype: 'C',
      localeProvider: 'libc',
      locale: null,
      standby: false,
    },
    snapshot: { at, lsn: null },
    selection: { schemas: [], excludeSchemas: [], excludeTables: [], excludeTableData: [] },
    definitionAlgorithm: 'definitions-1',
    checksumAlgorithm: null,
    roles: [],
    extensions: [],
    tables: [],
    sequences: [],
    indexes: [],
    largeObjects: null,
    objects: [],
    parts: PARTS.map((name) => ({ name, kind: name.startsWith('data') ? 'data' : 'schema', tables: 0, ...digests })),
    notes: [],
    recipients: [],
    seconds: { total: 1, dump: 1, count: 0 },
    runner: null,
  };
}

function proofOf(backup: string, database: string, at: string, verdict: Proof['verdict'], manifestSha256: string): Proof {
  const target = { seconds: 1, targetSeconds: 60, met: true };
  return {
    format: 1,
    backup,
    database,
    at,
    tool: 'test',
    manifestSha256,
    verdict,
    scratch: { kind: 'cluster', serverVersion: '17.0' },
    checks: [],
    rows: 0,
    rto: { ...target, phases: [] },
    verification: { seconds: 0, phases: [] },
    rpo: target,
    storedBytes: 0,
    restoredBytes: 0,
    indexes: [],
  };
}
