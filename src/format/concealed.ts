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
 * A manifest without any name of what is in the database: how much there is, and where the whole manifest lies. Pure. What is kept is listed,
 * so that a field that is added later does not give a name away.
 * @param part the whole manifest, encrypted
 */
export function concealManifest(manifest: Manifest, part: ManifestPart): Manifest {
  const { format, id, database, tool, source, snapshot, checksumAlgorithm, definitionAlgorithm, largeObjects } = manifest;
  const { recipients, rotations, seconds, runner } = manifest;
  const kept = { format, id, tool, source, snapshot, checksumAlgorithm, definitionAlgorithm, largeObjects, recipients, seconds, runner };
  return {
    ...kept,
    ...NAMELESS,
    ...(database === undefined ? {} : { database }),
    ...(rotations === undefined ? {} : { rotations }),
    parts: [...manifest.parts, part],
    concealed: totalsOf(manifest),
  };
}

const NAMELESS = {
  selection: { schemas: [], excludeSchemas: [], excludeTables: [], excludeTableData: [] },
  roles: [],
  extensions: [],
  tables: [],
  sequences: [],
  indexes: [],
  objects: [],
  notes: [],
};

/** A proof without any name of what is in the database: verdicts, counts and times stay. Pure; what is kept is listed here too. */
export function concealProof(proof: Proof): Proof {
  const { format, backup, database, at, tool, manifestSha256, verdict, scratch, rows, rto, verification, rpo, storedBytes, restoredBytes } = proof;
  const kept = { format, backup, database, at, tool, manifestSha256, verdict, scratch, rows, rto, verification, rpo, storedBytes, restoredBytes };
  return {
    ...kept,
    checks: proof.checks.map((check) => ({
      name: check.name,
      verdict: check.verdict,
      examined: check.examined,
      // it may quote what Postgres said
      ...(check.reason === undefined ? {} : { reason: HIDDEN }),
      findings: check.findings.map(() => ({ object: HIDDEN, message: HIDDEN })),
      skipped: check.skipped.map(() => ({ object: HIDDEN, reason: HIDDEN })),
    })),
    indexes: [],
  };
}
