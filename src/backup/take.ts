import { allOrNothing } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { LifeboatError } from '../errors.ts';
import { concealManifest } from '../format/concealed.ts';
import { backupFolder, GLOBALS_PART, MANIFEST_PART, newBackupId, SCHEMA_PART, storedPartName } from '../format/layout.ts';
import type { Manifest, ManifestPart, Selection } from '../format/manifest.ts';
import { explainQueue } from '../postgres/blockers.ts';
import type { Installation } from '../postgres/programs.ts';
import type { Snapshot } from '../postgres/snapshot.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import type { Store } from '../storage/store.ts';
import { dataArguments, schemaArguments } from './arguments.ts';
import { countSnapshot } from './count.ts';
import { dumpPart, type PartToDump, storePart } from './dump.ts';
import { readGlobals } from './globals.ts';
import { type Groundwork, readGroundwork, readInventory, readSequencesNow } from './inventory.ts';
import { assembleManifest } from './manifest.ts';
import { type PlannedPart, plannableTables, planParts } from './plan.ts';
import { publishManifest, removeUnfinished } from './publish.ts';

export interface BackupJob {
  readonly target: ConnectionTarget;
  /** Its name in the store. */
  readonly database: string;
  readonly store: Store;
  readonly installation: Installation;
  readonly snapshot: Snapshot;
  readonly selection: Selection;
  readonly lockTimeoutMs: number;
  readonly jobs: number;
  /** `null`: decided by the size of the database. */
  readonly checksums: boolean | null;
  /** zstd's; `null` for the default. */
  readonly level: number | null;
  /** age recipients; empty to encrypt nothing. */
  readonly recipients: readonly string[];
  /** Whether names are hidden in the manifest too. */
  readonly encryptManifest: boolean;
  readonly signingKey: string | undefined;
}

/** Above this, checksums cost minutes, and are only taken when asked for. */
const CHECKSUMS_BELOW_BYTES = 10 * 1024 ** 3;

/** Everything between the snapshot and the manifest. What it stored is removed again when it throws. */
export async function takeBackup(job: BackupJob, context: Context): Promise<Manifest> {
  const { snapshot, store } = job;
  const id = newBackupId(snapshot.at);
  const folder = backupFolder(job.database, id);
  try {
    const groundwork = await readGroundwork(job.target, snapshot);
    const plan = planParts(plannableTables(snapshot.relations, groundwork), job.jobs).map((part) => ({ ...part, name: nameIn(job, part.name) }));
    const checksums = job.checksums ?? groundwork.facts.bytes < CHECKSUMS_BELOW_BYTES;
    const watch = stopwatch();
    const sequencesBefore = await readSequencesNow(job.target, snapshot, job, context.signal);
    const [parts, counts, inventory, globals] = await allOrNothing(context.signal, [
      (signal) => dumpParts(job, partsToDump(job, plan, folder), { ...context, signal }).finally(watch.lap('dump')),
      (signal) => countSnapshot(job.target, snapshot, countOptions(job, groundwork, checksums), signal).finally(watch.lap('count')),
      (signal) => readInventory(job.target, snapshot, job, signal),
      (signal) => storeGlobals(job, folder, { ...context, signal }),
    ]);
    const sequencesAfter = await readSequencesNow(job.target, snapshot, job, context.signal);
    await snapshot.assertHeld();
    const manifest = assembleManifest({
      id,
      job,
      groundwork,
      plan,
      checksums,
      parts: globals.part === null ? parts : [...parts, globals.part],
      counts,
      inventory: { ...inventory, notes: [...inventory.notes, ...globals.notes] },
      sequences: { before: sequencesBefore, after: sequencesAfter },
      seconds: watch.seconds(),
      environment: context.environment,
    });
    const published = job.encryptManifest ? await storeConcealed(job, folder, manifest, context.signal) : manifest;
    await publishManifest(store, { database: job.database, id }, published, job.signingKey, context.signal);
    return { ...manifest, parts: published.parts };
  } catch (error) {
    const explained = await explainQueue(snapshot.session, error);
    // Somebody else's backup has this id: what lies there is theirs.
    const taken = error instanceof LifeboatError && error.code === 'already-exists';
    if (!taken) await removeUnfinished(store, folder, context.log);
    throw explained;
  }
}

