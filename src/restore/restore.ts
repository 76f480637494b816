import { findBackup } from '../catalog/backups.ts';
import { revealManifest } from '../catalog/reveal.ts';
import { trustManifest } from '../catalog/trust.ts';
import { defaultJobs } from '../concurrency.ts';
import type { Context } from '../context.ts';
import { assertReadable } from '../encryption/access.ts';
import { readIdentities } from '../encryption/identities.ts';
import { LifeboatError } from '../errors.ts';
import type { Manifest } from '../format/manifest.ts';
import type { RestoreOptions } from '../options/restore.ts';
import { withSession } from '../postgres/connect.ts';
import { readSystemIdentifier } from '../postgres/inventory.ts';
import { readOccupants, removeOccupants } from '../postgres/occupants.ts';
import { chooseClient, findInstallations } from '../postgres/programs.ts';
import { liftTimeouts } from '../postgres/snapshot.ts';
import { type ConnectionTarget, describeTarget, parseDatabaseUrl } from '../postgres/url.ts';
import { openFrom } from '../storage/copies.ts';
import { assertPartsThere, verifyParts } from './digests.ts';
import { reasonsToRefuse, type TargetFacts } from './guards.ts';
import { describePlan } from './plan.ts';
import type { RestoreProblem } from './problems.ts';
import { recount } from './recount.ts';
import { type Phase, type RestoreJob, restoreParts } from './restore-parts.ts';
import { chooseTables } from './tables.ts';

export interface RestoreResult {
  readonly ok: boolean;
  readonly dryRun: boolean;
  /** What it did, or with `dryRun` would do; sentences for people. */
  readonly plan: readonly string[];
  /** Host and database, without credentials. */
  readonly target: string;
  readonly database: string;
  readonly backup: string;
  readonly tables: number;
  /** Counted in the target after the restore; with `dryRun`, what the manifest promises. */
  readonly rows: number;
  readonly phases: readonly Phase[];
  /** What pg_restore could not do; harmless ones say why. */
  readonly problems: readonly RestoreProblem[];
}

/**
 * Restores a backup, or some of its tables, into a database that somebody named twice.
 * Says what it is going to do before it touches anything; refuses by default whatever could destroy something.
 * @throws LifeboatError of a guard, of a part, or `restore-failed` when not everything came back
 */
export async function restore(options: RestoreOptions, context: Context): Promise<RestoreResult> {
  const target = parseDatabaseUrl(options.targetUrl, context.environment);
  const identities = await readIdentities(options);
  const store = await openFrom(options, context.environment);
  try {
    const found = await findBackup(store, options.database, options.backup, context.signal);
    await trustManifest(store, found, options.publicKey, context.signal);
    await assertReadable({ store, ...found, identities }, context.signal);
    const { manifest } = await revealManifest(store, found, identities, context.signal);
    const tables = options.table.length === 0 ? null : chooseTables(manifest, options.table);
    const facts = await readTarget(target, context.signal);
    const plan = describePlan(manifest, tables, {
      ...options,
      target: describeTarget(target),
      occupants: facts.occupants.length,
      comparable: manifest.source.systemIdentifier !== null && facts.systemIdentifier !== null,
    });
    for (const line of plan) context.log.info(line);
    const [refusal] = reasonsToRefuse(manifest, facts, { ...options, confirm: options.confirm, tables });
    if (refusal !== undefined) throw refusal;

    const job: RestoreJob = {
      store,
      database: options.database,
      manifest,
      identities,
      target,
      installation: chooseClient(await findInstallations(context.environment), majorOf(manifest.source.pgDumpVersion)),
      jobs: options.jobs ?? defaultJobs(),
      args: options.noOwner ? ['--no-owner', '--no-privileges'] : [],
      tables,
    };
    await assertPartsThere(job, partsOf(job), context.signal);
    const result = { dryRun: options.dryRun, plan, target: describeTarget(target), database: options.database, backup: manifest.id };
    const chosen = (tables?.tables ?? manifest.tables).filter((table) => table.rows !== null);
    if (options.dryRun) return { ...result, ok: true, tables: chosen.length, rows: sumRows(chosen), phases: [], problems: [] };

    if (options.clean) await empty(job, context);
    else if (manifest.recipients.length > 0) await decryptFirst(job, context);
    const restored = await restoreParts(job, context);
    const rows = await recount(target, chosen, job.jobs, context.signal);
    const failed = [...restored.problems.filter((problem) => problem.harmless === null).map(describeProblem), ...rows.differences];
    if (failed.length > 0) throw incomplete(failed, describeTarget(target));
    return { ...result, ok: true, tables: chosen.length, rows: rows.total, ...restored };
  } finally {
    await store.close();
  }
}

async function readTarget(target: ConnectionTarget, signal: AbortSignal): Promise<TargetFacts> {
  return withSession(target, { signal }, async (session) => ({
    database: target.database,
    systemIdentifier: await readSystemIdentifier(session),
    occupants: await readOccupants(session),
    roles: (await session.query<{ rolname: string }>('SELECT rolname FROM pg_catalog.pg_roles')).map((row) => row.rolname),
    availableExtensions: (await session.query<{ name: string }>('SELECT name FROM pg_catalog.pg_available_extensions')).map((row) => row.name),
  }));
}

/** A backup is worth nothing until its bytes have been seen: only then may what it replaces go. */
async function empty(job: RestoreJob, context: Context): Promise<void> {
  context.log.info('Checking every part before anything is dropped.');
  await verifyParts(job, job.manifest.parts, context);
  await withSession(job.target, { signal: context.signal }, async (session) => {
    await liftTimeouts(session);
    await removeOccupants(session);
  });
}

/** Somebody who encrypts a backup expects that it may be tampered with: then all of it is read before a byte is written. */
async function decryptFirst(job: RestoreJob, context: Context): Promise<void> {
  context.log.info('Decrypting and checking parts before anything is written.');
  await verifyParts(job, partsOf(job), context);
}

/** The schema, and of the data what the chosen tables need. */
function partsOf({ manifest, tables }: RestoreJob): Manifest['parts'] {
  const needed = new Set(tables?.tables.map((table) => table.part));
  return manifest.parts.filter((part) => part.kind === 'schema' || (part.kind === 'data' && (tables === null || needed.has(part.name))));
}

function describeProblem(problem: RestoreProblem): string {
  return `${problem.entry ?? 'pg_restore'}: ${problem.message}`;
}

function incomplete(failed: readonly string[], target: string): LifeboatError {
  return new LifeboatError(
    'restore-failed',
    `The restore into ${target} went through, but ${failed.length === 1 ? 'one thing' : `${failed.length} things`} did not come back: ${failed[0]}`,
    'Read the whole list in the details; what is missing most often is a role, an extension or a right on the target.',
    { details: { failed } },
  );
}

function sumRows(tables: readonly Manifest['tables'][number][]): number {
  return tables.reduce((rows, table) => rows + (table.rows ?? 0), 0);
}

function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}
