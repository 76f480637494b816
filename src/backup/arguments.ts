import type { Selection } from '../format/manifest.ts';
import { qualifiedName } from '../postgres/identifiers.ts';
import type { PlannedPart } from './plan.ts';

export interface DumpRun {
  readonly snapshotId: string;
  readonly lockTimeoutMs: number;
  readonly selection: Selection;
}

/** pg_dump's arguments for the schema part: pre-data and post-data, so no rows. */
export function schemaArguments(run: DumpRun): string[] {
  return [...common(run), '--section=pre-data', '--section=post-data', ...selectionArguments(run.selection)];
}

/** pg_dump's arguments for one data part. The catch-all is told what to leave to the others; the others are told what to take. */
export function dataArguments(run: DumpRun, part: PlannedPart, all: readonly PlannedPart[]): string[] {
  const base = [...common(run), '--section=data'];
  if (!part.catchAll) return [...base, '--strict-names', ...part.tables.map((table) => `--table=${qualifiedName(table)}`)];
  const elsewhere = all.filter((other) => !other.catchAll).flatMap((other) => other.tables);
  return [...base, ...selectionArguments(run.selection), ...elsewhere.map((table) => `--exclude-table-data=${qualifiedName(table)}`)];
}

function common(run: DumpRun): string[] {
  return [
    '--format=custom',
    '--compress=0',
    '--no-password',
    '--no-sync',
    `--snapshot=${run.snapshotId}`,
    `--lock-wait-timeout=${run.lockTimeoutMs}`,
  ];
}

function selectionArguments(selection: Selection): string[] {
  return [
    ...selection.schemas.map((pattern) => `--schema=${pattern}`),
    // pg_dump would take a pattern's word for the system's own schemas too
    ...(selection.schemas.length === 0 ? [] : ['--exclude-schema=pg_*', '--exclude-schema=information_schema']),
    ...selection.excludeSchemas.map((pattern) => `--exclude-schema=${pattern}`),
    ...selection.excludeTables.map((pattern) => `--exclude-table=${pattern}`),
    ...selection.excludeTableData.map((pattern) => `--exclude-table-data=${pattern}`),
  ];
}
