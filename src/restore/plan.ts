import type { Manifest } from '../format/manifest.ts';
import { displayName } from '../postgres/identifiers.ts';
import type { TableChoice } from './tables.ts';

export interface PlannedRestore {
  /** Host and database, without credentials. */
  readonly target: string;
  /** How many tables, views and sequences are there already. */
  readonly occupants: number;
  readonly clean: boolean;
  readonly noOwner: boolean;
}

/** What a restore is going to do, in sentences, before it does anything. */
export function describePlan(manifest: Manifest, tables: TableChoice | null, planned: PlannedRestore): string[] {
  const age = `backup ${manifest.id} of ${manifest.source.database}, taken ${manifest.snapshot.at}`;
  const lines = [`Restore ${age} into ${planned.target}.`];
  if (planned.clean) lines.push(`Check every part, then drop everything in ${planned.target} (${planned.occupants} tables, views and sequences).`);
  if (tables === null) {
    const rows = manifest.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
    lines.push(`Restore ${manifest.tables.length} tables with ${rows} rows, ${manifest.indexes.length} indexes and everything else.`);
  } else {
    for (const table of tables.tables) lines.push(`Restore ${displayName(table)} with ${table.rows ?? 'no'} rows, its sequences, keys and indexes.`);
    lines.push('Leave out foreign keys, triggers and policies, which need other objects.');
  }
  const leftOut = manifest.tables.filter((table) => table.rows === null);
  if (tables === null && leftOut.length > 0) lines.push(`The backup was told to leave out the rows of ${leftOut.map(displayName).join(', ')}.`);
  if (planned.noOwner) lines.push('Leave out owners and grants.');
  return lines;
}
