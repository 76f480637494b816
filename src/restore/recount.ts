import type { ManifestTable } from '../format/manifest.ts';
import { countRows } from '../postgres/rows.ts';
import { eachInSessions } from '../postgres/sessions.ts';
import { pinSettings } from '../postgres/snapshot.ts';
import type { ConnectionTarget } from '../postgres/url.ts';
import { compareRows, type RestoredTable } from './compare-rows.ts';

/** Counts the restored tables and names those that do not have the rows that the manifest promises. */
export async function recount(
  target: ConnectionTarget,
  tables: readonly ManifestTable[],
  sessions: number,
  signal: AbortSignal,
): Promise<{ total: number; differences: string[] }> {
  const counted: RestoredTable[] = [];
  // an extension's table may hold rows of its own beside those that were dumped
  const comparable = tables.filter((table) => table.extension === undefined);
  await eachInSessions(target, { sessions, signal, prepare: pinSettings }, comparable, async (session, table) => {
    const { rows } = await countRows(session, { ...table, extensionCondition: null }, null);
    counted.push({ schema: table.schema, name: table.name, rows, checksum: null });
  });
  const differences = compareRows(comparable, counted).map(({ object, message }) => `${object}: ${message}`);
  return { total: counted.reduce((rows, table) => rows + (table.rows ?? 0), 0), differences };
}
