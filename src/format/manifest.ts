import { z } from 'zod';
import { LifeboatError } from '../errors.ts';
import { BACKUP_ID } from './layout.ts';

export const MANIFEST_FORMAT = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().nonnegative();
const digest = z.object({ bytes: count, sha256 });

/** A table whose rows the backup holds, or was told to leave out. Partitioned parents have no rows of their own and are not here. */
const table = z.object({
  /** In the source: what names it exactly in an archive's table of contents. */
  oid: count,
  schema: z.string(),
  name: z.string(),
  /** `null` when its data was left out on purpose. */
  rows: count.nullable(),
  /** Order-independent sum over all rows, as decimal text (src/postgres/checksum.ts); `null` when not asked for. */
  checksum: z.string().nullable(),
  /** Heap and TOAST at the snapshot, without indexes. */
  bytes: count,
  /** Name of the part that holds the rows; `null` when left out. */
  part: z.string().nullable(),
  /** Of a partition: the tables that it is a partition of, from its parent up. */
  ancestors: z.array(z.object({ oid: count, schema: z.string(), name: z.string() })).optional(),
  /** The partitioned table among whose leaves a restore may move the rows: only their sum over all of them can be compared. */
  movesWithin: z.string().optional(),
  /** The extension that owns it, when its rows are the extension's configuration. */
  extension: z.string().optional(),
});

const sequenceState = z.object({ value: z.string(), called: z.boolean() });

/** Sequences are not part of a snapshot: pg_dump reads what they hold at that moment. */
const sequence = sequenceState.extend({
  schema: z.string(),
  name: z.string(),
  ascending: z.boolean(),
  /** The table whose column it belongs to. */
  ownedBy: z.object({ schema: z.string(), name: z.string() }).nullable(),
  /** What it held when the last pg_dump had ended; absent when nobody had drawn from it since the snapshot. */
  until: sequenceState.optional(),
  /** Its value is not in the backup, on purpose: it begins anew. */
  leftOut: z.boolean().optional(),
});

const index = z.object({
  schema: z.string(),
  name: z.string(),
  table: z.string(),
  definition: z.string(),
  method: z.string(),
  bytes: count,
  pages: count,
  /** reltuples: an estimate; -1 when never analyzed. */
  tuples: z.number(),
  fillfactor: z.int().nullable(),
  valid: z.boolean(),
});

const extension = z.object({
  name: z.string(),
  version: z.string(),
  schema: z.string(),
  /** Identities, as in `objects`, of what cannot be restored without it: what uses it, and what uses that. */
  dependents: z.array(z.string()),
  /** Identities of its own objects whose privileges somebody changed: a dump grants them anew. */
  privileges: z.array(z.string()).optional(),
});

/** One schema object: what kind, which one, and the MD5 of the definition that Postgres prints for it. */
const schemaObject = z.object({ kind: z.string(), identity: z.string(), definition: z.string() });

const part = z.object({
  name: z.string(),
  /** `manifest`: the whole manifest, where this one hides every name. */
  kind: z.enum(['schema', 'data', 'globals', 'manifest']),
  /** How many tables were assigned to it by name; the catch-all part holds all others beside. */
  tables: count,
  stored: digest,
  plain: digest,
});

