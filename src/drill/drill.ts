import { type FoundBackup, isUnchanged } from '../catalog/backups.ts';
import { revealManifest } from '../catalog/reveal.ts';
import { checkSigningKey, trustManifest } from '../catalog/trust.ts';
import { defaultJobs } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { assertReadable } from '../encryption/access.ts';
import { readIdentities } from '../encryption/identities.ts';
import { LifeboatError } from '../errors.ts';
import { concealProof } from '../format/concealed.ts';
import { backupFolder, proofKey } from '../format/layout.ts';
import type { Check, Finding, Proof } from '../format/proof.ts';
import type { DrillOptions } from '../options/drill.ts';
import { chooseClient, findInstallations } from '../postgres/programs.ts';
import { verifyParts } from '../restore/digests.ts';
import { type Restored, type RestoreJob, restoreParts } from '../restore/restore-parts.ts';
import type { Store } from '../storage/store.ts';
import { allowedToMiss } from './allowed.ts';
import { parseAssertion } from './checks/assertions.ts';
import { notRun, ran } from './checks/check.ts';
import { compareFolder, notLookedAt } from './checks/digests.ts';
import { openDrawn } from './draw.ts';
import { examine } from './examine.ts';
import { readBuiltTuples, readModelled } from './fresh-indexes.ts';
import { openPlace, type Place } from './place.ts';
import { drillProfile, unprovenByProfile } from './profile.ts';
import { assembleProof, type DrillFacts } from './proof.ts';
import { publishProof } from './publish.ts';

export interface DrillResult {
  /** The backup is proven, and both targets are met. */
  readonly ok: boolean;
  readonly storage: string;
  readonly database: string;
  readonly backup: string;
  /** Key of the proof in the store. */
  readonly proofKey: string;
  readonly proof: Proof;
  /** With `--keep`, how to get at the restored database; `null` when it is gone. */
  readonly kept: string | null;
}

/**
 * Restores a backup into a throwaway Postgres, checks it against its manifest and leaves the proof in the store that it came from.
 * A backup that is not what its manifest says is a Result with `ok: false` and a proof that says so, not an error.
 */
export async function drill(options: DrillOptions, context: Context): Promise<DrillResult> {
  const assertions = options.assert.map(parseAssertion);
  const identities = await readIdentities(options);
  checkSigningKey(options);
  const { store, found, newestAt } = await openDrawn(options, context);
  try {
    const at = new Date();
    await trustManifest(store, found, options.publicKey, context.signal);
    await assertReadable({ store, ...found, identities }, context.signal);
    const backup = await revealManifest(store, found, identities, context.signal);
    context.log.info(`Drilling backup ${backup.id} of ${backup.database} in ${store.url}, taken ${backup.manifest.snapshot.at}.`);
    if (options.publicKey.length > 0 && options.signingKey === undefined)
      context.log.warn('Public keys say whose proofs count, but there is no signing key: the proof of this drill will count for nothing.');
    const folder = await readFolder(store, backup, context.signal);
    const place = await openPlace(backup.manifest, options, context);
    let kept: string | null = null;
    try {
      const rehearsal = await rehearse({ store, backup, identities, place, options, assertions, folder }, context);
      const proof = assembleProof({
        backup,
        at,
        place,
        ...rehearsal,
        rtoTargetSeconds: options.rto,
        rpoTargetSeconds: options.rpo,
        newestAt: newestAt ?? backup.manifest.snapshot.at,
      });
      if (proof.verdict !== 'proven' && !(await isUnchanged(store, backup, context.signal))) throw changedMeanwhile(backup.id);
      const key = proofKey(backup.database, backup.id, at);
      const stored = backup.manifest.concealed === undefined ? proof : concealProof(proof);
      await publishProof(store, key, stored, options.signingKey, context.signal);
      if (options.keep) kept = await place.keep();
      return {
        ok: proof.verdict === 'proven' && proof.rto.met && proof.rpo.met,
        storage: store.url,
        database: backup.database,
        backup: backup.id,
        proofKey: key,
        proof,
        kept,
      };
    } finally {
      if (kept === null) await place.destroy();
    }
  } finally {
    await store.close();
  }
}

/** What was not found then says nothing of the backup that is there now, and would count against it. */
function changedMeanwhile(id: string): LifeboatError {
  return new LifeboatError(
    'already-exists',
    `Backup ${id} was encrypted anew or deleted while it was drilled; no proof was left.`,
    'Drill again when rotate-recipients or prune is done.',
    { details: { backup: id } },
  );
}

