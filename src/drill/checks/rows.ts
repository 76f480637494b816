import type { Manifest, ManifestTable } from '../../format/manifest.ts';
import type { Check, Finding } from '../../format/proof.ts';
import { CHECKSUM_ALGORITHM } from '../../postgres/checksum.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { holdsRows, type Relation } from '../../postgres/relations.ts';
import { compareChecksums, compareRows, type RestoredTable } from '../../restore/compare-rows.ts';
import type { Allowed } from '../allowed.ts';
import { notRun, ran } from './check.ts';

export interface RowsToCheck {
  readonly manifest: Manifest;
  readonly restored: readonly RestoredTable[];
  readonly relations: readonly Relation[];
  readonly allowed: Allowed;
}

/** Every table has exactly as many rows as were counted in the snapshot, and there is none that was not counted. */
export function checkRows({ manifest, restored, relations, allowed }: RowsToCheck): Check {
  const tables = provable(manifest, allowed);
  return ran({
    name: 'rows',
    examined: tables.length,
    findings: [...compareRows(tables, restored), ...uncounted(manifest, relations)],
    skipped: [...manifest.tables.flatMap((table) => notCompared(table, allowed)), ...relations.flatMap(rebuiltElsewhere)],
  });
}

/** Every table holds exactly the rows that were checksummed in the snapshot. */
export function checkChecksums({ manifest, restored, allowed }: RowsToCheck): Check {
  if (manifest.checksumAlgorithm === null) return notRun('checksums', 'the backup was made without checksums');
  if (manifest.checksumAlgorithm !== CHECKSUM_ALGORITHM) {
    return notRun('checksums', `the backup's checksums are of another kind (${manifest.checksumAlgorithm}) than this version takes`);
  }
  const tables = provable(manifest, allowed);
  return ran({ name: 'checksums', examined: tables.length, findings: compareChecksums(tables, restored) });
}

function provable(manifest: Manifest, allowed: Allowed): ManifestTable[] {
  return manifest.tables.filter((table) => table.rows !== null && allowed.table(table) === null);
}

/** The tables of an extension are there with it, whether or not they are dumped. */
function uncounted(manifest: Manifest, relations: readonly Relation[]): Finding[] {
  const promised = new Set(manifest.tables.map(displayName));
  return relations
    .filter((relation) => holdsRows(relation) && relation.extension === null && !promised.has(displayName(relation)))
    .map((relation) => ({ object: displayName(relation), message: 'came back, and was not counted in the source' }));
}

function notCompared(table: ManifestTable, allowed: Allowed): Check['skipped'] {
  const object = displayName(table);
  if (table.rows === null) return [{ object, reason: 'its rows were left out of the backup on purpose' }];
  const reason = allowed.table(table);
  return reason === null ? [] : [{ object, reason }];
}

function rebuiltElsewhere(relation: Relation): Check['skipped'] {
  const object = displayName(relation);
  if (relation.kind === 'm') return [{ object, reason: 'a materialized view: filled anew by its query, not from the backup' }];
  if (relation.kind === 'f') return [{ object, reason: 'a foreign table: its rows are on another server' }];
  return [];
}
