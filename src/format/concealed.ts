import type { Manifest, ManifestPart } from './manifest.ts';
import type { Proof } from './proof.ts';

/** Stands in the store where a name would be. */
export const HIDDEN = '(hidden)';

export interface Totals {
  readonly tables: number;
  readonly rows: number;
  readonly indexes: number;
  readonly sequences: number;
  /** Heap and TOAST of all tables at the snapshot. */
  readonly bytes: number;
}

/** How much a backup holds; of one whose names are hidden too. */
export function totalsOf(manifest: Manifest): Totals {
  if (manifest.concealed !== undefined) return manifest.concealed;
  const { tables, indexes, sequences } = manifest;
  return {
    tables: tables.length,
    rows: tables.reduce((rows, table) => rows + (table.rows ?? 0), 0),
    indexes: indexes.length,
    sequences: sequences.length,
    bytes: tables.reduce((bytes, table) => bytes + table.bytes, 0),
  };
}

/**
 * A manifest without any name of what is in the database: how much there is, and where the whole manifest lies. Pure.
 * @param part the whole manifest, encrypted
 */
export function concealManifest(manifest: Manifest, part: ManifestPart): Manifest {
  const { superusers: _, ...rest } = manifest;
  return {
    ...rest,
    selection: { schemas: [], excludeSchemas: [], excludeTables: [], excludeTableData: [] },
    roles: [],
    extensions: [],
    tables: [],
    sequences: [],
    indexes: [],
    objects: [],
    notes: [],
    parts: [...manifest.parts, part],
    concealed: totalsOf(manifest),
  };
}

/** A proof without any name of what is in the database: verdicts, counts and times stay. Pure. */
export function concealProof(proof: Proof): Proof {
  return {
    ...proof,
    indexes: [],
    checks: proof.checks.map(({ reason, ...check }) => ({
      ...check,
      // it may quote what Postgres said
      ...(reason === undefined ? {} : { reason: HIDDEN }),
      findings: check.findings.map(() => ({ object: HIDDEN, message: HIDDEN })),
      skipped: check.skipped.map(() => ({ object: HIDDEN, reason: HIDDEN })),
    })),
  };
}