type Rehearsal = Pick<DrillFacts, 'checks' | 'restorePhases' | 'examination' | 'builtIndexes'>;

interface RehearsalJob {
  readonly store: Store;
  readonly backup: FoundBackup;
  readonly identities: readonly string[];
  readonly place: Place;
  readonly options: DrillOptions;
  readonly assertions: ReturnType<typeof parseAssertion>[];
  readonly folder: FolderFindings;
}

async function rehearse(job: RehearsalJob, context: Context): Promise<Rehearsal> {
  const { backup, place, options } = job;
  const { manifest } = backup;
  const jobs = options.jobs ?? defaultJobs();
  const restored = await restoreWhole(job, jobs, context);
  const digests = ran({
    name: 'digests',
    examined: manifest.parts.length,
    findings: [...job.folder.findings, ...restored.findings],
    skipped: job.folder.skipped,
  });
  if (restored.outcome === null) {
    return {
      checks: [digests, ...notRestored(job)],
      restorePhases: [],
      examination: null,
      builtIndexes: { tuples: new Map(), modelled: new Map() },
    };
  }
  const sameMajor = place.serverMajor === manifest.source.serverMajor;
  const examination = await examine(
    {
      target: place.target,
      manifest,
      problems: restored.outcome.problems,
      allowed: allowedToMiss(manifest, place.absentExtensions),
      unproven: unprovenByProfile(manifest, drillProfile(manifest, options)),
      sameMajor,
      sessions: jobs,
      assertions: job.assertions,
    },
    context,
  );
  // what nobody could compare, or nobody may read, is not read
  const isComparable = sameMajor && manifest.concealed === undefined;
  const builtIndexes = { tuples: restored.builtTuples, modelled: isComparable ? await readModelled(place.target, context) : new Map() };
  return { checks: [digests, ...examination.checks], restorePhases: restored.outcome.phases, examination, builtIndexes };
}

interface RestoredWhole {
  readonly outcome: Restored | null;
  readonly findings: readonly Finding[];
  readonly builtTuples: ReadonlyMap<string, number>;
}

/** Restores everything, or answers with what is wrong with the parts. */
async function restoreWhole(job: RehearsalJob, jobs: number, context: Context): Promise<RestoredWhole> {
  const { manifest } = job.backup;
  let builtTuples: ReadonlyMap<string, number> = new Map();
  if (manifest.parts.some((part) => job.folder.findings.some((finding) => finding.object === part.name)))
    return { outcome: null, findings: [], builtTuples };
  const restoreJob: RestoreJob = {
    store: job.store,
    database: job.backup.database,
    manifest,
    identities: job.identities,
    target: job.place.target,
    installation: chooseClient(await findInstallations(context.environment), Number.parseInt(manifest.source.pgDumpVersion, 10)),
    jobs,
    args: ['--no-tablespaces'],
    tables: null,
    whenBuilt: async () => {
      builtTuples = await readBuiltTuples(job.place.target, context.signal);
    },
  };
  try {
    const unread = manifest.parts.filter((part) => part.kind === 'globals');
    await verifyParts(restoreJob, unread, context);
    const outcome = await restoreParts(restoreJob, context);
    return { outcome, findings: [], builtTuples };
  } catch (error) {
    if (!(error instanceof LifeboatError) || (error.code !== 'part-corrupt' && error.code !== 'part-missing')) throw error;
    return { outcome: null, findings: [{ object: String(error.details['part'] ?? 'a part'), message: error.message }], builtTuples };
  }
}

const NEED_A_RESTORE = ['restore', 'schema', 'constraints', 'indexes', 'rows', 'checksums', 'sequences', 'amcheck'];

function notRestored(job: RehearsalJob): Check[] {
  const names = job.assertions.length === 0 ? NEED_A_RESTORE : [...NEED_A_RESTORE, 'assertions'];
  return names.map((name) => notRun(name, 'the backup could not be restored'));
}

interface FolderFindings {
  readonly findings: readonly Finding[];
  readonly skipped: Check['skipped'];
}

/** What is wrong with the backup's folder, seen before anything is fetched. */
async function readFolder(store: Store, backup: FoundBackup, signal: AbortSignal): Promise<FolderFindings> {
  const folder = backupFolder(backup.database, backup.id);
  const names: string[] = [];
  for await (const object of store.list(folder, { signal })) names.push(object.key.slice(folder.length + 1));
  return { findings: compareFolder(backup.manifest, names), skipped: notLookedAt(backup.manifest, names) };
}
