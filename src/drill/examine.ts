import type { Context } from '../context.ts';
import type { Manifest } from '../format/manifest.ts';
import type { Check } from '../format/proof.ts';
import { withSession } from '../postgres/connect.ts';
import { displayName } from '../postgres/identifiers.ts';
import { readExtensions, readIndexes, readObjects, readSequences } from '../postgres/inventory.ts';
import { DEFINITION_ALGORITHM } from '../postgres/objects.sql.ts';
import { holdsRows, listRelations, type Relation } from '../postgres/relations.ts';
import { countLargeObjects, countRows, readColumns } from '../postgres/rows.ts';
import { eachInSessions } from '../postgres/sessions.ts';
import { pinSettings } from '../postgres/snapshot.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import type { RestoredTable } from '../restore/compare-rows.ts';
import type { RestoreProblem } from '../restore/problems.ts';
import type { Phase } from '../restore/restore-parts.ts';
import type { Allowed } from './allowed.ts';
import { checkBtrees } from './checks/amcheck.ts';
import { type Assertion, checkAssertions } from './checks/assertions.ts';
import { checkIndexes } from './checks/indexes.ts';
import { checkLargeObjects } from './checks/large-objects.ts';
import { checkRestoreErrors } from './checks/restore-errors.ts';
import { checkChecksums, checkRows } from './checks/rows.ts';
import { checkObjects } from './checks/schema.ts';
import { checkSequences } from './checks/sequences.ts';

export interface Examined {
  readonly target: ConnectionTarget;
  readonly manifest: Manifest;
  readonly problems: readonly RestoreProblem[];
  readonly allowed: Allowed;
  /** What the profile of the source's provider says that no drill elsewhere can prove. */
  readonly unproven: Check['skipped'];
  readonly sameMajor: boolean;
  readonly sessions: number;
  readonly assertions: readonly Assertion[];
}

export interface Examination {
  readonly checks: readonly Check[];
  readonly phases: readonly Phase[];
  /** Of the fresh indexes. */
  readonly indexes: Manifest['indexes'];
  readonly rows: number;
  readonly bytes: number;
}

function namesOnly({ manifest, sameMajor }: Examined): string | null {
  if (!sameMajor) return 'names only: another major version may print a definition differently';
  return manifest.definitionAlgorithm === DEFINITION_ALGORITHM
    ? null
    : 'names only: the backup was made by a version that describes objects differently';
}

/** Nothing selected out: whatever is in the restored database came from the backup. */
const EVERYTHING = { schemas: [], excludeSchemas: [], excludeTables: [], excludeTableData: [] };

/** Compares a restored database with its manifest, check by check. */
export async function examine(job: Examined, context: Context): Promise<Examination> {
  const { target, manifest, allowed, sessions } = job;
  const phases: Phase[] = [];
  const phase = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    phases.push({ name, seconds: Math.round(performance.now() - started) / 1000 });
    return result;
  };

  const restored = await phase('inventory', () => readRestored(job, context.signal));
  const tables = await phase('rows', () => countRestored(job, restored.relations, context));
  const comparison = { source: manifest, restored, namesOnly: namesOnly(job), allowed, unproven: job.unproven };
  const rowsToCheck = { manifest, restored: tables, relations: restored.relations, allowed };
  const checks = [
    checkRestoreErrors(job.problems, allowed),
    ...checkObjects(comparison),
    checkIndexes(comparison, manifest, restored.indexes),
    checkRows(rowsToCheck),
    checkChecksums(rowsToCheck),
    checkSequences(manifest.sequences, restored.sequences, allowed),
    ...(manifest.largeObjects === null || restored.largeObjects === null ? [] : [checkLargeObjects(manifest.largeObjects, restored.largeObjects)]),
  ];
  checks.push(await phase('amcheck', () => checkBtrees(target, sessions, context)));
  if (job.assertions.length > 0) {
    checks.push(await phase('assertions', () => checkAssertions(target, job.assertions, manifest.snapshot.at, context.signal)));
  }
  const rows = tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  return { checks, phases, indexes: restored.indexes, rows, bytes: restored.bytes };
}

async function readRestored({ target, manifest }: Examined, signal: AbortSignal) {
  return withSession(target, { signal }, async (session) => {
    await pinSettings(session);
    await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const relations = await listRelations(session, EVERYTHING);
    const [size] = await session.query<{ bytes: string }>('SELECT pg_catalog.pg_database_size(pg_catalog.current_database())::text AS bytes');
    return {
      relations,
      objects: await readObjects(session, relations, EVERYTHING),
      extensions: await readExtensions(session),
      indexes: await readIndexes(session, relations),
      sequences: await readSequences(session, relations),
      largeObjects: manifest.largeObjects === null ? null : await countLargeObjects(session, manifest.largeObjects.checksum !== null),
      bytes: Number(size?.bytes),
    };
  });
}

async function countRestored({ target, manifest, sessions }: Examined, relations: readonly Relation[], context: Context): Promise<RestoredTable[]> {
  const promised = new Map(manifest.tables.map((table) => [displayName(table), table]));
  const total = manifest.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
  const counted: RestoredTable[] = [];
  let done = 0;
  const tables = relations
    .filter((relation) => holdsRows(relation) && promised.get(displayName(relation))?.rows != null)
    .sort((a, b) => (promised.get(displayName(b))?.bytes ?? 0) - (promised.get(displayName(a))?.bytes ?? 0));
  const columns = await withSession(target, { signal: context.signal }, (session) =>
    readColumns(
      session,
      tables.map((table) => table.oid),
    ),
  );
  await eachInSessions(target, { sessions, signal: context.signal, prepare: pinSettings }, tables, async (session, table) => {
    const withChecksum = promised.get(displayName(table))?.checksum != null;
    const count = await countRows(session, table, withChecksum ? (columns.get(table.oid) ?? []) : null);
    counted.push({ schema: table.schema, name: table.name, ...count });
    done += count.rows;
    context.log.progress({ phase: 'verify rows', done, total, unit: 'rows' });
  });
  return counted;
}