function nameIn({ recipients }: BackupJob, name: string): string {
  return storedPartName(name, recipients.length > 0);
}

function partsToDump(job: BackupJob, plan: readonly PlannedPart[], folder: string): PartToDump[] {
  const schema = nameIn(job, SCHEMA_PART);
  const run = { snapshotId: job.snapshot.id, lockTimeoutMs: job.lockTimeoutMs, selection: job.selection };
  return [
    { key: `${folder}/${schema}`, name: schema, kind: 'schema', args: schemaArguments(run), tables: 0, expectedBytes: 0 },
    ...plan.map(
      (part): PartToDump => ({
        key: `${folder}/${part.name}`,
        name: part.name,
        kind: 'data',
        args: dataArguments(run, part, plan),
        tables: part.tables.length,
        expectedBytes: part.bytes,
      }),
    ),
  ];
}

async function dumpParts(job: BackupJob, parts: readonly PartToDump[], context: Context): Promise<ManifestPart[]> {
  const done = new Map<string, number>();
  const total = parts.reduce((bytes, part) => bytes + part.expectedBytes, 0);
  const dumpOne = (part: PartToDump) => (signal: AbortSignal) => {
    const onBytes = (bytes: number) => {
      done.set(part.name, bytes);
      const dumped = [...done.values()].reduce((a, b) => a + b, 0);
      // tables are compressed on disk, and bytea is printed twice as long: past the estimate nobody knows what is to come
      context.log.progress({ phase: 'backup', done: dumped, ...(dumped < total ? { total } : {}), unit: 'bytes' });
    };
    return dumpPart(
      part,
      job,
      job.store,
      { ...(job.level === null ? {} : { level: job.level }), recipients: job.recipients, onBytes },
      { ...context, signal },
    );
  };
  return allOrNothing<ManifestPart[]>(context.signal, parts.map(dumpOne));
}

function countOptions(job: BackupJob, groundwork: Groundwork, checksums: boolean) {
  return {
    sessions: job.jobs,
    checksums,
    // pg_dump leaves them out as soon as it is told which schemas to dump
    largeObjects: job.selection.schemas.length === 0,
    lockTimeoutMs: job.lockTimeoutMs,
    sizes: groundwork.sizes,
  };
}

async function storeGlobals(job: BackupJob, folder: string, context: Context): Promise<{ part: ManifestPart | null; notes: string[] }> {
  const globals = await readGlobals(job.target, job.installation, context);
  if ('unreadable' in globals) return { part: null, notes: [`Roles are not in this backup: ${globals.unreadable}`] };
  const name = nameIn(job, GLOBALS_PART);
  const digests = await storePart(`${folder}/${name}`, globals, job.store, job, context.signal);
  return { part: { name, kind: 'globals', tables: 0, ...digests }, notes: [] };
}

/** Stores the whole manifest as a part; answers with what may be read of it. */
async function storeConcealed(job: BackupJob, folder: string, manifest: Manifest, signal: AbortSignal): Promise<Manifest> {
  const name = nameIn(job, MANIFEST_PART);
  const digests = await storePart(`${folder}/${name}`, Buffer.from(JSON.stringify(manifest)), job.store, job, signal);
  return concealManifest(manifest, { name, kind: 'manifest', tables: 0, ...digests });
}

function stopwatch() {
  const started = performance.now();
  const laps = { dump: 0, count: 0 };
  const elapsed = () => Math.round(performance.now() - started) / 1000;
  return {
    lap: (name: keyof typeof laps) => () => {
      laps[name] = elapsed();
    },
    seconds: () => ({ total: elapsed(), ...laps }),
  };
}