const manifest = z.object({
  format: z.literal(MANIFEST_FORMAT),
  id: z.string().regex(BACKUP_ID),
  /** Its name in the store: what is signed belongs there and nowhere else. Absent in manifests of before there were signatures. */
  database: z.string().optional(),
  tool: z.string(),
  source: z.object({
    serverVersion: z.string(),
    serverMajor: z.int(),
    pgDumpVersion: z.string(),
    /** `null` where the role may not read it. */
    systemIdentifier: z.string().nullable(),
    database: z.string(),
    bytes: count,
    encoding: z.string(),
    collate: z.string(),
    ctype: z.string(),
    localeProvider: z.enum(['libc', 'icu', 'builtin']),
    locale: z.string().nullable(),
    standby: z.boolean(),
    /** Who runs the server (src/providers), `null` for a plain Postgres; absent in backups of earlier versions. */
    provider: z.string().nullable().optional(),
  }),
  snapshot: z.object({ at: z.iso.datetime(), lsn: z.string().nullable() }),
  selection: z.object({
    schemas: z.array(z.string()),
    excludeSchemas: z.array(z.string()),
    excludeTables: z.array(z.string()),
    excludeTableData: z.array(z.string()),
  }),
  /** The hash behind `checksum`; `null` when none was taken. */
  checksumAlgorithm: z.string().nullable(),
  roles: z.array(z.string()),
  /** Of these, who owns what only a superuser may own: event triggers, foreign-data wrappers, publications of all tables. */
  superusers: z.array(z.string()).optional(),
  extensions: z.array(extension),
  tables: z.array(table),
  sequences: z.array(sequence),
  indexes: z.array(index),
  /** `null` when large objects were not part of what was asked for. */
  largeObjects: z.object({ count, checksum: z.string().nullable() }).nullable(),
  /** What the definitions of `objects` are made of: those of another making cannot be compared. */
  definitionAlgorithm: z.string(),
  objects: z.array(schemaObject),
  parts: z.array(part).min(1),
  /** What a person should know about this backup: globals that could not be read, say. */
  notes: z.array(z.string()),
  /** age recipients; empty when the parts are not encrypted. */
  recipients: z.array(z.string()),
  /**
   * What stays to be read where names are hidden: tables, sequences, indexes, objects, roles, extensions, the selection and the notes are then
   * empty here, and the part of kind `manifest` has them (src/catalog/reveal.ts).
   */
  concealed: z.object({ tables: count, rows: count, indexes: count, sequences: count, bytes: count }).optional(),
  /** Earlier manifests of this backup, which was encrypted anew since, oldest first; proofs of them hold. */
  rotations: z
    .array(
      z.object({
        at: z.iso.datetime(),
        manifestSha256: sha256,
        /** What its parts were called: where they still lie there, a lock or an interruption kept them. */
        parts: z.array(z.string()),
      }),
    )
    .optional(),
  seconds: z.object({ total: z.number(), dump: z.number(), count: z.number() }),
  runner: z.object({ workflow: z.string(), runUrl: z.string(), commit: z.string() }).nullable(),
});

export type Manifest = z.infer<typeof manifest>;
export type ManifestTable = Manifest['tables'][number];
export type ManifestSequence = Manifest['sequences'][number];
export type ManifestIndex = Manifest['indexes'][number];
export type ManifestObject = Manifest['objects'][number];
export type ManifestPart = Manifest['parts'][number];
export type Selection = Manifest['selection'];
/** Byte count and SHA-256 of a whole stream. */
export type Digest = z.infer<typeof digest>;

/**
 * Reads a manifest from its text.
 * @param where the object it was read from, for the error's sentence
 * @throws LifeboatError `manifest-malformed`, or `manifest-newer` for a format this version does not know
 */
export function parseManifest(text: string, where: string): Manifest {
  const json = parseJson(text, where);
  const format = (json as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > MANIFEST_FORMAT) {
    throw new LifeboatError(
      'manifest-newer',
      `${where} has format ${format}, and this version reads up to ${MANIFEST_FORMAT}.`,
      'Use a release of pg-lifeboat at least as new as the one that made the backup.',
      { details: { format } },
    );
  }
  const parsed = manifest.safeParse(json);
  if (parsed.success) return parsed.data;
  throw malformed(where, z.prettifyError(parsed.error));
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw malformed(where, (error as Error).message);
  }
}

function malformed(where: string, why: string): LifeboatError {
  return new LifeboatError(
    'manifest-malformed',
    `${where} is not a manifest: ${why}`,
    'Treat this backup as lost: restore another one, and find out what changed the file.',
  );
}
