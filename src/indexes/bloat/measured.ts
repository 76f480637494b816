import type { Manifest, ManifestIndex, ManifestTable } from '../../format/manifest.ts';
import type { Proof } from '../../format/proof.ts';
import { displayName } from '../../postgres/identifiers.ts';
import { areTwoClusters } from '../../postgres/inventory.ts';
import { MODEL } from './estimated.ts';
import type { Modelled } from './modelled.ts';

/** One index of a backup beside itself as the backup's drill built it anew from the same rows. */
export interface MeasuredIndex {
  /** ISO time of the snapshot. */
  readonly at: string;
  /** Of the live index then. */
  readonly bytes: number;
  readonly rebuiltBytes: number;
  readonly definition: string;
  readonly method: string;
  /** Of the rebuilt index. Exact where the backup counted the table's rows and all of them are in the index, or the build counted; else by ANALYZE. */
  readonly tuples: number;
  readonly exactTuples: boolean;
  /** Of a partial index: the rows of its table in the backup; `null` of all others. */
  readonly tableRows: number | null;
  /** By the statistics of the drill's database; `null` where they were no foundation, or it was another model. */
  readonly modelled: Modelled | null;
}

/** Why the two sizes of an index say nothing, in one sentence, and what would make them. */
export interface NotMeasured {
  readonly why: string;
  readonly remedy: string | null;
}

/** The indexes of a backup as its drill built them anew. */
export interface DrilledIndexes {
  readonly backup: string;
  /** ISO time of the drill. */
  readonly drilledAt: string;
  /** Of the server that was backed up; `null` where it did not tell. */
  readonly systemIdentifier: string | null;
  /** By displayName. */
  readonly indexes: ReadonlyMap<string, MeasuredIndex | NotMeasured>;
  /** Of an index that the backup does not list. */
  readonly unlisted: NotMeasured;
}

/** What the newest drill says, or why there is none to go by. */
export type Drilled = DrilledIndexes | NotMeasured;

export const NEVER_DRILLED: NotMeasured = { why: 'No drill has built it anew yet.', remedy: 'Take a backup and drill it.' };
export const NO_STORE: NotMeasured = {
  why: 'Without a store no drill measures it.',
  remedy: 'Say where the backups are that are drilled (--storage).',
};

/** A drill of another server's backup under the same name says nothing of this one. Pure. */
export function ofServer(drilled: Drilled, systemIdentifier: string | null): Drilled {
  if ('why' in drilled || !areTwoClusters(drilled.systemIdentifier, systemIdentifier)) return drilled;
  return { why: 'The backup that was drilled is of another server.', remedy: 'Take a backup of this one and drill it.' };
}

/** Compares the indexes of a backup's snapshot with those of its drill. Pure. */
export function measureIndexes(manifest: Manifest, proof: Proof): DrilledIndexes {
  const none = whyNothing(manifest, proof);
  const tables = new Map(manifest.tables.map((table) => [displayName(table), table]));
  const fresh = new Map(proof.indexes.map((index) => [displayName(index), index]));
  const lost = new Set(proof.checks.filter(({ name }) => name === 'rows').flatMap(({ findings }) => findings.map(({ object }) => object)));
  const compare = (index: ManifestIndex): MeasuredIndex | NotMeasured => {
    if (none !== null) return none;
    const table = tables.get(displayName({ schema: index.schema, name: index.table }));
    const rebuilt = fresh.get(displayName(index));
    const why = whyNot(index, table, rebuilt, lost);
    if (why !== null || rebuilt === undefined) return { why: why ?? NOT_BUILT, remedy: index.method === 'hash' ? null : DRILL };
    const rows = isPartial(index) ? (rebuilt.counted === true ? rebuilt.tuples : null) : (table?.rows ?? null);
    return {
      at: manifest.snapshot.at,
      bytes: index.bytes,
      rebuiltBytes: rebuilt.bytes,
      definition: index.definition,
      method: index.method,
      tuples: rows ?? rebuilt.tuples,
      exactTuples: rows !== null,
      tableRows: isPartial(index) ? (table?.rows ?? null) : null,
      modelled: proof.indexModel === MODEL ? (rebuilt.modelled ?? null) : null,
    };
  };
  return {
    backup: manifest.id,
    drilledAt: proof.at,
    systemIdentifier: manifest.source.systemIdentifier,
    indexes: new Map(manifest.indexes.map((index) => [displayName(index), compare(index)])),
    unlisted: manifest.concealed === undefined ? UNLISTED : HIDDEN,
  };
}

const DRILL = 'Run a drill of a backup that holds it.';
const NOT_BUILT = 'The drill did not build this index.';

const UNLISTED: NotMeasured = { why: 'It is not in the backup that was drilled.', remedy: DRILL };
export const HIDDEN: NotMeasured = {
  why: 'The backup hides its names, and its proof hides what the drill measured.',
  remedy: 'Drill a backup whose manifest is not encrypted.',
};

function whyNothing({ id, source, concealed }: Manifest, proof: Proof): NotMeasured | null {
  if (proof.backup !== id) return { why: 'The drill was of another backup.', remedy: DRILL };
  if (concealed !== undefined && proof.indexes.length === 0) return HIDDEN;
  const major = Number.parseInt(proof.scratch.serverVersion, 10);
  if (major === source.serverMajor) return null;
  return { why: `The drill ran on Postgres ${major}, the source on ${source.serverMajor}: their pages may differ.`, remedy: DRILL };
}

export const HASH = 'A hash index is as large as the number of buckets it was made with: its size before and after says nothing.';

function whyNot(
  index: ManifestIndex,
  table: ManifestTable | undefined,
  fresh: Proof['indexes'][number] | undefined,
  lost: ReadonlySet<string>,
): string | null {
  if (index.method === 'hash') return HASH;
  if (!index.valid) return 'The index is invalid, and a backup does not hold it.';
  if (table?.rows === null) return "The table's rows are not in the backup.";
  if (table?.extension !== undefined) return 'The table belongs to an extension, which fills it itself.';
  if (table?.movesWithin !== undefined) return 'A restore may move rows among the partitions of the table.';
  if (table !== undefined && lost.has(displayName(table))) return 'The drill did not get all rows of the table back.';
  if (fresh === undefined) return NOT_BUILT;
  if (fresh.asDefined === false) return 'The drill built it with another definition.';
  // what a materialized view holds is computed anew by the restore
  const shifted = table === undefined && (fresh.tuples <= 0 || index.tuples < 0 || Math.abs(fresh.tuples / index.tuples - 1) > 0.05);
  return shifted ? 'The materialized view holds other rows than when it was backed up.' : null;
}

function isPartial({ definition }: ManifestIndex): boolean {
  return definition.includes(' WHERE ');
}
