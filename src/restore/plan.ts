import type { Manifest } from '../format/manifest.ts';
import { displayName } from '../postgres/identifiers.ts';
import { counted } from '../report/format.ts';
import type { TableChoice } from './tables.ts';

export interface PlannedRestore {
  /** Host and database, without credentials. */
  readonly target: string;
  /** How many tables, views, sequences, functions and types are there already. */
  readonly occupants: number;
  readonly clean: boolean;
  readonly noOwner: boolean;
  /** Whether it could be told that the target is not the source itself. */
  readonly comparable: boolean;
}

/** What a restore is going to do, in sentences, before it does anything. */
export function describePlan(manifest: Manifest, tables: TableChoice | null, planned: PlannedRestore): string[] {
  const age = `backup ${manifest.id} of ${manifest.source.database}, taken ${manifest.snapshot.at}`;
  const lines = [`Restore ${age} into ${planned.target}.`];
  if (planned.clean) lines.push(`Check every part, then drop everything in ${planned.target} (${counted(planned.occupants, 'object')}).`);
  else if (manifest.recipients.length > 0) lines.push('Decrypt and check every part that is needed before anything is written.');
  if (tables === null) {
    const rows = manifest.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0);
    lines.push(
      `Restore ${counted(manifest.tables.length, 'table')} with ${counted(rows, 'row')}, ${counted(manifest.indexes.length, 'index', 'indexes')} and everything else.`,
    );
  } else {
    for (const parent of tables.parents) lines.push(`Restore ${displayName(parent)}, a partitioned table, with all of its partitions.`);
    for (const table of tables.tables)
      lines.push(`Restore ${displayName(table)} with ${counted(table.rows ?? 0, 'row')}, its sequences, keys and indexes.`);
    lines.push('Leave out foreign keys, triggers and policies, which need other objects.');
  }
  const leftOut = manifest.tables.filter((table) => table.rows === null);
  if (tables === null && leftOut.length > 0) lines.push(`The backup was told to leave out the rows of ${leftOut.map(displayName).join(', ')}.`);
  if (!planned.comparable) lines.push('Whether the target is the source itself could not be told: the role may not read its system identifier.');
  if (planned.noOwner) lines.push('Leave out owners and grants.');
  return lines;
}
